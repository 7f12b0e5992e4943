// SPDX-License-Identifier: Apache-2.0
// Sizes and SRAM regions of routers and experts.
#include "compiler/llama_experts.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
namespace {

constexpr int piece_words = 512;  // an expert tile is cut into pieces of about this, so that slices fill evenly

}  // namespace

ExpertLayout expert_layout(const LlmConfig& whole, const LlmConfig& own, int lanes) {
    ExpertLayout layout;
    const MoeConfig& moe = whole.moe;
    if (moe.experts == 0) return layout;
    if (moe.experts > lanes)
        throw user_error("model '", whole.name, "' has ", moe.experts, " experts, a vector of this chip ranks at most ",
                         lanes);
    layout.experts = moe.experts;
    layout.own = own.moe.experts;
    layout.active = moe.active;
    layout.slots = std::min(moe.active, own.moe.experts);
    layout.tiles = (own.moe.ffn + lanes - 1) / lanes;
    // Tables for single ranks of groups and dealt experts are made for one copy only.
    const bool twice = 2 * moe.experts <= lanes && moe.groups == 1 && !layout.dealt();
    layout.copies = twice ? 2 : 1;
    layout.rotations = twice ? moe.experts : lanes;
    return layout;
}

int last_expert_slice(const models::Chip& chip) {
    const isa::Geometry& g = chip.geometry;
    return (g.mem_slices / g.slices_per_hop - 1) * g.slices_per_hop - 1;
}

WeightPool expert_pool(const models::Chip& chip, const WeightPool& pool, int experts) {
    const int last = last_expert_slice(chip), wanted = chip.geometry.load_streams * chip.geometry.planes;
    return {std::min(pool.first_slice, last + 1 - wanted), last, std::max(piece_words, experts)};
}

void LlamaCompiler::Layout::allocate_rank_tables() {
    const auto table = [&](RankTable& table, const char* name) {
        table.one = memory.vectors(name, Side::West, 2, 4, experts.rotations, true);
        table.lower = memory.vectors(name, Side::East, 2, 4, experts.rotations, true);
    };
    table(experts.all, "expert ranks");
    if (experts.dealt()) table(experts.mine, "own expert ranks");
    if (whole.moe.groups == 1) return;
    table(experts.in_group, "expert ranks in groups");
    table(experts.groups, "expert group ranks");
    experts.same_group = memory.vectors("expert groups", Side::West, 1, 1, experts.rotations, true);
    experts.lowest = memory.vectors("lowest score", Side::East, 2, 4, 1, true);
}

void LlamaCompiler::Layout::allocate_expert_tables() {
    const Side west = Side::West, east = Side::East;
    experts.bias = memory.vectors("router bias", east, 2, 4, config.layers, true);
    if (whole.moe.correction_bias)
        experts.correction = memory.vectors("router correction", east, 2, 4, config.layers, true);
    allocate_rank_tables();
    experts.ids = memory.vectors("expert numbers", west, 1, 4, 1, true);
    experts.map_shift = memory.vectors("expert map shift", east, 1, 4, 1, true);
    experts.map_keep = memory.vectors("expert map mask", west, 0, 1, 1, true);
    for (const Side side : {west, east}) {
        const int s = int(side);
        if (const int rows = expert_scale_rows_[s]; rows > 0)
            experts.scales[s] = memory.vectors("expert weight scales", side, 1, 4, rows, true);
        if (const int rows = expert_bias_rows_[s]; rows > 0)
            experts.biases[s] = memory.vectors("expert biases", side, 1, 4, rows, true);
    }
}

/// Operands of one operation come from different hop groups: a group of four slices reads one fp32 vector a cycle.
void LlamaCompiler::Layout::allocate_expert_scratch() {
    const Side west = Side::West, east = Side::East;
    const int rows = max_rows, choices = rows * experts.slots, tiles = experts.tiles;
    const auto scratch = [&](const char* name, Side side, int group, int width, int count) {
        return memory.vectors(name, side, group, width, count, false);
    };
    const int far = chip.geometry.mem_slices / chip.geometry.slices_per_hop - 1;
    for (const Side side : {west, east}) {
        const int s = int(side);
        experts.logits[s] = scratch("router logits", side, alone() || side == west ? 1 : far - 1, 4, rows);
        experts.scores[s] = scratch("expert scores", side, 1, 4, 2 * rows);
        if (whole.moe.groups > 1) experts.group_stage[s] = scratch("expert group scores", side, 1, 4, 2 * rows);
    }
    experts.ranks = scratch("expert ranks", west, 0, 4, 3 * rows);
    experts.my_ranks = scratch("own expert ranks", east, 0, 4, rows);
    experts.shares = scratch("expert shares", west, 1, 4, rows);
    experts.sums = scratch("sums of expert shares", east, 1, 4, rows);
    for (int stage = 0; stage < 3; ++stage) {
        experts.picks[stage] = scratch("expert choice", west, 1 + stage % 2, 4, rows * experts.picks_a_row());
        experts.top[stage] = scratch("expert row maxima", east, 1 + stage % 2, 4, choices);
    }
    experts.weights = scratch("expert weights", west, 0, 4, choices);
    experts.normed_scale = scratch("expert activation scales", west, 1, 4, choices);
    experts.wide = scratch("fp32 expert activations", east, 0, 4, choices * tiles);
    experts.mixture = scratch("sum of experts", west, 0, 4, rows * residual.slots * options.chips);
    for (const Side side : {west, east}) {
        const int s = int(side);
        if (!half) experts.routed[s] = scratch("router activations", side, 2, 2, rows * hidden_tiles);
        experts.activated[s] = scratch("expert activations", side, 2, half ? 2 : 1, choices * tiles);
        experts.near_map[s] = scratch("expert map", side, 0, 1, choices);
        for (int i = 0; i < chip.geometry.slices_per_hop; ++i) {
            const int slice = far * chip.geometry.slices_per_hop + i;
            const int address = memory.words("expert map", side, {slice}, choices, Memory::End::Top);
            experts.far_map[s].push_back({side, 1, {slice}, address, choices, false});
        }
    }
}

}  // namespace superlane::compiler
