// SPDX-License-Identifier: Apache-2.0
// Tables of an image that follow from weights other than matrices: norms, learned positions, head norms, sinks.
#pragma once
#include <vector>

#include "compiler/llama_layout.hpp"

namespace superlane::compiler {

/// `residual`: elements of the model by the chip's own numbers, -1 for none.
void add_weight_tables(const LlamaCompiler::Layout& layout, int rank, const std::vector<int>& residual,
                       const LlmWeights& weights, Image& image);

}  // namespace superlane::compiler
