// SPDX-License-Identifier: Apache-2.0
// Which outputs of each projection form a tile, and which planes compute it.
#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "compiler/llama_layout.hpp"

namespace superlane::compiler {
namespace {

/// Units by load, so that every plane gets its share of weight rows.
class UnitLoads {
public:
    explicit UnitLoads(bool half, int planes) : half_(half), loads_(size_t(2 * planes), 0), planes_(planes) {}
    /// The plane (of both sides) with the least load; both sides get `rows`.
    int pair(int rows_west, int rows_east) {
        int best = 0;
        for (int plane = 0; plane < planes_; plane += half_ ? 2 : 1)
            if (load(0, plane) + load(1, plane) < load(0, best) + load(1, best)) best = plane;
        load(0, best) += rows_west;
        load(1, best) += rows_east;
        return best;
    }
    MxmUnit single(int rows) {
        int best_side = 0, best_plane = 0;
        for (int plane = 0; plane < planes_; plane += half_ ? 2 : 1)
            for (int side = 0; side < 2; ++side)
                if (load(side, plane) < load(best_side, best_plane)) best_side = side, best_plane = plane;
        load(best_side, best_plane) += rows;
        return {Side(best_side), best_plane, half_};
    }

private:
    int& load(int side, int plane) { return loads_[size_t(side * planes_ + plane)]; }
    bool half_;
    std::vector<int> loads_;
    int planes_;
};

/// Drops outputs of -1 at the end: a narrower tile loads in fewer cycles.
void trim(std::vector<int>& outputs) {
    while (outputs.size() > 1 && outputs.back() < 0) outputs.pop_back();
}

}  // namespace

/// Rows of the scale and bias tables; of a tile that is split over units the first part carries them. Partial sums that
/// go to other chips have no bias: the chip they go to adds it once.
void LlamaCompiler::Layout::give_rows(Matrix& matrix, bool biased) {
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_first > 0) continue;
        if (!half) tile.scale_row = scale_rows_[int(tile.unit.side)]++;
        const bool elsewhere = tile.vector >= residual.slots && !alone();
        if (biased && !elsewhere) tile.bias_row = bias_rows_[int(tile.unit.side)]++;
    }
}

std::vector<LaneMap> LlamaCompiler::Layout::residual_lanes() const {
    std::vector<LaneMap> maps;
    for (int row = 0; row < residual.rows; ++row) maps.push_back(residual.row_lanes(row));
    return maps;
}

/// Tiles of a product that is added to the residual: a vector for each slot of each shard, those of other chips first,
/// so that they travel while one's own are computed. OutputTile::vector = offset * slots + slot.
std::vector<OutputTile> LlamaCompiler::Layout::deal_residual(int k_tiles) const {
    std::vector<std::vector<int>> vectors;
    std::vector<int> numbers;
    for (int i = 1; i <= residual.chips; ++i)
        for (int k = 0; k < residual.slots; ++k) {
            const int offset = i % residual.chips;
            vectors.push_back(residual.slot_elements(offset, k));
            numbers.push_back(offset * residual.slots + k);
        }
    std::vector<OutputTile> tiles = deal_vectors(mxm_units(chip.geometry, half), vectors, k_tiles);
    for (OutputTile& tile : tiles) tile.vector = numbers[size_t(tile.vector)];
    return tiles;
}

void LlamaCompiler::Layout::plan_layer(LlamaLayer& layer, int index) {
    const std::string name = "layer " + std::to_string(first_layer() + index);
    if (has_attention(index) && config.has_mla()) {
        plan_latent(layer, name);
    } else if (has_attention(index)) {
        plan_qkv(layer, name);
        plan_output(layer, name);
    }
    if (has_experts(index))
        plan_experts(layer, name, ffn_part(index));
    else if (has_ffn(index))
        plan_dense_ffn(layer, name, config.ffn, ffn_part(index));
}

