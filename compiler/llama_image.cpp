// SPDX-License-Identifier: Apache-2.0
// What the host writes before the first step: weights, scales, tables, masks.
#include <bit>
#include <climits>
#include <cmath>

#include "base/error.hpp"
#include "base/half.hpp"
#include "compiler/llama_expert_image.hpp"
#include "compiler/llama_layout.hpp"
#include "compiler/llama_tables.hpp"
#include "compiler/weight_rows.hpp"
#include "models/rope.hpp"

namespace superlane::compiler {
namespace {

/// Which rows and columns of the model's matrices a chip has.
class Share {
public:
    Share(const LlamaCompiler::Layout& layout, int rank) : layout_(layout), rank_(rank) {}

    std::vector<int> residual() const {
        std::vector<int> all;
        for (int e = 0; e < layout_.residual.chips * layout_.residual.shard; ++e)
            all.push_back(layout_.residual.global(e, rank_));
        return all;
    }
    int rank() const { return rank_; }
    std::vector<int> results() const {
        return run(rank_ * layout_.config.attention_columns(), layout_.config.attention_columns());
    }
    std::vector<int> heads() const { return run(rank_ * layout_.config.q_columns(), layout_.config.q_columns()); }
    std::vector<int> ffn() const { return run(rank_ * layout_.config.ffn, layout_.config.ffn, layout_.whole.ffn); }
    std::vector<int> vocabulary() const {
        return run(rank_ * layout_.config.vocabulary, layout_.config.vocabulary, layout_.whole.vocabulary);
    }
    /// Rows of q over k over v. Chips that outnumber the KV heads share them.
    std::vector<int> qkv() const {
        const LlmConfig& own = layout_.config;
        const int head = int(int64_t(rank_) * layout_.whole.kv_heads / layout_.options.chips);
        std::vector<int> rows = heads();
        for (int part = 0; part < 2; ++part)
            append(rows, run(layout_.whole.q_columns() + part * layout_.whole.kv_columns() + head * own.head_dim,
                             own.kv_columns()));
        return rows;
    }
    std::vector<int> gate_up() const {
        std::vector<int> rows = ffn();
        for (const int row : ffn()) rows.push_back(row < 0 ? -1 : layout_.whole.ffn + row);
        return rows;
    }

private:
    static std::vector<int> run(int first, int count, int end = INT_MAX) {
        std::vector<int> all;
        for (int i = 0; i < count; ++i) all.push_back(first + i < end ? first + i : -1);
        return all;
    }
    static void append(std::vector<int>& to, const std::vector<int>& from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    const LlamaCompiler::Layout& layout_;
    int rank_;
};

class ImageWriter {
public:
    ImageWriter(const LlamaCompiler::Layout& layout, int rank)
        : layout_(layout),
          rank_(rank),
          share_(layout, rank),
          residual_(share_.residual()),
          lanes_(size_t(layout.chip.lanes())) {}

    Image write(const LlmWeights& weights) {
        if (layout_.rotates()) rotary_tables();
        add_weight_tables(layout_, rank_, residual_, weights, image_);
        masks();
        value_maps();
        for (const VectorRegion& row : layout_.ones) fill(row, 0, [](size_t) { return uint32_t(float_to_half(1.0f)); });
        if (layout_.options.embedding) embedding(weights);
        for (size_t i = 0; i < layout_.layers.size(); ++i) {
            const LlamaLayer& layer = layout_.layers[i];
            const LayerWeights& w = weights.layers[size_t(layout_.first_layer()) + i];
            if (layout_.has_attention(int(i))) {
                if (layout_.config.has_mla()) {
                    add_latent_image(layout_, int(i), share_.rank(), w, image_);
                } else {
                    matrix(layer.qkv, {&w.q, &w.k, &w.v}, share_.qkv(), residual_);
                    biases(layer.qkv, {&w.q_bias, &w.k_bias, &w.v_bias}, share_.qkv());
                }
                matrix(layer.o, {&w.o}, residual_, share_.results());
                biases(layer.o, {&w.o_bias}, residual_);
            }
            if (!layout_.has_ffn(int(i)) || layout_.has_experts(int(i))) continue;
            if (layout_.config.gated_ffn) {
                matrix(layer.gate_up, {&w.gate, &w.up}, share_.gate_up(), residual_);
                biases(layer.gate_up, {&w.gate_bias, &w.up_bias}, share_.gate_up());
            } else {
                matrix(layer.gate_up, {&w.up}, share_.ffn(), residual_);
                biases(layer.gate_up, {&w.up_bias}, share_.ffn());
            }
            matrix(layer.down, {&w.down}, residual_, share_.ffn());
            biases(layer.down, {&w.down_bias}, residual_);
        }
        if (layout_.options.head) head(weights);
        return std::move(image_);
    }

private:
    template <class Value>
    void fill(const VectorRegion& region, int row, Value value) {
        std::vector<uint32_t> values(lanes_);
        for (size_t lane = 0; lane < lanes_; ++lane) values[lane] = value(lane);
        put_row(image_, region, row, values);
    }

