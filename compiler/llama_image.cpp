// SPDX-License-Identifier: Apache-2.0
// What the host writes before the first step: weights, scales, tables, masks.
#include <bit>
#include <cmath>

#include "base/error.hpp"
#include "base/half.hpp"
#include "compiler/llama_layout.hpp"
#include "models/rope.hpp"

namespace superlane::compiler {
namespace {

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

/// Rows of several tensors one under the other, as fp16 bits or as int8 with a scale a row.
class StackedRows {
public:
    StackedRows(std::vector<const Tensor*> tensors, bool half) : tensors_(std::move(tensors)), half_(half) {}

    /// Weight bits of a row; returns its scale (1 for fp16).
    float row(int row, std::vector<uint16_t>& out) {
        size_t t = 0;
        while (row >= tensors_[t]->rows()) row -= int(tensors_[t++]->rows());
        const size_t columns = size_t(tensors_[t]->columns());
        out.resize(columns);
        if (half_) {
            tensors_[t]->row_halves(row, out);
            return 1.0f;
        }
        values_.resize(columns);
        tensors_[t]->row(row, values_);
        float top = 0;
        for (const float value : values_) top = std::max(top, std::fabs(value));
        const float scale = top / 127.0f;
        for (size_t i = 0; i < columns; ++i)
            out[i] = scale == 0 ? 0 : uint8_t(int8_t(std::nearbyint(values_[i] / scale)));
        return scale;
    }

private:
    std::vector<const Tensor*> tensors_;
    bool half_;
    std::vector<float> values_;
};

class ImageWriter {
public:
    explicit ImageWriter(const LlamaCompiler::Layout& layout) : layout_(layout), lanes_(size_t(layout.chip.lanes())) {}

    Image write(const LlmWeights& weights) {
        rotary_tables();
        norms(weights);
        masks();
        value_maps();
        for (const VectorRegion& row : layout_.ones) fill(row, 0, [](size_t) { return uint32_t(float_to_half(1.0f)); });
        if (layout_.options.embedding) embedding(weights);
        for (size_t i = 0; i < layout_.layers.size(); ++i) {
            const LlamaLayer& layer = layout_.layers[i];
            const LayerWeights& w = weights.layers[i];
            matrix(layer.qkv, {&w.q, &w.k, &w.v});
            matrix(layer.o, {&w.o});
            matrix(layer.gate_up, {&w.gate, &w.up});
            matrix(layer.down, {&w.down});
            biases(layer.qkv, {&w.q_bias, &w.k_bias, &w.v_bias});
            biases(layer.o, {&w.o_bias});
            biases(layer.gate_up, {&w.gate_bias, &w.up_bias});
            biases(layer.down, {&w.down_bias});
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
        const size_t half = size_t(layout_.packing.half);
        for (int position = 0; position < layout_.options.context; ++position) {
            const auto angle = [&](size_t lane) { return double(position) * frequencies[lane % half]; };
            fill(layout_.cosine, position, [&](size_t lane) { return bits(float(std::cos(angle(lane)) * factor)); });
            fill(layout_.sine, position, [&](size_t lane) { return bits(float(std::sin(angle(lane)) * factor)); });
        }
    }

    void norms(const LlmWeights& weights) {
        const auto norm = [&](int index, const Tensor& tensor) {
            const std::vector<float> values = tensor.floats();
            for (int tile = 0; tile < layout_.hidden_tiles; ++tile)
                fill(layout_.norm, index * layout_.hidden_tiles + tile, [&](size_t lane) {
                    const size_t element = size_t(tile) * lanes_ + lane;
                    return element < values.size() ? bits(values[element]) : 0u;
                });
        };
        for (size_t layer = 0; layer < weights.layers.size() && layer < layout_.layers.size(); ++layer) {
            norm(int(2 * layer), weights.layers[layer].attention_norm);
            norm(int(2 * layer + 1), weights.layers[layer].ffn_norm);
        }
        norm(2 * layout_.config.layers, weights.final_norm);
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
        if (!layout_.options.head) return;
        for (size_t tile = 0; tile < layout_.head_columns.size(); ++tile) {
            const std::vector<int>& columns = layout_.head_columns[tile];
            fill(layout_.vocabulary_ids, int(tile),
                 [&](size_t lane) { return lane < columns.size() ? uint32_t(columns[lane]) - (1u << 30) : 0u; });
            fill(layout_.head_bias, int(tile),
                 [&](size_t lane) { return bits(lane < columns.size() ? 0.0f : -3e38f); });
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

    void embedding(const LlmWeights& weights) {
        fill(layout_.token_shift, 0, [](size_t lane) { return lane % isa::lanes_per_superlane == 1 ? 8u : 0u; });
        fill(layout_.token_keep, 0, [](size_t lane) { return uint32_t(lane % isa::lanes_per_superlane < 2); });
        std::vector<uint16_t> row(size_t(layout_.config.hidden));
        for (int token = 0; token < layout_.config.vocabulary; ++token) {
            weights.embedding.row_halves(token, row);
            for (int tile = 0; tile < layout_.hidden_tiles; ++tile) {
                const VectorRegion& table =
                    layout_.embedding[size_t(token / layout_.segment_tokens * layout_.hidden_tiles + tile)];
                fill(table, token % layout_.segment_tokens, [&](size_t lane) -> uint32_t {
                    const size_t element = size_t(tile) * lanes_ + lane;
                    return element < row.size() ? row[element] : 0;
                });
            }
        }
    }

    void matrix(const Matrix& matrix, std::vector<const Tensor*> tensors) {
        StackedRows rows(std::move(tensors), layout_.half);
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
    void biases(const Matrix& matrix, const std::vector<const Tensor*>& tensors) {
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
                    return output < 0 ? 0u : bits(values[size_t(output)]);
                });
    }

    void head(const LlmWeights& weights) { matrix(layout_.head, {&weights.head}); }

    const LlamaCompiler::Layout& layout_;
    size_t lanes_;
    Image image_;
};

}  // namespace

Image LlamaCompiler::image(const LlmWeights& weights) const {
    SUPERLANE_CHECK(weights.layers.size() >= layout_->layers.size(), "fewer layers of weights than the layout has");
    return ImageWriter(*layout_).write(weights);
}

}  // namespace superlane::compiler
