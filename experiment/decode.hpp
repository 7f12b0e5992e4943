// SPDX-License-Identifier: Apache-2.0
// Decoding a language model on one simulated chip or a system of chips: prompt in, tokens, cycles and comparisons out.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/llama.hpp"
#include "experiment/compare.hpp"
#include "experiment/link_load.hpp"
#include "experiment/operators.hpp"
#include "experiment/prefix.hpp"
#include "experiment/result.hpp"
#include "experiment/speculation.hpp"
#include "experiment/system_choice.hpp"
#include "experiment/system_plan.hpp"
#include "experiment/usage.hpp"
#include "models/chip.hpp"
#include "models/llm.hpp"

namespace superlane::experiment {

inline constexpr std::string_view default_prompt = "The ";

struct DecodeOptions {
    std::string model;                         ///< short name or directory
    std::vector<std::string> prompts;          ///< texts; one for all requests, or one a request
    std::vector<std::vector<int>> prompt_ids;  ///< instead of texts
    int tokens = 64;                           ///< to generate, each request
    int context = 0;                           ///< positions a request may take; 0 = what is needed, at least 256
    std::vector<int> contexts;                 ///< instead: of each request
    int batch = 0;                             ///< requests of one step; 0 = as many as prompts
    std::string dtype = "fp16";
    std::string weights = "auto";  ///< sram or dram; auto: in DRAM when the chip has some and SRAM does not hold them
    models::Chip chip;
    SystemChoice system_choice;            ///< what `system` was made from; empty when it was not made from a name
    std::optional<models::System> system;  ///< none: one chip. Its chip is `chip`
    std::vector<int> chip_numbers;  ///< by chip of `system`, its number before nodes were mapped out; empty: same
    std::vector<int> dead_nodes;    ///< that were mapped out
    std::vector<std::string> link_errors;  ///< to inject, STEP:CHIP:LINK:N (experiment/faults.hpp)
    Split split;
    int in_flight = 1;           ///< batches in the pipeline at once; 0 = as many as fill it, or fit
    bool host_embedding = true;  ///< in a system the host sends the token's embedding, not its number
    bool wide_exchange = false;  ///< partial sums and residuals cross links in fp32
    int threads = 1;             ///< of the simulator
    bool share = true;           ///< timing only: chips with equal programs are simulated once
    std::string engine = "fast";
    std::string scheduler = "list";
    bool timing_only = false;
    bool compare = false;
    int layers = 0;    ///< timing only: this many layers alone, without embedding and head; 0 = the whole model
    int position = 0;  ///< timing only: decode begins here, with no prefill; 0 = behind the prompt
    int prefill_rows = 0;  ///< most tokens of one prefill step; 0 = 8, or as many as fit
    int kv_from_host = 0;  ///< timing only: first tokens whose keys and values come from host memory, with no prefill
    bool keep_logits = false;
    bool calibrated = false;  ///< also report the speed with the fitted overhead of models/calibration.json
    SpeculationOptions speculation;
    std::string trace_file, vcd_file;  ///< of the last step; empty = none

