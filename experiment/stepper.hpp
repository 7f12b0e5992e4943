// SPDX-License-Identifier: Apache-2.0
// What runs the steps of a decode and holds the model's memory: one chip, or a system of chips.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "experiment/decode_setup.hpp"
#include "models/checkpoint.hpp"

namespace superlane::experiment {

struct StepInput {
    std::vector<compiler::StepRow> rows;
    std::vector<int> tokens;  ///< by row; rows with feed_back need none; empty when timing only
};

/// What one step took and gave.
struct StepOutcome {
    int64_t cycles = 0;       ///< from the first program's cycle 0 to the end of the last
    int64_t entered = 0;      ///< cycle of the run in which the first program began
    int64_t busy_cycles = 0;  ///< of all chips' programs
    Usage usage;
    std::vector<OperatorCycles> operators;  ///< along the way of the token; they add up to `cycles`
    int64_t instruction_bytes = 0;          ///< of the longest program
    std::string digest;                     ///< of the programs
    int replays = 0;                        ///< runs thrown away, since a vector was wrong
    int64_t replay_cycles = 0;              ///< of those runs
    struct Result {
        int request = 0, token = 0;
        std::vector<float> logits;
    };
    std::vector<Result> results;  ///< of the rows that wanted logits; none when timing only
};

class Stepper {
public:
    virtual ~Stepper() = default;
    virtual int max_rows() const = 0;
    virtual compiler::MemoryUse memory_use() const = 0;  ///< of the fullest chip
    virtual const compiler::KvPages& kv_pages() const = 0;
    /// Compiles a step without running it; its cycles.
    virtual int64_t scheduled_cycles(const std::vector<compiler::StepRow>& rows) = 0;
    virtual KvBytes kv_bytes_per_token() const = 0;
    virtual int64_t instruction_bytes() const = 0;  ///< of the longest program compiled so far

    virtual void load(const LlmWeights& weights) = 0;
    /// Link errors of the next step: it is run again without them.
    virtual void inject(const std::vector<StepLinkError>& errors) {
        SUPERLANE_CHECK(errors.empty(), "link errors on one chip");
    }
    /// Steps in order; in a pipeline each enters while those before it are on their way, if it need not wait for their
    /// tokens. `what` names them in messages. InternalError when simulator and compiler disagree.
    virtual std::vector<StepOutcome> run(const std::vector<StepInput>& steps, const std::string& what) = 0;

    /// Of a machine that is full of steps like the last ones; none before a step.
    virtual std::optional<SystemFigures> system_figures() = 0;

    /// The host's part of a step: inputs in, tokens out; none on one chip, which feeds tokens back itself.
    virtual double host_us(int) const { return 0; }
    /// A stepper of another model in the same machine: in the SRAM, or on the chips, that this one leaves. UserError
    /// when it does not fit there.
    virtual std::unique_ptr<Stepper> beside(const DecodeOptions& options, const DecodeSetup& setup) const = 0;
    /// What the model takes, in words.
    virtual std::string place() const = 0;

    double compile_s = 0, wall_s = 0;  ///< spent so far
};

std::unique_ptr<Stepper> one_chip_stepper(const DecodeOptions& options, const DecodeSetup& setup);
std::unique_ptr<Stepper> system_stepper(const DecodeOptions& options, const DecodeSetup& setup);

}  // namespace superlane::experiment