void LlamaCompiler::Layout::plan_qkv(LlamaLayer& layer, const std::string& name) {
    const HeadPacking& p = packing;
    Matrix& qkv = layer.qkv;
    qkv = {.name = name + " q, k, v weights", .half = half, .inputs = residual_lanes()};
    UnitLoads loads(half, chip.geometry.planes);
    const auto outputs_of = [&](auto row_of) {
        std::vector<int> outputs;
        for (int lane = 0; lane < lanes; ++lane) outputs.push_back(row_of(lane));
        trim(outputs);
        return outputs;
    };
    const auto add_pair = [&](auto row_of) {  // halves on opposite sides: they leave at the same cycle for RoPE
        const std::vector<int> a = outputs_of([&](int lane) { return row_of(0, lane); });
        const std::vector<int> b = outputs_of([&](int lane) { return row_of(1, lane); });
        const int plane = loads.pair(int(a.size()), int(b.size())), first = int(qkv.tiles.size());
        qkv.tiles.push_back({.outputs = a, .unit = {Side::West, plane, half}});
        qkv.tiles.push_back({.outputs = b, .unit = {Side::East, plane, half}});
        return std::array<int, 2>{first, first + 1};
    };
    const auto below = [](int row, int start) { return row < 0 ? -1 : start + row; };
    const int keys = config.q_columns(),
              values = keys + config.kv_columns();  // first row of each in the stacked matrix
    for (int pair = 0; pair < p.pairs; ++pair)
        layer.key.push_back(add_pair([&](int h, int lane) { return below(p.key_row(pair, h, lane), keys); }));
    for (int vector = 0; vector < p.value_vectors(); ++vector) {
        const std::vector<int> outputs = outputs_of([&](int lane) { return below(p.value_row(vector, lane), values); });
        layer.value.push_back(int(qkv.tiles.size()));
        qkv.tiles.push_back({.outputs = outputs, .unit = loads.single(int(outputs.size()))});
    }
    for (int g = 0; g < p.group; ++g)
        for (int pair = 0; pair < p.pairs; ++pair)
            layer.query.push_back(add_pair([&](int h, int lane) { return p.query_row(g, pair, h, lane); }));
    give_rows(qkv, config.has_qkv_bias());
}

void LlamaCompiler::Layout::plan_output(LlamaLayer& layer, const std::string& name) {
    layer.o = {.name = name + " o weights", .half = half};
    if (results_packed()) {
        const int member = results.shard;  // lanes of one group member's results
        for (int row = 0; row < results.rows; ++row) {
            LaneMap map;
            for (const int e : results.row_lanes(row))
                map.push_back(e < 0 ? -1 : packing.result_column(e % member / lanes, e / member, e % member % lanes));
            layer.o.inputs.push_back(std::move(map));
        }
    } else {
        for (int g = 0; g < packing.group; ++g)
            for (int tile = 0; tile < packing.tiles; ++tile) {
                LaneMap map;
                for (int lane = 0; lane < lanes; ++lane) map.push_back(packing.result_column(tile, g, lane));
                layer.o.inputs.push_back(std::move(map));
            }
    }
    layer.o.tiles = deal_residual(int(layer.o.inputs.size()));
    give_rows(layer.o, config.has_o_bias());
}

/// Tiles of the part's columns, of `ffn` of one chip.
std::vector<std::array<int, 2>> LlamaCompiler::Layout::plan_gate_up(Matrix& gate_up, int ffn, const Part& part) {
    std::vector<std::array<int, 2>> pairs;
    UnitLoads loads(half, chip.geometry.planes);
    const int vectors = (ffn + lanes - 1) / lanes;
    SUPERLANE_CHECK(vectors >= part.of, "an FFN of", vectors, "vectors in parts", part.of);
    for (int vector = part.begin(vectors); vector < part.end(vectors); ++vector) {
        const int first = vector * lanes, last = std::min(ffn, first + lanes), tile_index = int(gate_up.tiles.size());
        if (!config.gated_ffn) {
            OutputTile tile{.unit = loads.single(last - first)};
            for (int output = first; output < last; ++output) tile.outputs.push_back(output);
            gate_up.tiles.push_back(std::move(tile));
            pairs.push_back({-1, tile_index});
            continue;
        }
        const int plane = loads.pair(last - first, last - first);
        for (const Side side : {Side::West, Side::East}) {  // gate west, up east
            OutputTile tile{.unit = {side, plane, half}};
            for (int output = first; output < last; ++output) tile.outputs.push_back(int(side) * ffn + output);
            gate_up.tiles.push_back(std::move(tile));
        }
        pairs.push_back({tile_index, tile_index + 1});
    }
    return pairs;
}

