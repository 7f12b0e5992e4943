// SPDX-License-Identifier: Apache-2.0
// Tables and scratch of the features that only some families of models have.
#include <algorithm>

#include "compiler/llama_layout.hpp"

namespace superlane::compiler {

/// Groups are chosen so that no task reads, or reads and writes, one slice twice in a cycle: rows of the residual run
/// many at a time, rows of heads at most three.
void LlamaCompiler::Layout::allocate_features() {
    const Side west = Side::West, east = Side::East;
    if (config.norm == NormKind::layer)
        residual_mask = memory.vectors("residual lane masks", east, 1, 1, hidden_tiles, true);
    if (config.norm_bias)
        norm_bias = memory.vectors("norm biases", east, 1, 4, (2 * config.layers + 1) * hidden_tiles, true);
    if (config.qk_norm) {
        for (const Side side : {west, east})
            head_gain[int(side)] = memory.vectors("head norm weights", side, 0, 4, 2 * config.layers, true);
        slot_end = memory.vectors("head norm mask", east, 0, 1, 1, true);
    }
    if (config.attention_sinks)
        sinks = memory.vectors("attention sinks", west, 1, 4, config.layers * packing.heads, true);
    if (config.position == PositionKind::rope || !options.embedding) return;
    const int per_group = chip.geometry.slices_per_hop, groups = chip.geometry.mem_slices / per_group;
    for (int slot = 0; slot < residual.slots; ++slot) {
        int best = 1;  // the emptiest group, nearest the VXM of equals
        for (int group = 1; group < groups; ++group)
            if (memory.free_words(west, group * per_group + 2) > memory.free_words(west, best * per_group + 2))
                best = group;
        position_row.push_back(memory.vectors("position table", west, best, 2, options.context, true));
    }
}

void LlamaCompiler::Layout::allocate_feature_scratch() {
    const int rows = max_rows * hidden_tiles;
    if (config.norm == NormKind::layer) centred = memory.vectors("centred residual", Side::West, 0, 4, rows, false);
    if (config.sandwich_norms) update = memory.vectors("residual update", Side::East, 1, 4, rows, false);
    if (!config.qk_norm) return;
    const int vectors = max_rows * (packing.group + 1) * packing.pairs;
    for (const Side side : {Side::West, Side::East}) {
        raw_half[int(side)] = memory.vectors("heads before their norm", side, 1, 4, vectors, false);
        for (int stage = 0; stage < 5; ++stage)
            head_sums[int(side)][stage] = memory.vectors("sums over heads", side, stage % 3, 4, vectors, false);
    }
}

}  // namespace superlane::compiler
