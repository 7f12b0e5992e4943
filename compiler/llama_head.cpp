// SPDX-License-Identifier: Apache-2.0
// Final norm, vocabulary head and argmax.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

void LlamaStep::head() {
    std::vector<NormRow> wanted;
    std::vector<int> token_rows;
    for (int row = 0; row < int(rows_.size()); ++row)
        if (rows_[size_t(row)].logits) {
            wanted.push_back({row, int(wanted.size())});
            token_rows.push_back(layout_.choice_row(rows_, row));
        }
    if (wanted.empty()) return;
    problem_.begin_operation("final norm");
    norm(2 * layout_.config.layers, wanted, head_product);
    problem_.begin_operation("head");
    const int count = int(wanted.size());
    const ProductInput input = layout_.input(layout_.normed, count);
    const HeldInput held = hold_input(lowering_, layout_.head, input);
    for (size_t t = 0; t < layout_.head.tiles.size(); ++t) {
        const int slot = lowering_.take_accumulators(count);
        multiply_tile(lowering_, layout_.head, layout_.head.tiles[t], input, held, slot);
        store_logits(layout_.head.tiles[t], int(t), slot, count);
    }
    problem_.begin_operation("argmax");
    for (int index = 0; index < count; ++index) argmax(index, token_rows[size_t(index)]);
    if (!layout_.alone()) gather_best(count, token_rows);
}

/// Row index * tiles + tile of the logits; lanes without a token get a very negative number.
void LlamaStep::store_logits(const OutputTile& tile, int index, int slot, int count) {
    const int tiles = int(layout_.head.tiles.size());
    VectorTask task = lowering_.vector_task(count);
    Value logits = result(task, tile, slot, scales(task, head_product, 0));
    if (layout_.config.logit_multiplier != 1)
        logits = task.op(Opcode::Multiply, DType::F32, logits, float(layout_.config.logit_multiplier));
    task.write(task.op(Opcode::Add, DType::F32, logits, task.read(layout_.head_bias, DType::F32, index, 0)),
               layout_.logit_rows, index, tiles);
    problem_.add(task.finish());
}

void LlamaStep::reduce_best(DType type, AccumulateOp reduction, int row) {
    const auto& best = layout_.best;
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(type, reduction, {{best[0], row, rotations[0]}, {best[1], row, rotations[1]}}, best[2], row);
}

/// The largest logit, then the lowest token that has it. Tokens are counted from -2^30, so that a masked lane (0) never
/// wins.
void LlamaStep::argmax(int index, int token_row) {
    const int tiles = int(layout_.head.tiles.size());
    const int first = index * tiles, rows = layout_.max_rows;  // maxima in row index, tokens in row rows + index
    const auto& best = layout_.best;
    VectorTask top = lowering_.vector_task(tiles);
    top.write(top.accumulate(DType::F32, AccumulateOp::Max, top.read(layout_.logit_rows, DType::F32, first), tiles),
              best[0], index);
    problem_.add(top.finish());
    reduce_best(DType::F32, AccumulateOp::Max, index);
    VectorTask pick = lowering_.vector_task(tiles);
    const Value equal = pick.op(Opcode::Equal, DType::F32, pick.read(layout_.logit_rows, DType::F32, first),
                                pick.read(best[2], DType::F32, index, 0));
    const Value token = pick.op(Opcode::Mask, DType::I32, pick.read(layout_.vocabulary_ids, DType::I32, 0), equal);
    pick.write(pick.accumulate(DType::I32, AccumulateOp::Min, token, tiles), best[0], rows + index);
    problem_.add(pick.finish());
    reduce_best(DType::I32, AccumulateOp::Min, rows + index);
    if (!layout_.alone()) return;
    VectorTask out = lowering_.vector_task(1);
    out.write(out.op(Opcode::Add, DType::I32, out.read(best[2], DType::I32, rows + index), uint32_t(1) << 30),
              layout_.token, token_row);
    problem_.add(out.finish());
}

}  // namespace superlane::compiler
