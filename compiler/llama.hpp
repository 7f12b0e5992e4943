// SPDX-License-Identifier: Apache-2.0
// A Llama-family model, or a stage of one on the chips of a group: where everything lies in SRAM, and a program for
// each step.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compiler/blocks.hpp"
#include "compiler/emit.hpp"
#include "compiler/kv_pages.hpp"
#include "compiler/memory.hpp"
#include "isa/program.hpp"
#include "models/checkpoint.hpp"

namespace superlane::compiler {

/// How a stage's group of chips meets the group of the stage before or after: chips whose rank is `base` modulo
/// `period` are gateways; each carries `period` shards of the residual, its own and the next, over `cables` cables.
struct Boundary {
    int cables = 0;  ///< of one gateway; 0 = there is no such stage
    int period = 1, base = 0;
    bool operator==(const Boundary&) const = default;
};

struct LlamaOptions {
    bool int8 = false;               ///< W8A8 instead of fp16
    int context = 256;               ///< tokens a request may reach, prompt included
    int batch = 1;                   ///< requests of one decode step
    std::vector<int> contexts = {};  ///< of each request that has keys and values on the chip, at most `context`; empty
                                     ///< = those of one step reach `context`
    int prefill_rows = 8;            ///< most tokens of one prefill step
    bool weights_in_dram = false;    ///< of projections and head; keys, values and tables stay in SRAM
    bool embedding = true;           ///< false: the residual rows are the host's input, or come from `in`
    bool head = true;                ///< false: no final norm, head and argmax
    int chips = 1;                   ///< of the tensor-parallel group, each linked to each other
    int expert_groups = 1;           ///< sets of the group's chips among which experts are dealt: expert e stands on
                                     ///< chips whose rank is e modulo this
    FfnParts parts;                  ///< into which FFNs are cut; more than one for groups of several chips only
    /// Blocks of the model (model_blocks) that this stage has; -1 = all from the first on. A stage may have the head
    /// alone.
    int first_block = 0, blocks = -1;
    Part head_part;               ///< the part of the head's tokens that this stage has
    Boundary in, out;             ///< from the stage before, to the stage after
    bool wide_exchange = false;   ///< partial sums and residuals cross links in fp32 instead of fp16
    int link_latency_cycles = 0;  ///< that schedules allow for; 0 = the chip's mean and spread

    int requests() const { return contexts.empty() ? batch : int(contexts.size()); }
    int context_of(int request) const { return contexts.empty() ? context : contexts[size_t(request)]; }
};

/// One token that goes through the model in a step. Rows of a request stand together, positions ascending by one.
struct StepRow {
    int request = 0;
    int position = 0;
    bool feed_back = false;  ///< take the request's last argmax for its token, not the host's input
    bool logits = false;     ///< run the head on this row; the argmax of a request's last such row is its token
    bool operator==(const StepRow&) const = default;
};

/// By cable of the stage before: the first cycle of the program in which each vector can be there. Empty: at the pace
/// of the link from cycle 0 on.
using Arrivals = std::vector<std::vector<int64_t>>;

struct CompiledStep {
    std::vector<isa::Program> programs;  ///< those that differ
    std::vector<int> program_of_rank;    ///< index into programs
    std::vector<int64_t> rank_cycles;    ///< as scheduled, by rank
    int64_t cycles = 0;                  ///< of the longest
    std::vector<OperationSpan> operations;
    std::string scheduler;
    /// When vectors of each cable leave, and when they are taken from its FIFO, in order.
    std::vector<std::vector<int64_t>> out_cycles, in_cycles;
    const isa::Program& program(int rank = 0) const { return programs[size_t(program_of_rank[size_t(rank)])]; }
};

/// Program link numbers: first the peers of the group, 1, 2, ... ranks on, then the cables of `in`, then those of
/// `out`.
struct LinkNumbers {
    explicit LinkNumbers(const LlamaOptions& options) : options_(options) {}
    int peer(int offset) const { return offset - 1; }
    int in(int cable) const { return options_.chips - 1 + cable; }
    int out(int cable) const { return options_.chips - 1 + options_.in.cables + cable; }
    int count() const { return out(options_.out.cables); }

private:
    const LlamaOptions& options_;
};

/// SRAM use in bytes; beside it weights that are in DRAM.
struct MemoryUse {
    int64_t weights = 0, kv = 0, tables = 0, scratch = 0, dram = 0;
    int64_t total() const { return weights + kv + tables + scratch; }
};

class LlamaCompiler {
public:
    /// Lays the model out, in the SRAM that `beside` leaves where another model is to stay in it. UserError, with the
    /// arithmetic, when it does not fit.
    LlamaCompiler(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options,
                  const LlamaCompiler* beside = nullptr);
    ~LlamaCompiler();
    LlamaCompiler(LlamaCompiler&&) noexcept;

    /// Weights, scales, tables and constants of the chip with this rank: written by the host once.
    Image image(const LlmWeights& weights, int rank = 0) const;
    /// The program of one step. UserError when a position is past the context.
    CompiledStep compile(const std::vector<StepRow>& rows, const std::string& scheduler = "list",
                         const Arrivals& arrivals = {}) const;

    /// Compiles the step and checks its schedule by brute force (compiler/verify.cpp). InternalError when anything is
    /// used twice.
    void verify(const std::vector<StepRow>& rows, const std::string& scheduler = "list") const;

    /// Host input: the token of row r of the next step; rows with feed_back need none.
    Image token_input(int row, int token) const;
    /// Host input where the chips have no embedding table: what the first layer takes for a token at a position, this
    /// rank's shard of it.
    Image embedding_input(int row, int token, int position, const LlmWeights& weights, int rank) const;
    /// Host output, an int32, the same in every lane: row = request; its last argmax. Where rows of a step before that
    /// request's last wanted logits too, their argmaxes are in rows choice_row().
    VectorRegion token_region() const;
    int choice_row(const std::vector<StepRow>& rows, int row) const;
    /// Rows of logits of the last step on the chip of this rank: for row `row` of those that wanted logits, (region,
    /// region row, column of each lane).
    struct LogitsPart {
        VectorRegion region;
        int row;
        std::vector<int> columns;
    };
    std::vector<LogitsPart> logits(int row, int rank = 0) const;
    /// Where row r's residual stands (fp32, one row an input tile), for runs without embedding or head.
    VectorRegion residual_region() const;

    MemoryUse memory_use() const;
    const KvPages& kv_pages() const;
    int max_rows() const;             ///< most rows of one step
    bool joins() const;               ///< whether it takes more than the residual from the stage before
    const LlmConfig& config() const;  ///< of the whole model
    const LlamaOptions& options() const;

    struct Layout;

private:
    std::unique_ptr<Layout> layout_;
};

}  // namespace superlane::compiler
