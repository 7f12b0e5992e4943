// SPDX-License-Identifier: Apache-2.0
// Which blocks of a model each stage of a pipeline has.
#pragma once
#include <vector>

#include "compiler/llama.hpp"

namespace superlane::compiler {

struct StageBlocks {
    int first_block = 0, blocks = 0;
    bool embedding = false, head = false;
    Part head_part;
};

/// What the blocks of a model take on one chip of a group, measured by laying out one of each, in bytes, and the rough
/// cycles by which stages are balanced.
struct BlockSizes {
    struct Size {
        int64_t bytes = 0, cycles = 0;
    };
    Size attention, embedding;
    Size ffn, head;  ///< the largest of the parts
    Size dense_ffn;  ///< of the first layers of a model with experts
    FfnParts parts;
    int head_parts = 1;
    int64_t fixed_bytes = 0;            ///< tables and scratch that every stage has
    int64_t attention_fixed_bytes = 0;  ///< and, beside those, every stage with an attention
    int64_t chip_bytes = 0;             ///< for data
};
/// `options` say dtype, context, batch, chips of a group, and into how many parts FFNs and head are cut.
BlockSizes block_sizes(const models::Chip& chip, const LlmConfig& config, const LlamaOptions& options);

/// Cuts the model into `stages` runs of blocks so that the longest stage is as short as can be and each fits; empty
/// when none does. `slack`: share of the chip left free for what packing wastes.
std::vector<StageBlocks> divide_blocks(const LlmConfig& config, const BlockSizes& sizes, int stages, double slack);
/// The least stages for which divide_blocks finds a cut; 0 when a block alone does not fit.
int least_stages(const LlmConfig& config, const BlockSizes& sizes, double slack);

}  // namespace superlane::compiler
