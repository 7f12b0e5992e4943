// SPDX-License-Identifier: Apache-2.0
// RMS norm of each query and key head: heads stand in slots of lanes side by side, so the sum of squares is one over
// each slot.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {

/// r1 * r2 = lanes of a slot, as near each other as divisors allow.
std::array<int, 2> slot_rotations(int lanes) {
    int first = 1;
    for (int divisor = 1; divisor * divisor <= lanes; ++divisor)
        if (lanes % divisor == 0) first = divisor;
    return {first, lanes / first};
}

}  // namespace

/// Halves A and B of heads, fp32, for `count` rows from `heads.first` on: as projected, clipped, and normed.
std::array<LlamaStep::Value, 2> LlamaStep::head_halves(VectorTask& task, const Heads& heads) {
    std::array<Value, 2> halves{};
    if (!layout_.config.qk_norm) {
        const Value scale = scales(task, qkv_product, heads.first);
        for (size_t h = 0; h < 2; ++h)
            halves[h] = clamped(task, result(task, heads.tile(h), heads.slots[h] + heads.first, scale),
                                float(layout_.config.clip_qkv));
        return halves;
    }
    const int row = raw_row(heads);
    const auto multiply = [&](Value a, Value b) { return task.op(Opcode::Multiply, DType::F32, a, b); };
    const Value r = inverse_rms(task, task.read(layout_.head_sums[heads.vector % 2][4], DType::F32, row),
                                layout_.packing.dim, layout_.config.rms_norm_eps);
    for (size_t h = 0; h < 2; ++h) {
        const Value gain = task.read(layout_.head_gain[h], DType::F32,
                                     LlamaCompiler::Layout::head_gain_row(heads.layer, heads.key), 0);
        halves[h] = multiply(multiply(task.read(layout_.raw_half[h], DType::F32, row), r), gain);
    }
    return halves;
}

int LlamaStep::raw_row(const Heads& heads) const { return heads.vector * layout_.max_rows + heads.first; }

/// What head_halves() needs beforehand.
void LlamaStep::prepare_heads(const Heads& heads) {
    if (!layout_.config.qk_norm) return;
    const int side = heads.vector % 2, row = raw_row(heads);
    VectorTask task = lowering_.vector_task(heads.count);
    const Value scale = scales(task, qkv_product, heads.first);
    std::array<Value, 2> squares{};
    for (size_t h = 0; h < 2; ++h) {
        const Value raw = clamped(task, result(task, heads.tile(h), heads.slots[h] + heads.first, scale),
                                  float(layout_.config.clip_qkv));
        task.write(raw, layout_.raw_half[h], row);
        squares[h] = task.op(Opcode::Multiply, DType::F32, raw, raw);
    }
    task.write(task.op(Opcode::Add, DType::F32, squares[0], squares[1]), layout_.head_sums[side][0], row);
    problem_.add(task.finish());
    for (int i = 0; i < heads.count; ++i) sum_slots(side, row + i);
}

/// Sums of as many lanes as a slot has, up to each lane; those of a slot's last lane are the slot's, and are brought
/// back to its other lanes by the same sum in the other direction.
void LlamaStep::sum_slots(int side, int row) {
    const std::array<int, 2> rotations = slot_rotations(layout_.packing.half);
    for (int stage = 0; stage < 4; ++stage) {
        const int count = rotations[size_t(stage % 2)], apart = stage % 2 == 0 ? 1 : rotations[0];
        VectorTask task = lowering_.vector_task(count);
        Value turned = task.read_rotated(layout_.head_sums[side][stage], DType::F32, row, 0, 0,
                                         stage < 2 ? apart : -apart, lowering_.next_permuter());
        if (stage == 1)
            turned = task.op(Opcode::Mask, DType::F32, turned, task.read(layout_.slot_end, DType::Bool, 0, 0));
        task.write(task.accumulate(DType::F32, AccumulateOp::Add, turned, count), layout_.head_sums[side][stage + 1],
                   row);
        problem_.add(task.finish());
    }
}

}  // namespace superlane::compiler