void LlamaCompiler::Layout::plan_dense_ffn(LlamaLayer& layer, const std::string& name, int ffn, const Part& part) {
    layer.gate_up = {.name = name + " gate, up weights", .half = half, .inputs = residual_lanes()};
    layer.ffn = plan_gate_up(layer.gate_up, ffn, part);
    give_rows(layer.gate_up, config.mlp_bias);
    const std::vector<LaneMap> inputs = dense_lanes(ffn, lanes);
    const int vectors = int(inputs.size());
    layer.down = {.name = name + " down weights",
                  .half = half,
                  .inputs = {inputs.begin() + part.begin(vectors), inputs.begin() + part.end(vectors)}};
    layer.down.tiles = deal_residual(int(layer.down.inputs.size()));
    give_rows(layer.down, config.mlp_bias && part.begins());
}

void LlamaCompiler::Layout::give_expert_rows(Matrix& matrix) {
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_first > 0) continue;
        const size_t side = size_t(tile.unit.side);
        if (!half) tile.scale_row = std::exchange(expert_scale_rows_[side], expert_scale_rows_[side] + experts.own);
        const bool elsewhere = tile.vector >= residual.slots && !alone();
        if (config.mlp_bias && !elsewhere)
            tile.bias_row = std::exchange(expert_bias_rows_[side], expert_bias_rows_[side] + experts.own);
    }
}

/// The router in fp16 whatever the weights are; its outputs as ExpertLayout wants them.
void LlamaCompiler::Layout::plan_experts(LlamaLayer& layer, const std::string& name, const Part& part) {
    if (part.begins()) {  // later parts are told the logits
        std::vector<int> outputs;
        for (int copy = 0; copy < experts.copies; ++copy)
            for (int expert = 0; expert < experts.experts; ++expert) outputs.push_back(expert);
        layer.router = {.name = name + " router weights", .half = true, .inputs = residual_lanes()};
        layer.router.tiles = deal_vectors(mxm_units(chip.geometry, true), {outputs}, int(layer.router.inputs.size()));
    }
    experts.first = part.begin(whole.moe.experts / options.expert_groups);

    const int ffn = config.moe.ffn;
    layer.expert_gate_up = {.name = name + " expert gate, up weights",
                            .half = half,
                            .inputs = residual_lanes(),
                            .experts = experts.own,
                            .expert_rows = 2 * ffn};
    layer.expert_ffn = plan_gate_up(layer.expert_gate_up, ffn, {});
    give_expert_rows(layer.expert_gate_up);
    layer.expert_down = {.name = name + " expert down weights",
                         .half = half,
                         .inputs = dense_lanes(ffn, lanes),
                         .experts = experts.own,
                         .expert_rows = residual.chips * residual.shard};
    layer.expert_down.tiles = deal_residual(experts.tiles);
    give_expert_rows(layer.expert_down);
    if (config.moe.shared_ffn > 0) plan_dense_ffn(layer, name + " shared expert", config.moe.shared_ffn, {});
}

void LlamaCompiler::Layout::plan_head() {
    head = {.name = "head weights", .half = half, .inputs = residual_lanes()};
    const int vectors = (config.vocabulary + lanes - 1) / lanes, first = options.head_part.begin(vectors) * lanes;
    const int last = std::min(config.vocabulary, options.head_part.end(vectors) * lanes);
    head.tiles = deal_outputs(mxm_units(chip.geometry, half), last - first, lanes);
    for (OutputTile& tile : head.tiles)
        for (int& output : tile.outputs) output += first;
    give_rows(head, false);
    for (const OutputTile& tile : head.tiles) head_columns.push_back(tile.outputs);
}

}  // namespace superlane::compiler
