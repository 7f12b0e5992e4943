// SPDX-License-Identifier: Apache-2.0
// What the host writes for routers and experts.
#pragma once
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {

/// Adds the tables of ranks, and routers, experts and shared experts of the chip with this rank; nothing when the model
/// has no experts.
void add_expert_image(const LlamaCompiler::Layout& layout, int rank, const LlmWeights& weights, Image& image);

}  // namespace superlane::compiler
