// SPDX-License-Identifier: Apache-2.0
// What the host writes for latent attention: the two halves of kv_b head by head, gains, masks.
#include <bit>
#include <numeric>

#include "base/error.hpp"
#include "compiler/llama_layout.hpp"
#include "compiler/weight_rows.hpp"

namespace superlane::compiler {
namespace {

std::vector<int> run(int first, int count) {
    std::vector<int> all(static_cast<size_t>(count));
    std::iota(all.begin(), all.end(), first);
    return all;
}

/// Rows [first, first + count) of a matrix.
Tensor rows_of(const Tensor& matrix, int64_t first, int64_t count) {
    Tensor part = matrix;
    part.row_stride = matrix.row_stride == 0 ? matrix.columns() : matrix.row_stride;
    part.bytes = matrix.bytes.subspan(size_t(first * part.row_stride * dtype_bytes(matrix.dtype)));
    part.shape = {count, matrix.columns()};
    return part;
}

Tensor transposed(Tensor matrix) {
    std::swap(matrix.shape[0], matrix.shape[1]);
    std::swap(matrix.row_stride, matrix.column_stride);
    return matrix;
}

class LatentImage {
public:
    LatentImage(const LlamaCompiler::Layout& layout, int layer, int rank, Image& image)
        : layout_(layout),
          p_(layout.latent),
          weights_(layout.layers[size_t(layer)]),
          layer_(layer),
          rank_(rank),
          image_(image) {}

    void write(const LayerWeights& w) {
        const std::vector<int> own = run(rank_ * layout_.config.q_columns(), layout_.config.q_columns());
        const bool has_row = p_.query_vectors > 0;
        const Tensor& query = has_row ? w.q_a : w.q;
        std::vector<int> rows = has_row ? run(0, p_.q_lora) : own, columns;
        for (int row = 0; row < int(w.kv_a.rows()); ++row) rows.push_back(int(query.rows()) + row);
        const ShardedVector& residual = layout_.residual;
        for (int e = 0; e < residual.chips * residual.shard; ++e) columns.push_back(residual.global(e, rank_));
        matrix(weights_.qkv, {&query, &w.kv_a}, rows, columns);
        biases(weights_.qkv, rows, query.rows(), has_row ? w.q_a_bias : w.q_bias, w.kv_a_bias);
        if (has_row) matrix(weights_.latent.query_b, {&w.q_b}, own, run(0, p_.q_lora));
        absorbed(w.kv_b);
        gains(w);
        masks();
    }

private:
    template <class Value>
    void fill(const VectorRegion& region, int row, Value value) {
        std::vector<uint32_t> values(static_cast<size_t>(layout_.lanes));
        for (size_t lane = 0; lane < values.size(); ++lane) values[lane] = value(int(lane));
        put_row(image_, region, row, values);
    }

    /// Tiles that share a scale row follow each other; each has its own lanes of it.
    void matrix(const Matrix& matrix, std::vector<const Tensor*> tensors, std::vector<int> rows,
                std::vector<int> columns) {
        StackedRows stacked(std::move(tensors), layout_.half, std::move(rows), std::move(columns));
        add_matrix_image(
            layout_.chip, matrix, [&](int row, std::vector<uint16_t>& out) { stacked.row(row, out); }, image_);
        if (layout_.half) return;
        std::vector<uint16_t> unused;
        std::vector<uint32_t> scales;
        for (size_t t = 0; t < matrix.tiles.size(); ++t) {
            const OutputTile& tile = matrix.tiles[t];
            if (tile.scale_row < 0) continue;
            scales.resize(size_t(layout_.lanes));
            for (size_t j = 0; j < tile.outputs.size(); ++j)
                if (tile.outputs[j] >= 0) scales[j] = std::bit_cast<uint32_t>(stacked.row(tile.outputs[j], unused));
            const bool goes_on = t + 1 < matrix.tiles.size() && matrix.tiles[t + 1].scale_row == tile.scale_row &&
                                 matrix.tiles[t + 1].unit.side == tile.unit.side;
            if (goes_on) continue;
            put_row(image_, layout_.scales[size_t(tile.unit.side)], tile.scale_row, scales);
            scales.clear();
        }
    }

