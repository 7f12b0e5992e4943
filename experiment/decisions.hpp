// SPDX-License-Identifier: Apache-2.0
// What the compiler decided for a model on a chip, with the reasons: `superlane compile --explain`.
#pragma once
#include <string>
#include <vector>

#include "compiler/llama.hpp"

namespace superlane::experiment {

/// One weight matrix as it was laid out.
struct MatrixDecision {
    std::string name;
    int outputs = 0, inputs = 0;     ///< elements
    int tiles = 0, input_tiles = 0;  ///< of at most lanes() outputs or inputs each
    int experts = 0;                 ///< matrices of that shape, of which a product reads one; 0: an ordinary matrix
    std::vector<int> unit_tiles;     ///< output tiles of each plane (int8) or plane pair (fp16): west first
    std::string slices;              ///< MEM slices that hold its rows: "mem.w.12-43, mem.e.12-43"
    int64_t sram_bytes = 0, useful_bytes = 0;
};

struct Decisions {
    std::vector<MatrixDecision> matrices;
    std::vector<std::string> reasons;  ///< sentences
};

Decisions decisions(const models::Chip& chip, const LlmConfig& model, const compiler::LlamaOptions& options);

}  // namespace superlane::experiment
