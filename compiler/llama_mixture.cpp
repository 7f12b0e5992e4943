// SPDX-License-Identifier: Apache-2.0
// The FFN with experts: for every row and each of its experts gate, up and down with gathered weights, summed with the
// router's weights.
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {

HeldInput from_row(const HeldInput& held, const Matrix& matrix, int row) {
    return {held.held, held.slot + row * int(matrix.inputs.size())};
}

}  // namespace

void LlamaStep::mixture_of_experts(int index, bool last) {
    const LlamaLayer& layer = layout_.layers[size_t(index)];
    const int rows = int(rows_.size()), slots = layout_.experts.slots;
    route(layer, index);
    if (!layer.ffn.empty()) shared_expert(layer);
    problem_.begin_operation("experts");
    const HeldInput held = hold_input(lowering_, layer.expert_gate_up, layout_.input(layout_.normed, rows));
    for (int row = 0; row < rows; ++row) {
        for (int slot = 0; slot < slots; ++slot) expert_inner(layer, held, row, slot);
        for (int slot = 0; slot < slots; ++slot) expert_down(layer, row, slot);
    }
    for (int row = 0; row < rows; ++row) land(row, ffn_landing(index, last));
}

/// Its result begins the sum of experts.
void LlamaStep::shared_expert(const LlamaLayer& layer) {
    inner_ffn(layer);
    problem_.begin_operation("down projection");
    const int vectors = layout_.residual.slots * layout_.options.chips;
    multiply_vectors(layer.down, layout_.input(layout_.activated, int(rows_.size())), down_product,
                     [&](VectorTask& task, Value sum, int vector, int row) {
                         task.write(sum, layout_.experts.mixture, row * vectors + vector, vectors);
                     });
}

/// Maps in turn, so that one tile's need not wait for the end of another's.
ExpertMap LlamaStep::next_map(Side side, int choice) {
    const ExpertLayout& e = layout_.experts;
    const auto& copies = e.far_map[int(side)];
    const int turn = next_map_[int(side)]++ % int(copies.size());
    return {copies[size_t(turn)], choice, layout_.chip.geometry.streams - 1 - turn, e.own};
}

/// As dequantize(), with the scale and the bias of the chosen expert.
LlamaStep::Value LlamaStep::expert_result(VectorTask& task, const OutputTile& tile, Value sum, Value scale,
                                          int choice) {
    const ExpertLayout& e = layout_.experts;
    const size_t side = size_t(tile.unit.side);
    if (!layout_.half) {
        sum = task.op(Opcode::Multiply, DType::F32, task.convert(DType::I32, DType::F32, sum), scale);
        sum = task.op(Opcode::Multiply, DType::F32, sum,
                      task.gather(e.scales[side], DType::F32, tile.scale_row, e.near_map[side], choice));
    }
    if (tile.bias_row < 0) return sum;
    return task.op(Opcode::Add, DType::F32, sum,
                   task.gather(e.biases[side], DType::F32, tile.bias_row, e.near_map[side], choice));
}

void LlamaStep::expert_inner(const LlamaLayer& layer, const HeldInput& held, int row, int slot) {
    const Matrix& matrix = layer.expert_gate_up;
    const ExpertLayout& e = layout_.experts;
    const int choice = row * e.slots + slot;
    ProductInput input = layout_.input(layout_.normed, 1);
    input.first_row = row;
    for (int vector = 0; vector < e.tiles; ++vector) {
        VectorTask task = lowering_.vector_task(1);
        std::array<Value, 2> values;
        for (int which = 0; which < 2; ++which) {
            const OutputTile& tile = matrix.tiles[size_t(layer.expert_ffn[size_t(vector)][size_t(which)])];
            const int result = lowering_.take_accumulators(1);
            multiply_expert_tile(lowering_, matrix, tile, input, from_row(held, matrix, row), result,
                                 next_map(tile.unit.side, choice));
            values[size_t(which)] =
                expert_result(task, tile, task.emit(tile.unit, result), scales(task, ffn_product, row), choice);
        }
        const Value y = gated(task, values[0], values[1]);
        const int to = choice * e.tiles + vector;
        if (layout_.half) {
            const Value rounded = task.convert(DType::F32, DType::F16, y);
            for (const VectorRegion& region : e.activated) task.write(rounded, region, to);
        } else {
            task.write(y, e.wide, to);
        }
        problem_.add(task.finish());
    }
    if (!layout_.half) quantize_expert(choice);
}

