// SPDX-License-Identifier: Apache-2.0
// Lanes, tiles and scratch of latent attention.
#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
LlmConfig attention_shape(const LlmConfig& own) {
    if (!own.has_mla()) return own;
    LlmConfig shape = own;
    shape.kv_heads = 1;
    shape.head_dim = own.mla.kv_lora;
    return shape;
}

LatentPacking::LatentPacking(const LlmConfig& own, int lanes_)
    : lanes(lanes_),
      heads(own.heads),
      latent(own.mla.kv_lora),
      half(ceil_div(ceil_div(latent, 2), row_lanes) * row_lanes),
      rope(own.mla.rope_dim / 2),
      nope(own.mla.nope_dim),
      value(own.mla.v_dim),
      q_lora(own.mla.q_lora),
      interleaved(own.rope.interleaved) {
    if (!own.has_mla()) return;
    rope_lane = ceil_div(half, rope) * rope;
    if (rope_lane + rope > lanes || nope > lanes)
        throw user_error("model '", own.name, "': latent attention needs ", std::max(rope_lane + rope, nope),
                         " lanes for half of a latent row of ", latent, " and half of ", own.mla.rope_dim,
                         " RoPE elements, or for ", nope, " elements of a head; the chip has ", lanes);
    half = std::min(half, latent);
    query_vectors = ceil_div(q_lora, lanes);
    nope_heads = std::min(heads, lanes / nope);
    nope_vectors = ceil_div(heads, nope_heads);
    rope_heads = std::min(heads, lanes / rope);
    rope_vectors = ceil_div(heads, rope_heads);
    result_vectors = ceil_div(heads * value, lanes);
}

std::vector<int> LatentPacking::key_rows(int h) const {
    std::vector<int> rows(size_t(rope_lane + rope), -1);
    for (int i = 0; i < latent_count(h); ++i) rows[size_t(i)] = latent_first(h) + i;
    for (int i = 0; i < rope; ++i) rows[size_t(rope_lane + i)] = latent + (interleaved ? 2 * i + h : h * rope + i);
    return rows;
}

std::vector<int> LatentPacking::nope_rows(int v) const {
    std::vector<int> rows;
    for (int head = v * nope_heads; head < std::min(heads, (v + 1) * nope_heads); ++head)
        for (int i = 0; i < nope; ++i) rows.push_back(head * (nope + 2 * rope) + i);
    return rows;
}

std::vector<int> LatentPacking::rope_rows(int h, int v) const {
    std::vector<int> rows;
    for (int head = v * rope_heads; head < std::min(heads, (v + 1) * rope_heads); ++head)
        for (int i = 0; i < rope; ++i)
            rows.push_back(head * (nope + 2 * rope) + nope + (interleaved ? 2 * i + h : h * rope + i));
    return rows;
}

int LatentPacking::result_last(int v) const { return std::min(heads - 1, ((v + 1) * lanes - 1) / value); }

int LatentPacking::result_tiles() const {
    int tiles = 0;
    for (int v = 0; v < result_vectors; ++v) tiles += result_last(v) - result_first(v) + 1;
    return tiles;
}

/// Vectors of results, each with its number, dealt to all units.
void LlamaCompiler::Layout::deal_latent(Matrix& matrix, const std::vector<std::vector<int>>& vectors,
                                        const std::vector<int>& numbers, bool biased) {
    matrix.tiles = deal_vectors(mxm_units(chip.geometry, half), vectors, int(matrix.inputs.size()));
    for (OutputTile& tile : matrix.tiles) {
        tile.vector = numbers[size_t(tile.vector)];
        if (tile.k_first > 0) continue;
        if (!half) tile.scale_row = scale_rows_[int(tile.unit.side)]++;
        if (biased) tile.bias_row = bias_rows_[int(tile.unit.side)]++;
    }
}

/// The longest way first: queries, then keys.
void LlamaCompiler::Layout::plan_latent_rows(LlamaLayer& layer, const std::string& name) {
    const LatentPacking& p = latent;
    std::vector<std::vector<int>> queries, first;
    std::vector<int> query_numbers, first_numbers;
    for (int v = 0; v < p.nope_vectors; ++v) {
        queries.push_back(p.nope_rows(v));
        query_numbers.push_back(p.nope_vector(v));
    }
    for (int v = 0; v < p.rope_vectors; ++v)
        for (int h = 0; h < 2; ++h) {
            queries.push_back(p.rope_rows(h, v));
            query_numbers.push_back(p.rope_vector(h, v));
        }
    for (int v = 0; v < p.query_vectors; ++v) {
        std::vector<int>& rows = first.emplace_back();
        for (int row = v * lanes; row < std::min(p.q_lora, (v + 1) * lanes); ++row) rows.push_back(row);
        first_numbers.push_back(p.query(v));
    }
    if (p.query_vectors > 0) {
        Matrix& query_b = layer.latent.query_b;
        query_b = {.name = name + " q_b weights", .half = half, .inputs = dense_lanes(p.q_lora, lanes)};
        deal_latent(query_b, queries, query_numbers, false);
    } else {
        first = queries;
        first_numbers = query_numbers;
    }
    const int key_row = p.query_vectors > 0 ? p.q_lora : config.q_columns();
    for (int h = 0; h < 2; ++h) {
        std::vector<int> rows = p.key_rows(h);
        for (int& row : rows) row = row < 0 ? -1 : key_row + row;
        first.push_back(rows);
        first_numbers.push_back(p.key(h));
    }
    layer.qkv = {.name = name + " q, kv weights", .half = half, .inputs = residual_lanes()};
    deal_latent(layer.qkv, first, first_numbers, config.attention_bias);
}

