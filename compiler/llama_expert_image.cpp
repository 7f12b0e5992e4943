// SPDX-License-Identifier: Apache-2.0
// Tables of ranks, weights, scales and biases of routers and experts.
#include "compiler/llama_expert_image.hpp"

#include <bit>
#include <functional>

#include "compiler/weight_rows.hpp"

namespace superlane::compiler {
namespace {

using Members = std::vector<const Tensor*>;

class ExpertWriter {
public:
    ExpertWriter(const LlamaCompiler::Layout& layout, int rank, Image& image)
        : layout_(layout),
          e_(layout.experts),
          image_(image),
          groups_(layout.options.expert_groups),
          set_(rank % groups_),
          rank_(rank) {
        for (int i = 0; i < layout.residual.chips * layout.residual.shard; ++i)
            residual_.push_back(layout.residual.global(i, rank));
    }

    void tables() {
        const int size = layout_.whole.moe.experts / layout_.whole.moe.groups;
        const auto any = [](int, int) { return true; };
        const auto lower = [](int other, int own) { return other < own; };
        rank_table(e_.all, any, lower, [](int) { return true; });
        if (e_.dealt()) {
            const auto mine = [&](int expert) {
                const int number = expert / groups_ - e_.first;
                return expert % groups_ == set_ && number >= 0 && number < e_.own;
            };
            rank_table(
                e_.mine, [&](int other, int) { return mine(other); }, lower, mine);
        }
        if (layout_.whole.moe.groups > 1) {
            const auto together = [&](int other, int own) { return other / size == own / size; };
            rank_table(e_.in_group, together, lower, [](int) { return true; });
            rank_table(
                e_.groups, [&](int other, int own) { return !together(other, own); }, lower, [](int) { return true; });
            for (int r = 0; r < e_.rotations; ++r)
                fill(e_.same_group, r, [&](int lane) {
                    const int own = e_.expert(lane), other = arriving(lane, r);
                    return uint32_t(own >= 0 && other >= 0 && together(other, own));
                });
            fill(e_.lowest, 0, [](int) { return bits(-3e38f); });
        }
        fill(e_.ids, 0,
             [&](int lane) { return uint32_t(std::max(0, std::max(0, e_.expert(lane)) / groups_ - e_.first)); });
        fill(e_.map_shift, 0, [](int lane) { return lane % isa::lanes_per_superlane == 1 ? 8u : 0u; });
        fill(e_.map_keep, 0, [](int lane) { return uint32_t(lane % isa::lanes_per_superlane < 2); });
    }

    void layer(int index, const LayerWeights& weights) {
        const LlamaLayer& layer = layout_.layers[size_t(index)];
        router(index, layer.router, weights);
        const MoeConfig& whole = layout_.whole.moe;
        const MoeConfig& own = layout_.config.moe;
        Members gate_up, gate_up_bias, down, down_bias;
        for (int number = e_.first; number < e_.first + e_.own; ++number) {
            const FfnWeights& w = weights.experts[size_t(number * groups_ + set_)];
            for (const Tensor* tensor : {&w.gate, &w.up}) gate_up.push_back(tensor);
            for (const Tensor* tensor : {&w.gate_bias, &w.up_bias}) gate_up_bias.push_back(tensor);
            down.push_back(&w.down);
            down_bias.push_back(&w.down_bias);
        }
        const std::vector<int> share = width(rank_ / groups_, own.ffn, whole.ffn);
        const std::vector<int> inner = stacked(share, 2 * own.experts, whole.ffn);
        const std::vector<int> outer = stacked(residual_, own.experts, layout_.whole.hidden);
        matrix(layer.expert_gate_up, gate_up, inner, residual_, e_.scales);
        matrix(layer.expert_down, down, outer, share, e_.scales);
        biases(layer.expert_gate_up, gate_up_bias, inner, e_.biases);
        biases(layer.expert_down, down_bias, outer, e_.biases);
        if (own.shared_ffn == 0) return;
        const FfnWeights& w = weights.shared;
        const std::vector<int> columns = width(rank_, own.shared_ffn, whole.shared_ffn);
        const std::vector<int> rows = stacked(columns, 2, whole.shared_ffn);
        matrix(layer.gate_up, {&w.gate, &w.up}, rows, residual_, layout_.scales);
        matrix(layer.down, {&w.down}, residual_, columns, layout_.scales);
        biases(layer.gate_up, {&w.gate_bias, &w.up_bias}, rows, layout_.biases);
        biases(layer.down, {&w.down_bias}, residual_, layout_.biases);
    }

private:
    void fill(const VectorRegion& region, int row, const std::function<uint32_t(int)>& value) {
        std::vector<uint32_t> values(size_t(layout_.lanes));
        for (int lane = 0; lane < layout_.lanes; ++lane) values[size_t(lane)] = value(lane);
        put_row(image_, region, row, values);
    }

    /// Expert whose value a lane sees under rotation r, or -1.
    int arriving(int lane, int r) const { return e_.any_expert((lane - r + layout_.lanes) % layout_.lanes); }