void LlamaStep::quantize_expert(int choice) {
    const ExpertLayout& e = layout_.experts;
    VectorTask task = lowering_.vector_task(e.tiles);
    const Value magnitude = task.op(Opcode::Absolute, DType::F32, task.read(e.wide, DType::F32, choice * e.tiles));
    task.write(task.accumulate(DType::F32, AccumulateOp::Max, magnitude, e.tiles), e.top[0], choice);
    problem_.add(task.finish());
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(DType::F32, AccumulateOp::Max,
                           {{e.top[0], choice, rotations[0]}, {e.top[1], choice, rotations[1]}}, e.top[2], choice);
    quantize_from(e.wide, e.top[2], choice, e.tiles, e.activated);
    VectorTask scale = lowering_.vector_task(1);
    scale.write(scale.op(Opcode::Multiply, DType::F32, scale.read(e.top[2], DType::F32, choice), 1.0f / 127.0f),
                e.normed_scale, choice);
    problem_.add(scale.finish());
}

/// Adds weight * down(...) to the sum of experts; the last slot's sum goes where the FFN's result goes.
void LlamaStep::expert_down(const LlamaLayer& layer, int row, int slot) {
    const Matrix& matrix = layer.expert_down;
    const ExpertLayout& e = layout_.experts;
    const int choice = row * e.slots + slot, count = int(matrix.inputs.size());
    const ProductInput input{e.activated[0], e.activated[1], 1, choice};
    HeldInput held;
    if (count <= layout_.chip.geometry.activation_slots) {
        held = {true, lowering_.take_activation_slots(count)};
        for (const VectorRegion& region : e.activated)
            lowering_.hold(region, choice * count, count, held.slot, matrix.half);
    }
    for (size_t t = 0; t < matrix.tiles.size();) {
        const OutputTile& first = matrix.tiles[t];
        VectorTask task = lowering_.vector_task(1);
        Value sum;
        for (; t < matrix.tiles.size() && matrix.tiles[t].vector == first.vector; ++t) {
            const OutputTile& tile = matrix.tiles[t];
            const int result = lowering_.take_accumulators(1);
            multiply_expert_tile(lowering_, matrix, tile, input, held, result, next_map(tile.unit.side, choice));
            const Value part = task.emit(tile.unit, result);
            sum = sum.node < 0 ? part : task.op(Opcode::Add, layout_.half ? DType::F32 : DType::I32, sum, part);
        }
        const Value scale = layout_.half ? Value{} : task.read(e.normed_scale, DType::F32, choice);
        sum = expert_result(task, first, sum, scale, choice);
        store_weighted(task, sum, first.vector, row, slot, !layer.ffn.empty());
    }
}

void LlamaStep::store_weighted(VectorTask& task, Value value, int vector, int row, int slot, bool begun) {
    const ExpertLayout& e = layout_.experts;
    const int to = row * layout_.residual.slots * layout_.options.chips + vector;
    Value sum = task.op(Opcode::Multiply, DType::F32, value, task.read(e.weights, DType::F32, row * e.slots + slot));
    if (slot > 0 || begun) sum = task.op(Opcode::Add, DType::F32, sum, task.read(e.mixture, DType::F32, to));
    const bool complete = slot + 1 == e.slots;
    if (complete)
        store_sum(task, sum, vector, row);
    else
        task.write(sum, e.mixture, to);
    problem_.add(task.finish());
    if (complete && !layout_.alone())
        send_partial(row, vector / layout_.residual.slots, vector % layout_.residual.slots);
}

}  // namespace superlane::compiler
