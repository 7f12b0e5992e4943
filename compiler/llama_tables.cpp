// SPDX-License-Identifier: Apache-2.0
// One row a vector; what families fold into a gain is folded here.
#include "compiler/llama_tables.hpp"

#include <bit>

namespace superlane::compiler {
namespace {

class TableWriter {
public:
    TableWriter(const LlamaCompiler::Layout& layout, const std::vector<int>& residual, Image& image)
        : layout_(layout), residual_(residual), image_(image) {}

    void norms(const LlmWeights& weights) {
        const size_t first = size_t(layout_.first_layer());
        for (int i = 0; i < layout_.config.layers; ++i) {
            const LayerWeights& layer = weights.layers[first + size_t(i)];
            norm(2 * i, layer.attention_norm, layer.attention_norm_bias);
            norm(2 * i + 1, layer.ffn_norm, layer.ffn_norm_bias);
            if (!layout_.config.sandwich_norms) continue;
            gain(layout_.post_norm(i, false), layer.attention_post_norm);
            gain(layout_.post_norm(i, true), layer.ffn_post_norm);
        }
        norm(2 * layout_.config.layers, weights.final_norm, weights.final_norm_bias);
        if (layout_.config.norm == NormKind::layer)
            for (int tile = 0; tile < layout_.hidden_tiles; ++tile)
                residual_row(layout_.residual_mask, tile, [](size_t) { return 1u; });
    }

    /// Every position's row, of which a chip has its own shard.
    void positions(const Tensor& table) {
        std::vector<uint16_t> row(size_t(layout_.whole.hidden));
        for (int position = 0; position < layout_.options.context; ++position) {
            table.row_halves(position + layout_.config.position_offset, row);
            for (size_t slot = 0; slot < layout_.position_row.size(); ++slot) {
                const std::vector<int> elements = layout_.residual.slot_elements(0, int(slot));
                fill(layout_.position_row[slot], position, [&](size_t lane) -> uint32_t {
                    const int element = lane < elements.size() ? residual_[size_t(elements[lane])] : -1;
                    return element < 0 ? 0u : row[size_t(element)];
                });
            }
        }
    }

    void head_norm(int layer, bool key, const Tensor& tensor) {
        const std::vector<float> gains = tensor.floats();
        const HeadPacking& packing = layout_.packing;
        for (int half = 0; half < 2; ++half)
            fill(layout_.head_gain[half], LlamaCompiler::Layout::head_gain_row(layer, key), [&](size_t lane) {
                const int element = packing.half_element(half, int(lane) % packing.half);
                return element < 0 ? 0u : bits(gains[size_t(element)]);
            });
    }

    void slot_ends() {
        const int half = layout_.packing.half;
        fill(layout_.slot_end, 0, [&](size_t lane) { return uint32_t(int(lane) % half == half - 1); });
    }

    void sinks(int layer, int rank, const Tensor& tensor) {
        const std::vector<float> values = tensor.floats();
        const HeadPacking& packing = layout_.packing;
        for (int pair = 0; pair < packing.pairs; ++pair)
            for (int i = 0; i < packing.slots_in(pair) * packing.group; ++i) {
                const int g = i / packing.slots_in(pair), slot = i % packing.slots_in(pair);
                const int head = rank * packing.heads + (pair * packing.slots + slot) * packing.group + g;
                fill(layout_.sinks, layout_.sink_row(layer, pair) + i,
                     [&](size_t lane) { return bits(lane == 0 ? values[size_t(head)] : -1e30f); });
            }
    }

private:
    template <class Value>
    void fill(const VectorRegion& region, int row, Value value) {
        std::vector<uint32_t> values(size_t(layout_.lanes));
        for (size_t lane = 0; lane < values.size(); ++lane) values[lane] = value(lane);
        put_row(image_, region, row, values);
    }

    /// A row of lanes of residual tile `row % hidden_tiles`: 0 in lanes without an element.
    template <class Value>
    void residual_row(const VectorRegion& region, int row, Value value) {
        const std::vector<int> elements = layout_.residual.row_lanes(row % layout_.hidden_tiles);
        fill(region, row, [&](size_t lane) {
            const int element = elements[lane] < 0 ? -1 : residual_[size_t(elements[lane])];
            return element < 0 ? 0u : value(size_t(element));
        });
    }

    void table(const VectorRegion& region, int index, const std::vector<float>& values, float more) {
        for (int tile = 0; tile < layout_.hidden_tiles; ++tile)
            residual_row(region, index * layout_.hidden_tiles + tile,
                         [&](size_t element) { return bits(values[element] + more); });
    }

    void gain(int index, const Tensor& tensor) {
        table(layout_.norm, index, tensor.floats(), layout_.config.norm == NormKind::rms_plus_one ? 1.0f : 0.0f);
    }

    void norm(int index, const Tensor& weight, const Tensor& bias) {
        gain(index, weight);
        if (layout_.norm_bias.rows == 0) return;
        const size_t hidden = size_t(layout_.whole.hidden);
        table(layout_.norm_bias, index, bias.empty() ? std::vector<float>(hidden, 0.0f) : bias.floats(), 0.0f);
    }

    const LlamaCompiler::Layout& layout_;
    const std::vector<int>& residual_;
    Image& image_;
};

}  // namespace

void add_weight_tables(const LlamaCompiler::Layout& layout, int rank, const std::vector<int>& residual,
                       const LlmWeights& weights, Image& image) {
    TableWriter writer(layout, residual, image);
    writer.norms(weights);
    if (!layout.position_row.empty()) writer.positions(weights.positions);
    if (layout.config.qk_norm) writer.slot_ends();
    for (int i = 0; i < layout.config.layers; ++i) {
        const LayerWeights& layer = weights.layers[size_t(layout.first_layer() + i)];
        if (layout.config.qk_norm) {
            writer.head_norm(i, false, layer.q_norm);
            writer.head_norm(i, true, layer.k_norm);
        }
        if (layout.config.attention_sinks) writer.sinks(i, rank, layer.sinks);
    }
}

}  // namespace superlane::compiler