    /// Makes `chip`, and `system` where there are several; "" and "single" leave both as they are.
    void take_system(const SystemChoice& choice);
};

struct Estimate {
    double seconds = 0, bytes = 0;
    int64_t cycles = 0;        ///< simulated
    bool timing_only = false;  ///< asked for, or since there are no weights: no text will come
};

struct Progress {
    int done = 0, steps = 0;
    int64_t cycles = 0;  ///< simulated so far
    bool prefill = false;
    bool speculative = false;  ///< `done` and `steps` are tokens of a second run
};

/// Told while a decode runs; empty functions are not called.
struct DecodeWatcher {
    std::function<void(const std::string&)> note;   ///< something the user should know, one line
    std::function<void(const Estimate&)> estimate;  ///< before the first step runs
    std::function<void(const Progress&)> progress;  ///< after each step
    std::function<void(std::string_view)> text;     ///< of the first request, whole characters
};

/// Speed with one overhead added to each layer: fitted, never part of what is scheduled.
struct CalibratedSpeed {
    double overhead_us_per_layer = 0;
    std::string fitted_on;
    double tokens_per_second = 0;
};

/// How a decode stands on its chips, be it one; times and bytes are those of the last decode step.
struct SystemFigures {
    int chips = 0;  ///< that the model stands on
    Split split;
    double latency_us = 0;                    ///< of a token: the pipeline once through, and the host
    double host_us = 0;                       ///< of that: the token from the host and back (PCIe)
    int requests_in_flight = 0;               ///< of all batches that were simulated at once
    double throughput_tokens_per_second = 0;  ///< of them, by the cycles in which their tokens leave
    int64_t interval_cycles = 0;              ///< from a batch's entry to the next one's
    int64_t longest_stage_cycles = 0;
    int batches_that_fill = 0;    ///< the pipeline: more make no token come sooner
    int64_t c2c_bytes = 0;        ///< payload over all links
    double link_utilisation = 0;  ///< of the links in use, while a token passes
    double fullest_link_utilisation = 0;
    std::vector<LinkLoad> links;  ///< of one step
    int distinct_programs = 0;
    int replayed_steps = 0;                          ///< after an uncorrectable error of a link
    int64_t replay_cycles = 0;                       ///< of the runs that were thrown away
    std::vector<compiler::MemoryUse> sram_per_chip;  ///< by stage
    std::vector<int64_t> stage_cycles;               ///< length of each stage's program
    std::vector<int64_t> stage_instruction_bytes;    ///< of its longest text
};

struct DecodeResult {
    LlmConfig model;  ///< with only the layers that ran
    bool timing_only = false;
    int context = 0, batch = 1;
    std::vector<std::vector<int>> tokens;  ///< by request; empty lists when timing only
    std::vector<std::string> texts;
    int prefill_rows = 0;  ///< most tokens of one step
    int64_t prefill_cycles = 0;
    std::vector<int64_t> cycles_per_token;
    std::vector<OperatorCycles> operators;
    Usage prefill, decode;
    int64_t weight_bytes = 0, instruction_bytes = 0;
    compiler::MemoryUse memory;
    compiler::KvPages kv_pages;
    std::optional<Comparison> comparison;
    std::optional<SystemFigures> system;
    std::optional<CalibratedSpeed> calibrated;
    std::optional<SpeculationFigures> speculation;
    std::optional<PrefixFigures> prefix;
    std::vector<float> logits;  ///< [request, token, vocabulary], when asked for
    std::string digest;
    double wall_s = 0, compile_s = 0;

    double mean_cycles() const;
    /// The least cycles in which the streams bring a token's weights: those of the chips that share a layer at once.
    /// For weights in DRAM, its channels.
    double weight_bound(const models::Chip& chip) const;
    /// The steps that shares speak of: decode, or prefill when there was no decode.
    const Usage& measured() const { return decode.cycles > 0 ? decode : prefill; }
    double tokens_per_second(const models::Chip& chip) const;
    double energy_per_token() const;
};

/// UserError for what the user can mend; InternalError when simulator and compiler disagree.
DecodeResult run_decode(const DecodeOptions& options, const DecodeWatcher& watcher = {});

Json to_json(const DecodeOptions& options);
/// From a result file.
DecodeOptions decode_options(const nlohmann::json& result, const std::string& file);
/// The part of a configuration that says which model runs on which machine, and how; all that a trace of steps has.
DecodeOptions machine_of(const JsonObject& configuration, const nlohmann::json& result, const std::string& file);
Json result_json(const DecodeOptions& options, const DecodeResult& result, const std::vector<std::string>& command);
/// The NumPy file of the logits: [tokens, vocabulary], or [request, token, vocabulary] for a batch.
std::string logits_file(const DecodeResult& result);

}  // namespace superlane::experiment