void LlamaCompiler::Layout::plan_latent(LlamaLayer& layer, const std::string& name) {
    plan_latent_rows(layer, name);
    const LatentPacking& p = latent;
    const std::vector<MxmUnit> units = mxm_units(chip.geometry, half);
    Matrix& key_up = layer.latent.key_up;
    key_up = {.name = name + " kv_b key weights", .half = half};
    for (int slot = 0; slot < p.nope_heads; ++slot) {
        LaneMap map(size_t(lanes), -1);
        for (int i = 0; i < p.nope; ++i) map[size_t(slot * p.nope + i)] = i;
        key_up.inputs.push_back(std::move(map));
    }
    for (int head = 0; head < p.heads; ++head)
        for (int h = 0; h < 2; ++h) {
            const int slot = head % p.nope_heads;
            OutputTile tile{.unit = units[size_t(2 * head + h) % units.size()], .k_first = slot, .k_last = slot};
            for (int i = 0; i < std::max(1, p.latent_count(h)); ++i)
                tile.outputs.push_back(i < p.latent_count(h) ? head * p.latent + p.latent_first(h) + i : -1);
            if (!half) tile.scale_row = scale_rows_[int(tile.unit.side)]++;
            key_up.tiles.push_back(std::move(tile));
        }
    Matrix& value_up = layer.latent.value_up;
    value_up = {.name = name + " kv_b value weights", .half = half, .inputs = dense_lanes(p.latent, lanes)};
    for (int v = 0; v < p.result_vectors; ++v) {
        const MxmUnit unit = units[size_t(v) % units.size()];
        const int scale_row = half ? -1 : scale_rows_[int(unit.side)]++;
        for (int head = p.result_first(v); head <= p.result_last(v); ++head) {
            OutputTile tile{.unit = unit, .vector = v, .scale_row = scale_row};
            for (int lane = 0; lane < lanes && v * lanes + lane < (head + 1) * p.value; ++lane)
                tile.outputs.push_back(v * lanes + lane < head * p.value ? -1 : v * lanes + lane);
            value_up.tiles.push_back(std::move(tile));
        }
    }
    layer.o = {.name = name + " o weights", .half = half, .inputs = dense_lanes(p.heads * p.value, lanes)};
    layer.o.tiles = deal_residual(int(layer.o.inputs.size()));
    give_rows(layer.o, config.has_o_bias());
}

void LlamaCompiler::Layout::allocate_latent_constants() {
    latent_rows.gains = memory.vectors("latent norm weights", Side::East, 0, 4, config.layers * latent.gains(), true);
    latent_rows.masks = memory.vectors("latent masks", Side::East, 1, 1, latent.masks(), true);
}

/// What one task reads or writes at once lies in different groups of slices.
void LlamaCompiler::Layout::allocate_latent() {
    if (!config.has_mla()) return;
    const int64_t before = memory.words_used();
    const LatentPacking& p = latent;
    const Side west = Side::West, east = Side::East;
    const auto scratch = [&](const char* name, Side side, int group, int width, int rows) {
        return memory.vectors(name, side, group, width, max_rows * rows, false);
    };
    LatentRegions& r = latent_rows;
    const int width = half ? 2 : 1;
    for (const Side side : {west, east}) {
        const int s = int(side);
        r.raw[s] = scratch("latent projections", side, 2, 4, s == 0 ? p.west() : p.east());
        r.rotated_key[s] = scratch("rotated keys", side, 0, 2, 1);
        r.values[s] = scratch("latent values", side, 1, 2, 1);
        if (p.query_vectors > 0) r.query_normed[s] = scratch("latent queries", side, s, width, p.query_vectors);
        r.nope[s] = scratch("queries without position", side, s, width, half ? p.nope_vectors : p.heads);
        r.results[s] = scratch("heads' results", side, 2, width, p.result_vectors);
    }
    if (!half) {
        r.head_wide = scratch("fp32 queries", east, 0, 4, p.heads);
        for (int stage = 0; stage < 3; ++stage)
            r.head_tops[stage] = scratch("heads' maxima", west, (stage + 1) % 2, 4, p.heads);
        r.head_scale = scratch("heads' scales", west, 0, 4, p.heads);
        r.lane_scale = scratch("scales by lane", west, 1, 4, p.result_vectors);
    }
    use.scratch += (memory.words_used() - before) * lanes;
}

}  // namespace superlane::compiler