    void rotary_tables() {
        const std::vector<double> frequencies = rope_frequencies(layout_.config);
        const double factor = rope_attention_factor(layout_.config);
        const size_t half = size_t(layout_.config.rope_dim() / 2);
        for (int position = 0; position < layout_.options.context; ++position) {
            const auto angle = [&](size_t lane) { return double(position) * frequencies[lane % half]; };
            fill(layout_.cosine, position, [&](size_t lane) { return bits(float(std::cos(angle(lane)) * factor)); });
            fill(layout_.sine, position, [&](size_t lane) { return bits(float(std::sin(angle(lane)) * factor)); });
        }
    }

    void masks() {
        const HeadPacking& p = layout_.packing;
        for (int slot = 0; slot < p.slots; ++slot)
            fill(layout_.slot_mask, slot, [&](size_t lane) { return uint32_t(int(lane) / p.half == slot); });
        for (int tile = 0; tile < p.tiles; ++tile)
            for (int head = p.tile_first_head(tile); head <= p.tile_last_head(tile); ++head)
                fill(layout_.result_mask, layout_.result_mask_row(tile, head), [&](size_t lane) {
                    return uint32_t((tile * p.superlanes + int(lane) / isa::lanes_per_superlane) / p.value_blocks ==
                                    head);
                });
        for (int visible = 0; visible <= layout_.lanes; ++visible)
            fill(layout_.bias, visible, [&](size_t lane) { return bits(int(lane) < visible ? 0.0f : -1e30f); });
        if (layout_.windowed())
            for (int hidden = 0; hidden <= layout_.lanes; ++hidden)
                fill(layout_.hidden, hidden, [&](size_t lane) { return bits(int(lane) < hidden ? -1e30f : 0.0f); });
        piece_masks(layout_.residual, layout_.piece_mask);
        piece_masks(layout_.results, layout_.result_piece_mask);
        if (!layout_.options.head) return;
        const std::vector<int> tokens = share_.vocabulary();
        const auto has_token = [&](const std::vector<int>& columns, size_t lane) {
            return lane < columns.size() && tokens[size_t(columns[lane])] >= 0;
        };
        for (size_t tile = 0; tile < layout_.head_columns.size(); ++tile) {
            const std::vector<int>& columns = layout_.head_columns[tile];
            fill(layout_.vocabulary_ids, int(tile), [&](size_t lane) {
                return has_token(columns, lane) ? uint32_t(tokens[size_t(columns[lane])]) - (1u << 30) : 0u;
            });
            fill(layout_.head_bias, int(tile),
                 [&](size_t lane) { return bits(has_token(columns, lane) ? 0.0f : -3e38f); });
        }
    }

    void piece_masks(const ShardedVector& vector, const VectorRegion& region) {
        for (int v = 0; region.rows > 0 && v < vector.packed_rows(); ++v)
            for (int i = 0; i < vector.pieces(v); ++i) {
                const int piece = vector.first_piece(v) + i;
                fill(region, LlamaCompiler::Layout::piece_mask_row(vector, v) + i, [&](size_t lane) {
                    return uint32_t(int(lane) >= vector.piece_first(v, piece) &&
                                    int(lane) < vector.piece_last(v, piece));
                });
            }
    }

    /// Entry of superlane s for a block turned by `rotation`: the word of the KV head that stands there, or the spare
    /// word.
    void value_maps() {
        const HeadPacking& p = layout_.packing;
        for (const VectorRegion& region : layout_.value_map)
            for (int group = 0; group < p.value_groups; ++group)
                for (int rotation = 0; rotation < p.superlanes; ++rotation)
                    fill(region, group * p.superlanes + rotation, [&](size_t lane) -> uint32_t {
                        const int superlane = int(lane) / isa::lanes_per_superlane;
                        const int head = group * p.superlanes + (superlane - rotation + p.superlanes) % p.superlanes;
                        const uint32_t word = uint32_t(std::min(head, p.kv) * p.value_blocks);
                        const size_t byte = lane % isa::lanes_per_superlane;
                        return byte < 2 ? (word >> (8 * byte)) & 0xff : 0;
                    });
    }

