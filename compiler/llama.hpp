// SPDX-License-Identifier: Apache-2.0
// A Llama-family model on one chip: where everything lies in SRAM, and a program for each step.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compiler/emit.hpp"
#include "compiler/memory.hpp"
#include "isa/program.hpp"
#include "models/checkpoint.hpp"

namespace superlane::compiler {

struct LlamaOptions {
    bool int8 = false;      ///< W8A8 instead of fp16
    int context = 256;      ///< tokens a request may reach, prompt included
    int batch = 1;          ///< requests with a KV cache each
    int prefill_rows = 8;   ///< most tokens of one prefill step
    bool embedding = true;  ///< false: the residual rows are the host's input (one layer alone)
    bool head = true;       ///< false: no final norm, head and argmax
};

/// One token that goes through the model in a step. Rows of a request stand together, positions ascending by one.
struct StepRow {
    int request = 0;
    int position = 0;
    bool feed_back = false;  ///< take the request's last argmax for its token, not the host's input
    bool logits = false;     ///< run the head on this row and put its argmax in the request's token
};

struct CompiledStep {
    isa::Program program;
    int64_t cycles = 0;  ///< as scheduled
    std::vector<OperationSpan> operations;
    std::string scheduler;
};

/// SRAM use in bytes.
struct MemoryUse {
    int64_t weights = 0, kv = 0, tables = 0, scratch = 0;
    int64_t total() const { return weights + kv + tables + scratch; }
};

class LlamaCompiler {
public:
    /// Lays the model out. UserError, with the arithmetic, when it does not fit.
    LlamaCompiler(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options);
    ~LlamaCompiler();
    LlamaCompiler(LlamaCompiler&&) noexcept;

    /// Weights, scales, tables and constants: written by the host once.
    Image image(const LlmWeights& weights) const;
    /// The program of one step. UserError when a position is past the context.
    CompiledStep compile(const std::vector<StepRow>& rows, const std::string& scheduler = "list") const;

    /// Compiles the step and checks its schedule by brute force (compiler/verify.cpp). InternalError when anything is
    /// used twice.
    void verify(const std::vector<StepRow>& rows, const std::string& scheduler = "list") const;

    /// Host input: the token of row r of the next step; rows with feed_back need none.
    Image token_input(int row, int token) const;
    /// Host output: row = request; its last argmax, an int32, the same in every lane.
    VectorRegion token_region() const;
    /// Rows of logits of the last step: for row `row` of those that wanted logits, (region, region row, column of each
    /// lane).
    struct LogitsPart {
        VectorRegion region;
        int row;
        std::vector<int> columns;
    };
    std::vector<LogitsPart> logits(int row) const;
    /// Where row r's residual stands (fp32, one row an input tile), for runs without embedding or head.
    VectorRegion residual_region() const;

    MemoryUse memory_use() const;
    int max_rows() const;  ///< most rows of one step
    const LlmConfig& config() const;

    struct Layout;

private:
    std::unique_ptr<Layout> layout_;
};

}  // namespace superlane::compiler
