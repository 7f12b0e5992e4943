// SPDX-License-Identifier: Apache-2.0
// Latent attention's products of single heads: each has its own weights and its own inputs.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

/// Maxima of a row's heads over their lanes, and the scales that follow from them.
void LlamaStep::reduce_heads(int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    for (int head = 0; head < p.heads; ++head) reduce_row(AccumulateOp::Max, regions.head_tops, row * p.heads + head);
    for (int head = 0; head < p.heads; head += heads_at_once) {
        VectorTask task = lowering_.vector_task(std::min(heads_at_once, p.heads - head));
        const Value top = task.read(regions.head_tops[2], DType::F32, row * p.heads + head);
        task.write(task.op(Opcode::Multiply, DType::F32, top, 1.0f / 127.0f), regions.head_scale, row * p.heads + head);
        problem_.add(task.finish());
    }
}

/// fp32 vectors to int8 by the maxima of their heads, which stand from `top` on.
void LlamaStep::quantize_latent(VectorTask& task, Value wide, int top, int top_step, const VectorRegion (&to)[2],
                                int first) {
    const Value factor = int8_factor(task, task.read(layout_.latent_rows.head_tops[2], DType::F32, top, top_step));
    const Value rounded = task.convert(DType::F32, DType::I8, task.op(Opcode::Multiply, DType::F32, wide, factor));
    for (int side = 0; side < 2; ++side) task.write(rounded, to[side], first);
    problem_.add(task.finish());
}

/// A product of one input tile with the activations of one head.
void LlamaStep::multiply_head(const OutputTile& tile, int k, const VectorRegion (&input)[2], int first, int step,
                              int slot, bool add) {
    auto piece = tile.pieces.begin();
    while (k > piece->k_last) ++piece;
    WeightRows weights = piece->rows;
    weights.first = (k - piece->k_first) * weights.cycles;
    const Activations activations{
        .count = int(rows_.size()), .region = input[size_t(tile.unit.side)], .row = first, .row_step = step};
    lowering_.tile(tile.unit, weights, {{activations, slot, add}});
}

/// One half of a head's query of latent keys: K^T q, and the rotated elements in the lanes that keys have them in.
void LlamaStep::latent_query(const Matrix& key_up, int head, int h) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const OutputTile& tile = key_up.tiles[size_t(2 * head + h)];
    const int rows = int(rows_.size()), slot = lowering_.take_accumulators(rows);
    multiply_head(tile, tile.k_first, regions.nope, layout_.half ? head / p.nope_heads : head,
                  layout_.half ? p.nope_vectors : p.heads, slot, false);
    const int pages_used = (layout_.options.context + layout_.lanes - 1) / layout_.lanes;
    for (int row = 0; row < rows; row += row_chunk) {
        VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
        const Value scale =
            layout_.half ? Value{} : task.read(regions.head_scale, DType::F32, row * p.heads + head, p.heads);
        const Value latent = task.op(Opcode::Multiply, DType::F32, result(task, tile, slot + row, scale),
                                     float(layout_.config.score_scale()));
        const int turn = p.rope_lane - head % p.rope_heads * p.rope;
        const Value turned =
            task.read_rotated(layout_.query_half[h], DType::F16, head / p.rope_heads * layout_.max_rows + row, 1, turn,
                              0, lowering_.next_permuter());
        const Value own = task.op(Opcode::Mask, DType::F16, turned,
                                  task.read(regions.masks, DType::Bool, LatentPacking::rope_mask, 0));
        const Value both = task.op(Opcode::Add, DType::F32, latent, task.convert(DType::F16, DType::F32, own));
        const Value rounded = task.convert(DType::F32, DType::F16, both);
        for (int side = 0; side < std::min(2, pages_used); ++side)
            task.write(rounded, layout_.query_masked[side][h], row * p.heads + head, p.heads);
        problem_.add(task.finish());
    }
}

/// Scales of the heads' weighted latent rows, and those rows in int8.
void LlamaStep::quantize_latent_results(int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int tiles = layout_.packing.tiles;
    for (int head = 0; head < p.heads; head += heads_at_once) {
        const int count = std::min(heads_at_once, p.heads - head), first = row * p.heads + head;
        VectorTask task = lowering_.vector_task(count * tiles);
        const Value size = task.op(Opcode::Absolute, DType::F32, task.read(layout_.wide, DType::F32, first * tiles));
        task.write(task.accumulate(DType::F32, AccumulateOp::Max, size, tiles), regions.head_tops[0], first);
        problem_.add(task.finish());
    }
    reduce_heads(row);
    for (int head = 0; head < p.heads; ++head) {
        const int first = row * p.heads + head;
        VectorTask task = lowering_.vector_task(tiles);
        quantize_latent(task, task.read(layout_.wide, DType::F32, first * tiles), first, 0, layout_.attended,
                        first * tiles);
    }
    int mask = 0;
    for (int v = 0; v < p.result_vectors; ++v) {
        const int count = p.result_last(v) - p.result_first(v) + 1;
        VectorTask task = lowering_.vector_task(count);
        const Value own = task.op(Opcode::Mask, DType::F32,
                                  task.read(regions.head_scale, DType::F32, row * p.heads + p.result_first(v)),
                                  task.read(regions.masks, DType::Bool, p.result_mask(mask)));
        task.write(task.accumulate(DType::F32, AccumulateOp::Add, own, count), regions.lane_scale,
                   row * p.result_vectors + v);
        problem_.add(task.finish());
        mask += count;
    }
}

/// Each head's weighted latent row times its V. Heads of a result vector have lanes of their own, so one accumulator
/// takes the sum.
void LlamaStep::latent_results(const Matrix& value_up) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int rows = int(rows_.size()), tiles = layout_.packing.tiles;
    for (int row = 0; !layout_.half && row < rows; ++row) quantize_latent_results(row);
    size_t t = 0;
    for (int v = 0; v < p.result_vectors; ++v) {
        const int slot = lowering_.take_accumulators(rows);
        const OutputTile& first = value_up.tiles[t];
        for (int head = p.result_first(v); head <= p.result_last(v); ++head, ++t)
            for (int k = 0; k < tiles; ++k)
                multiply_head(value_up.tiles[t], k, layout_.attended, head * tiles + k, p.heads * tiles, slot,
                              head > p.result_first(v) || k > 0);
        for (int row = 0; row < rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
            const int to_row = row * p.result_vectors + v;
            const Value scale =
                layout_.half ? Value{} : task.read(regions.lane_scale, DType::F32, to_row, p.result_vectors);
            const Value sum = result(task, first, slot + row, scale);
            if (layout_.half) {
                const Value rounded = task.convert(DType::F32, DType::F16, sum);
                for (const VectorRegion& to : regions.results) task.write(rounded, to, to_row, p.result_vectors);
            } else {
                task.write(sum, layout_.wide, to_row, p.result_vectors);
            }
            problem_.add(task.finish());
        }
    }
}

}  // namespace superlane::compiler
