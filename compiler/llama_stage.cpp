// SPDX-License-Identifier: Apache-2.0
// Which blocks of the model a stage has, and what that makes of its layers.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
namespace {

Part part_of(const std::vector<Block>& blocks, int layer, int parts) {
    Part part{0, 0, parts};
    for (const Block& block : blocks) {
        if (block.layer != layer || block.attention()) continue;
        if (!part.any()) part.first = block.part;
        part.last = block.part + 1;
    }
    return part;
}

}  // namespace

std::vector<Block> stage_blocks(const LlmConfig& whole, const LlamaOptions& options) {
    const std::vector<Block> all = model_blocks(whole, options.parts);
    const int count = options.blocks >= 0 ? options.blocks : int(all.size()) - options.first_block;
    SUPERLANE_CHECK(
        options.first_block >= 0 && (count >= 1 || options.head) && options.first_block + count <= int(all.size()),
        options.first_block, count);
    const auto first = all.begin() + options.first_block;
    return {first, first + count};
}

/// What one chip of the stage has of the model.
LlmConfig stage_config(const LlmConfig& whole, const LlamaOptions& options) {
    LlmConfig own = shard_config(whole, options.chips, options.expert_groups);
    const std::vector<Block> blocks = stage_blocks(whole, options);
    own.layers = blocks.empty() ? 0 : blocks.back().layer - blocks.front().layer + 1;
    int mixtures = 0;
    for (int layer = 0; layer < whole.layers; ++layer) {
        const Part part = part_of(blocks, layer, options.parts.of(whole, layer));
        if (!part.any() || !whole.is_moe(layer)) continue;
        ++mixtures;
        if (part.begins() && part.ends()) continue;
        SUPERLANE_CHECK(mixtures == 1 && blocks.back().layer <= layer + 1, "a part of a mixture beside another", layer);
        own.moe.experts = part.end(own.moe.experts) - part.begin(own.moe.experts);
        if (!part.begins()) own.moe.shared_ffn = 0;
    }
    return own;
}

bool LlamaCompiler::Layout::attends() const {
    return std::any_of(blocks.begin(), blocks.end(), [](const Block& block) { return block.attention(); });
}

bool LlamaCompiler::Layout::has_attention(int layer) const {
    return std::any_of(blocks.begin(), blocks.end(),
                       [&](const Block& block) { return block.attention() && block.layer == first_layer() + layer; });
}

Part LlamaCompiler::Layout::ffn_part(int layer) const {
    return part_of(blocks, first_layer() + layer, options.parts.of(whole, first_layer() + layer));
}

bool LlamaCompiler::Layout::hands_ffn_on() const {
    return !blocks.empty() && has_ffn(config.layers - 1) && !ffn_part(config.layers - 1).ends();
}

bool LlamaCompiler::Layout::passes_residual() const {
    if (options.in.cables == 0) return false;
    return blocks.empty() ? hands_head_on() : config.layers == 1 && !attends() && hands_ffn_on();
}

}  // namespace superlane::compiler
