// SPDX-License-Identifier: Apache-2.0
// The dense FFN of one step.
#include <algorithm>

#include "compiler/llama_step.hpp"

namespace superlane::compiler {

namespace {
constexpr int row_chunk = 3;  // as for other tasks that read and write the residual
}  // namespace

/// gate * sigmoid(gate) * up, sigmoid as the square of rsqrt(1 + exp(-gate)).
LlamaStep::Value LlamaStep::gated(VectorTask& task, Value gate, Value up) {
    const Value minus = task.op(Opcode::Exp, DType::F32, task.op(Opcode::Negate, DType::F32, gate));
    const Value root = task.op(Opcode::Rsqrt, DType::F32, task.op(Opcode::Add, DType::F32, minus, 1.0f));
    const Value sigmoid = task.op(Opcode::Multiply, DType::F32, root, root);
    const Value silu = task.op(Opcode::Multiply, DType::F32, sigmoid, gate);
    return task.op(Opcode::Multiply, DType::F32, silu, up);
}

/// The inputs of the down projection.
void LlamaStep::inner_ffn(const LlamaLayer& layer) {
    problem_.begin_operation("gate, up");
    const int rows = int(rows_.size()), tiles = int(layer.ffn.size());
    const Matrix& matrix = layer.gate_up;
    const ProductInput input = layout_.input(layout_.normed, rows);
    const HeldInput held = hold_input(lowering_, matrix, input);
    for (int vector = 0; vector < tiles; ++vector) {
        std::array<int, 2> slots{};
        for (int which = 0; which < 2; ++which) {
            slots[size_t(which)] = lowering_.take_accumulators(rows);
            multiply_tile(lowering_, matrix, matrix.tiles[size_t(layer.ffn[size_t(vector)][size_t(which)])], input,
                          held, slots[size_t(which)]);
        }
        for (int row = 0; row < rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
            const Value scale = scales(task, ffn_product, row);
            const Value gate = result(task, matrix.tiles[size_t(layer.ffn[size_t(vector)][0])], slots[0] + row, scale);
            const Value up = result(task, matrix.tiles[size_t(layer.ffn[size_t(vector)][1])], slots[1] + row,
                                    scales(task, ffn_product, row));
            const Value y = gated(task, gate, up);
            const int first = row * tiles + vector;
            if (layout_.half) {
                const Value rounded = task.convert(DType::F32, DType::F16, y);
                for (const VectorRegion& to : layout_.activated) task.write(rounded, to, first, tiles);
            } else {
                task.write(y, layout_.wide, first, tiles);
            }
            problem_.add(task.finish());
        }
    }
    if (layout_.half) return;
    problem_.begin_operation("down projection");
    for (int row = 0; row < rows; ++row) quantize(row, tiles, layout_.activated, down_product);
}

void LlamaStep::feed_forward(const LlamaLayer& layer, bool last) {
    inner_ffn(layer);
    problem_.begin_operation("down projection");
    add_product(layer.down, layout_.activated, down_product, last);
}

}  // namespace superlane::compiler
