// SPDX-License-Identifier: Apache-2.0
// The dense FFN of one step.
#include <algorithm>

#include "compiler/llama_step.hpp"

namespace superlane::compiler {

/// The inputs of the down projection.
void LlamaStep::inner_ffn(const LlamaLayer& layer) {
    problem_.begin_operation(layout_.config.gated_ffn ? "gate, up" : "up");
    const int rows = int(rows_.size()), vectors = int(layer.ffn.size());
    const Matrix& matrix = layer.gate_up;
    const ProductInput input = layout_.input(layout_.normed, rows);
    const HeldInput held = hold_input(lowering_, matrix, input);
    for (int vector = 0; vector < vectors; ++vector) {
        const std::array<int, 2>& tiles = layer.ffn[size_t(vector)];
        std::array<int, 2> slots{};
        for (size_t which = 0; which < 2; ++which) {
            if (tiles[which] < 0) continue;
            slots[which] = lowering_.take_accumulators(rows);
            multiply_tile(lowering_, matrix, matrix.tiles[size_t(tiles[which])], input, held, slots[which]);
        }
        for (int row = 0; row < rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
            const auto value = [&](size_t which) {
                return result(task, matrix.tiles[size_t(tiles[which])], slots[which] + row,
                              scales(task, ffn_product, row));
            };
            Value y;
            if (tiles[0] < 0) {
                y = activate(task, value(1));
            } else {
                const Value gate = value(0);
                y = gated(task, gate, value(1));
            }
            const int first = row * vectors + vector;
            if (layout_.half) {
                const Value rounded = task.convert(DType::F32, DType::F16, y);
                for (const VectorRegion& to : layout_.activated) task.write(rounded, to, first, vectors);
            } else {
                task.write(y, layout_.wide, first, vectors);
            }
            problem_.add(task.finish());
        }
    }
    if (layout_.half) return;
    problem_.begin_operation("down projection");
    for (int row = 0; row < rows; ++row) quantize(row, vectors, layout_.activated, down_product);
}

void LlamaStep::feed_forward(int layer, bool last) {
    const LlamaLayer& weights = layout_.layers[size_t(layer)];
    inner_ffn(weights);
    problem_.begin_operation("down projection");
    add_product(weights.down, layout_.activated, down_product, ffn_landing(layer, last));
}

}  // namespace superlane::compiler