    /// `counts`(other, own): whether that expert's value is compared; `first`: whether it wins when equal.
    void rank_table(const RankTable& table, const std::function<bool(int, int)>& counts,
                    const std::function<bool(int, int)>& first, const std::function<bool(int)>& ranked) {
        for (int r = 0; r < e_.rotations; ++r) {
            const auto compared = [&](int lane) {
                const int own = e_.expert(lane), other = arriving(lane, r);
                return r > 0 && own >= 0 && other >= 0 && counts(other, own);
            };
            fill(table.one, r, [&](int lane) { return uint32_t(compared(lane)); });
            fill(table.lower, r, [&](int lane) {
                const int own = e_.expert(lane);
                if (r == 0) return uint32_t(own >= 0 && ranked(own) ? 0 : unranked);
                return uint32_t(compared(lane) && first(arriving(lane, r), own));
            });
        }
    }

    static std::vector<int> width(int index, int own, int whole) {
        std::vector<int> all;
        for (int i = index * own; i < (index + 1) * own; ++i) all.push_back(i < whole ? i : -1);
        return all;
    }
    /// The same rows of `count` tensors of `height` rows, one under the other.
    static std::vector<int> stacked(const std::vector<int>& rows, int count, int height) {
        std::vector<int> all;
        for (int i = 0; i < count; ++i)
            for (const int row : rows) all.push_back(row < 0 ? -1 : i * height + row);
        return all;
    }

    void router(int index, const Matrix& matrix, const LayerWeights& weights) {
        std::vector<int> rows;
        for (int expert = 0; expert < e_.experts; ++expert) rows.push_back(expert);
        StackedRows source({&weights.router}, true, rows, residual_);
        if (!matrix.tiles.empty())
            add_matrix_image(
                layout_.chip, matrix, [&](int row, std::vector<uint16_t>& out) { source.row(row, out); }, image_);
        const auto values = [](const Tensor& tensor) {
            return tensor.empty() ? std::vector<float>{} : tensor.floats();
        };
        const std::vector<float> bias = values(weights.router_bias), correction = values(weights.router_correction);
        fill(e_.bias, index, [&](int lane) {
            const int expert = e_.any_expert(lane);
            return bits(expert < 0 ? -3e38f : bias.empty() ? 0.0f : bias[size_t(expert)]);
        });
        if (!correction.empty())
            fill(e_.correction, index, [&](int lane) {
                const int expert = e_.any_expert(lane);
                return bits(expert < 0 ? 0.0f : correction[size_t(expert)]);
            });
    }

    /// Weights, and in int8 the scales of each expert's rows.
    void matrix(const Matrix& matrix, Members tensors, std::vector<int> rows, std::vector<int> columns,
                const VectorRegion (&scales)[2]) {
        StackedRows source(std::move(tensors), layout_.half, std::move(rows), std::move(columns));
        add_matrix_image(
            layout_.chip, matrix, [&](int row, std::vector<uint16_t>& out) { source.row(row, out); }, image_);
        if (layout_.half) return;
        std::vector<uint16_t> unused;
        each_row(matrix, &OutputTile::scale_row, scales, [&](int row) { return bits(source.row(row, unused)); });
    }

    void biases(const Matrix& matrix, const Members& tensors, const std::vector<int>& rows,
                const VectorRegion (&regions)[2]) {
        std::vector<float> values;
        for (const Tensor* tensor : tensors) {
            if (tensor->empty()) return;
            const std::vector<float> own = tensor->floats();
            values.insert(values.end(), own.begin(), own.end());
        }
        each_row(matrix, &OutputTile::bias_row, regions,
                 [&](int row) { return rows[size_t(row)] < 0 ? 0u : bits(values[size_t(rows[size_t(row)])]); });
    }

    void each_row(const Matrix& matrix, int OutputTile::*first_row, const VectorRegion (&regions)[2],
                  const std::function<uint32_t(int)>& value) {
        for (const OutputTile& tile : matrix.tiles)
            for (int expert = 0; tile.*first_row >= 0 && expert < std::max(1, matrix.experts); ++expert)
                fill(regions[size_t(tile.unit.side)], tile.*first_row + expert, [&](int lane) {
                    const int output = lane < int(tile.outputs.size()) ? tile.outputs[size_t(lane)] : -1;
                    return output < 0 ? 0u : value(expert * matrix.expert_rows + output);
                });
    }

    const LlamaCompiler::Layout& layout_;
    const ExpertLayout& e_;
    Image& image_;
    int groups_, set_, rank_;
    std::vector<int> residual_;
};

}  // namespace

void add_expert_image(const LlamaCompiler::Layout& layout, int rank, const LlmWeights& weights, Image& image) {
    if (layout.experts.experts == 0) return;
    ExpertWriter writer(layout, rank, image);
    writer.tables();
    for (int index = 0; index < layout.config.layers; ++index)
        if (layout.has_experts(index)) writer.layer(index, weights.layers[size_t(layout.first_layer() + index)]);
}

}  // namespace superlane::compiler