    /// Queries may have none where keys and values have some.
    void biases(const Matrix& matrix, const std::vector<int>& rows, int64_t queries, const Tensor& query,
                const Tensor& key) {
        std::vector<float> values = query.empty() ? std::vector<float>(size_t(queries)) : query.floats();
        const std::vector<float> more = key.empty() ? std::vector<float>{} : key.floats();
        values.insert(values.end(), more.begin(), more.end());
        for (const OutputTile& tile : matrix.tiles)
            if (tile.bias_row >= 0)
                fill(layout_.biases[size_t(tile.unit.side)], tile.bias_row, [&](int lane) {
                    const int output = lane < int(tile.outputs.size()) ? tile.outputs[size_t(lane)] : -1;
                    return output < 0 ? 0u : std::bit_cast<uint32_t>(values[size_t(rows[size_t(output)])]);
                });
    }

    void absorbed(const Tensor& kv_b) {
        std::vector<Tensor> keys, values;
        for (int i = 0; i < p_.heads; ++i) {
            const int64_t first = int64_t(rank_ * p_.heads + i) * (p_.nope + p_.value);
            keys.push_back(transposed(rows_of(kv_b, first, p_.nope)));
            values.push_back(rows_of(kv_b, first + p_.nope, p_.value));
        }
        const auto pointers = [](const std::vector<Tensor>& tensors) {
            std::vector<const Tensor*> all;
            for (const Tensor& tensor : tensors) all.push_back(&tensor);
            return all;
        };
        matrix(weights_.latent.key_up, pointers(keys), run(0, p_.heads * p_.latent), run(0, p_.nope));
        matrix(weights_.latent.value_up, pointers(values), run(0, p_.heads * p_.value), run(0, p_.latent));
    }

    void gains(const LayerWeights& w) {
        const VectorRegion& region = layout_.latent_rows.gains;
        const std::vector<float> latent = w.kv_a_norm.floats();
        const std::vector<float> query = p_.query_vectors > 0 ? w.q_a_norm.floats() : std::vector<float>{};
        const auto gain = [&](int row, const std::vector<float>& values, int first, int count) {
            fill(region, layer_ * p_.gains() + row,
                 [&](int lane) { return lane < count ? std::bit_cast<uint32_t>(values[size_t(first + lane)]) : 0u; });
        };
        for (int h = 0; h < 2; ++h) gain(h, latent, p_.latent_first(h), p_.latent_count(h));
        for (int v = 0; v < p_.query_vectors; ++v)
            gain(2 + v, query, v * p_.lanes, std::min(p_.lanes, p_.q_lora - v * p_.lanes));
    }

    /// The same for every layer.
    void masks() {
        const auto mask = [&](int row, int first, int count) {
            fill(layout_.latent_rows.masks, row,
                 [&](int lane) { return uint32_t(lane >= first && lane < first + count); });
        };
        mask(LatentPacking::latent_mask, 0, p_.half);
        mask(LatentPacking::rope_mask, p_.rope_lane, p_.rope);
        for (int slot = 0; slot < p_.nope_heads; ++slot) mask(p_.nope_mask(slot), slot * p_.nope, p_.nope);
        int tile = 0;
        for (int v = 0; v < p_.result_vectors; ++v)
            for (int head = p_.result_first(v); head <= p_.result_last(v); ++head)
                mask(p_.result_mask(tile++), head * p_.value - v * p_.lanes, p_.value);
    }

    const LlamaCompiler::Layout& layout_;
    const LatentPacking& p_;
    const LlamaLayer& weights_;
    int layer_, rank_;
    Image& image_;
};

}  // namespace

void add_latent_image(const LlamaCompiler::Layout& layout, int layer, int rank, const LayerWeights& weights,
                      Image& image) {
    LatentImage(layout, layer, rank, image).write(weights);
}

}  // namespace superlane::compiler
