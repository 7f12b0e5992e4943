// SPDX-License-Identifier: Apache-2.0
// Replays a trace of steps in timing mode: each step is what a batch does at once, prefill and decode mixed.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "experiment/decode.hpp"

namespace superlane::experiment {

/// One line of a trace; vectors by request.
struct TraceStep {
    std::vector<int> contexts;    ///< tokens in the KV cache before the step
    std::vector<int> new_tokens;  ///< that the step takes in: 1 decodes, more prefill
    int line = 0;                 ///< of the file, for messages

    int64_t rows() const;
    int longest() const;  ///< positions that the longest request takes after the step
};

struct StepsOptions {
    DecodeOptions decode;    ///< model, machine and its options; context 0 = what the trace needs; no prompts
    std::string steps_file;  ///< where the steps came from, for messages
    std::vector<TraceStep> steps;
};

struct StepsResult {
    struct Step {
        int64_t cycles = 0;
        double host_us = 0;  ///< on a system: the host's part of each program
        int programs = 0;    ///< a step with more rows than fit one program takes several
    };
    LlmConfig model;  ///< with only the layers that ran
    int context = 0, batch = 0;
    std::vector<Step> steps;
    int64_t new_tokens = 0;  ///< of all requests and steps
    int64_t cycles = 0;      ///< of all steps
    double host_us = 0;
    int chips = 1;
    Split split;
    std::vector<OperatorCycles> operators;
    Usage usage;
    int64_t weight_bytes = 0, instruction_bytes = 0;
    int distinct_programs = 0;  ///< steps of equal shape are simulated once
    compiler::MemoryUse memory;
    std::string digest;
    double wall_s = 0, compile_s = 0;

    /// Chip time and the host's part.
    double seconds(const models::Chip& chip) const { return chip_seconds(chip, double(cycles)) + 1e-6 * host_us; }
};

/// UserError names file, line and key.
std::vector<TraceStep> read_steps(const std::string& file);

/// `progress` hears (steps done, steps in all); may be empty.
StepsResult run_steps(const StepsOptions& options, const std::function<void(int, int)>& progress = {});

Json to_json(const StepsOptions& options);
StepsOptions steps_options(const nlohmann::json& result, const std::string& file);
Json result_json(const StepsOptions& options, const StepsResult& result, const std::vector<std::string>& command);

}  // namespace superlane::experiment