    /// Every token's row, of which a chip has its own shard.
    void embedding(const LlmWeights& weights) {
        fill(layout_.token_shift, 0, [](size_t lane) { return lane % isa::lanes_per_superlane == 1 ? 8u : 0u; });
        fill(layout_.token_keep, 0, [](size_t lane) { return uint32_t(lane % isa::lanes_per_superlane < 2); });
        std::vector<uint16_t> row(size_t(layout_.whole.hidden));
        std::vector<std::vector<int>> slots;
        for (int k = 0; k < layout_.residual.slots; ++k) slots.push_back(layout_.residual.slot_elements(0, k));
        for (int token = 0; token < layout_.whole.vocabulary; ++token) {
            weights.embedding.row_halves(token, row);
            for (int k = 0; k < layout_.residual.slots; ++k) {
                const VectorRegion& table =
                    layout_.embedding[size_t(token / layout_.segment_tokens * layout_.residual.slots + k)];
                fill(table, token % layout_.segment_tokens, [&](size_t lane) -> uint32_t {
                    const int element = lane < slots[size_t(k)].size() ? residual_[size_t(slots[size_t(k)][lane])] : -1;
                    return element < 0 ? 0 : row[size_t(element)];
                });
            }
        }
    }

    void matrix(const Matrix& matrix, std::vector<const Tensor*> tensors, std::vector<int> own_rows,
                std::vector<int> own_columns) {
        StackedRows rows(std::move(tensors), layout_.half, std::move(own_rows), std::move(own_columns));
        add_matrix_image(
            layout_.chip, matrix, [&](int row, std::vector<uint16_t>& out) { rows.row(row, out); }, image_);
        if (layout_.half) return;
        std::vector<uint16_t> unused;
        for (const OutputTile& tile : matrix.tiles) {
            if (tile.scale_row < 0) continue;
            std::vector<uint32_t> scales(lanes_, 0);
            for (size_t j = 0; j < tile.outputs.size(); ++j)
                if (tile.outputs[j] >= 0) scales[j] = bits(rows.row(tile.outputs[j], unused));
            put_row(image_, layout_.scales[size_t(tile.unit.side)], tile.scale_row, scales);
        }
    }

    /// Biases of the stacked projections, one under the other.
    void biases(const Matrix& matrix, const std::vector<const Tensor*>& tensors, const std::vector<int>& own_rows) {
        std::vector<float> values;
        for (const Tensor* tensor : tensors) {
            if (tensor->empty()) return;
            const std::vector<float> own = tensor->floats();
            values.insert(values.end(), own.begin(), own.end());
        }
        for (const OutputTile& tile : matrix.tiles)
            if (tile.bias_row >= 0)
                fill(layout_.biases[size_t(tile.unit.side)], tile.bias_row, [&](size_t lane) {
                    const int output = lane < tile.outputs.size() ? tile.outputs[lane] : -1;
                    const int row = output < 0 ? -1 : own_rows[size_t(output)];
                    return row < 0 ? 0u : bits(values[size_t(row)]);
                });
    }

    void head(const LlmWeights& weights) { matrix(layout_.head, {&weights.head}, share_.vocabulary(), residual_); }

    const LlamaCompiler::Layout& layout_;
    int rank_;
    Share share_;
    std::vector<int> residual_;
    size_t lanes_;
    Image image_;
};

}  // namespace

Image LlamaCompiler::image(const LlmWeights& weights, int rank) const {
    SUPERLANE_CHECK(int(weights.layers.size()) >= layout_->first_layer() + layout_->config.layers,
                    "fewer layers of weights than the layout has");
    SUPERLANE_CHECK(rank >= 0 && rank < layout_->options.chips, rank);
    Image image = ImageWriter(*layout_, rank).write(weights);
    add_expert_image(*layout_, rank, weights, image);
    return image;
}

Image LlamaCompiler::embedding_input(int row, int token, int position, const LlmWeights& weights, int rank) const {
    const Layout& layout = *layout_;
    SUPERLANE_CHECK(row >= 0 && row < layout.max_rows && token >= 0 && token < layout.whole.vocabulary, row, token);
    const std::vector<int> own = Share(layout, rank).residual();
    std::vector<uint16_t> embedding(size_t(layout.whole.hidden)), place(embedding.size(), 0);
    weights.embedding.row_halves(token, embedding);
    if (layout.whole.position == PositionKind::learned)
        weights.positions.row_halves(layout.whole.position_offset + position, place);
    const auto value = [&](size_t element) {
        return half_to_float(embedding[element]) * float(layout.whole.embedding_multiplier) +
               half_to_float(place[element]);
    };
    const bool wide = layout.alone() || layout.options.wide_exchange;
    Image image;
    for (int k = 0; k < layout.residual.slots; ++k) {
        const std::vector<int> elements = layout.residual.slot_elements(0, k);
        std::vector<uint32_t> lanes(size_t(layout.lanes), 0);
        for (size_t lane = 0; lane < elements.size(); ++lane)
            if (const int element = own[size_t(elements[lane])]; element >= 0)
                lanes[lane] = wide ? bits(value(size_t(element))) : float_to_half(value(size_t(element)));
        if (layout.alone())
            put_row(image, layout.x, row * layout.hidden_tiles + k, lanes);
        else
            put_row(image, layout.gathered, layout.exchange_row(row, k, 0), lanes);
    }
    return image;
}

}  // namespace superlane::compiler
