// SPDX-License-Identifier: Apache-2.0
// Norms of residual rows, and quantization of rows to int8.
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {
constexpr int tile_chunk = 3;  // tiles of one task that reads X and writes it
}  // namespace

void LlamaStep::norm(int index, const std::vector<NormRow>& rows, Product product) {
    for (const NormRow& row : rows) {
        centre(layout_.x, row.row);
        if (layout_.half)
            norm_half(index, row);
        else if (layout_.norm_bias.rows > 0)
            norm_wide(index, row, product);
        else
            norm_int8(index, row, product);
    }
}

/// What a norm of `from` takes its squares of, after centre().
const VectorRegion& LlamaStep::norm_input(const VectorRegion& from) const {
    return layout_.config.norm == NormKind::layer ? layout_.centred : from;
}

void LlamaStep::reduce_row(AccumulateOp reduction, const VectorRegion (&stages)[3], int row) {
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(DType::F32, reduction, {{stages[0], row, rotations[0]}, {stages[1], row, rotations[1]}},
                           stages[2], row);
}

/// Layer norms: a row less its mean; lanes without an element stay 0, for their squares would count.
void LlamaStep::centre(const VectorRegion& from, int row) {
    if (layout_.config.norm != NormKind::layer) return;
    const int tiles = layout_.hidden_tiles;
    VectorTask sum = lowering_.vector_task(tiles);
    sum.write(sum.accumulate(DType::F32, AccumulateOp::Add, sum.read(from, DType::F32, row * tiles), tiles),
              layout_.sum_stages[0], row);
    problem_.add(sum.finish());
    reduce_row(AccumulateOp::Add, layout_.sum_stages, row);
    for (int tile = 0; tile < tiles; tile += tile_chunk) {
        VectorTask task = lowering_.vector_task(std::min(tile_chunk, tiles - tile));
        const Value mean = task.op(Opcode::Multiply, DType::F32, task.read(layout_.sum_stages[2], DType::F32, row, 0),
                                   1.0f / float(layout_.config.hidden));
        const Value less = task.op(Opcode::Subtract, DType::F32, task.read(from, DType::F32, row * tiles + tile), mean);
        task.write(task.op(Opcode::Mask, DType::F32, less, task.read(layout_.residual_mask, DType::Bool, tile)),
                   layout_.centred, row * tiles + tile);
        problem_.add(task.finish());
    }
}

/// The sum of squares of a row of residual size, in every lane of the last of sum_stages.
void LlamaStep::sum_squares(const VectorRegion& from, int row) {
    const int tiles = layout_.hidden_tiles;
    VectorTask squares = lowering_.vector_task(tiles);
    const Value x = squares.read(from, DType::F32, row * tiles);
    squares.write(
        squares.accumulate(DType::F32, AccumulateOp::Add, squares.op(Opcode::Multiply, DType::F32, x, x), tiles),
        layout_.sum_stages[0], row);
    problem_.add(squares.finish());
    reduce_row(AccumulateOp::Add, layout_.sum_stages, row);
}

/// (x / rms) * g for tiles from `tile` on.
LlamaStep::Value LlamaStep::normed(VectorTask& task, int index, const VectorRegion& from, int row, int tile) {
    const int tiles = layout_.hidden_tiles;
    const Value r = inverse_rms(task, task.read(layout_.sum_stages[2], DType::F32, row, 0), layout_.config.hidden,
                                layout_.config.rms_norm_eps);
    const Value scaled = task.op(Opcode::Multiply, DType::F32, task.read(from, DType::F32, row * tiles + tile), r);
    return task.op(Opcode::Multiply, DType::F32, scaled, task.read(layout_.norm, DType::F32, index * tiles + tile));
}

LlamaStep::Value LlamaStep::normed_input(VectorTask& task, int index, int row) {
    const Value h = normed(task, index, norm_input(layout_.x), row, 0);
    if (layout_.norm_bias.rows == 0) return h;
    return task.op(Opcode::Add, DType::F32, h, task.read(layout_.norm_bias, DType::F32, index * layout_.hidden_tiles));
}

void LlamaStep::norm_half(int index, const NormRow& row) {
    sum_squares(norm_input(layout_.x), row.row);
    VectorTask task = lowering_.vector_task(layout_.hidden_tiles);
    const Value rounded = task.convert(DType::F32, DType::F16, normed_input(task, index, row.row));
    for (const VectorRegion& to : layout_.normed) task.write(rounded, to, row.to * layout_.hidden_tiles);
    problem_.add(task.finish());
}

/// With a bias the norm must come before quantization.
void LlamaStep::norm_wide(int index, const NormRow& row, Product product) {
    sum_squares(norm_input(layout_.x), row.row);
    VectorTask task = lowering_.vector_task(layout_.hidden_tiles);
    task.write(normed_input(task, index, row.row), layout_.wide, row.to * layout_.hidden_tiles);
    problem_.add(task.finish());
    quantize(row.to, layout_.hidden_tiles, layout_.normed, product);
}

/// x = x + norm(update).
void LlamaStep::add_normed(int index, int row) {
    problem_.begin_operation("post norm");
    centre(layout_.update, row);
    const VectorRegion& from = norm_input(layout_.update);
    sum_squares(from, row);
    const int tiles = layout_.hidden_tiles;
    for (int tile = 0; tile < tiles; tile += tile_chunk) {
        VectorTask task = lowering_.vector_task(std::min(tile_chunk, tiles - tile));
        const Value more = normed(task, index, from, row, tile);
        const Value x = task.read(layout_.x, DType::F32, row * tiles + tile);
        task.write(task.op(Opcode::Add, DType::F32, x, more), layout_.x, row * tiles + tile);
        problem_.add(task.finish());
    }
}

/// Quantization does not need the norm: x * g is quantized by its own maximum, and 1 / rms goes into the scale.
void LlamaStep::norm_int8(int index, const NormRow& row, Product product) {
    const int tiles = layout_.hidden_tiles, rows = layout_.max_rows;
    VectorTask task = lowering_.vector_task(tiles);
    const Value x = task.read(norm_input(layout_.x), DType::F32, row.row * tiles);
    const Value wide = task.op(Opcode::Multiply, DType::F32, x, task.read(layout_.norm, DType::F32, index * tiles));
    task.write(wide, layout_.wide, row.to * tiles);
    task.write(task.accumulate(DType::F32, AccumulateOp::Max, task.op(Opcode::Absolute, DType::F32, wide), tiles),
               layout_.top_stages[0], row.to);
    task.write(task.accumulate(DType::F32, AccumulateOp::Add, task.op(Opcode::Multiply, DType::F32, x, x), tiles),
               layout_.sum_stages[0], row.to);
    problem_.add(task.finish());
    reduce_row(AccumulateOp::Max, layout_.top_stages, row.to);
    quantize_row(row.to, tiles, layout_.normed);
    reduce_row(AccumulateOp::Add, layout_.sum_stages, row.to);
    VectorTask scale = lowering_.vector_task(1);
    const Value r = inverse_rms(scale, scale.read(layout_.sum_stages[2], DType::F32, row.to), layout_.config.hidden,
                                layout_.config.rms_norm_eps);
    Value step =
        scale.op(Opcode::Multiply, DType::F32, scale.read(layout_.top_stages[2], DType::F32, row.to), 1.0f / 127.0f);
    scale.write(scale.op(Opcode::Multiply, DType::F32, r, step), layout_.scale, product * rows + row.to);
    problem_.add(scale.finish());
}

void LlamaStep::quantize_row(int row, int vectors, const VectorRegion (&to)[2]) {
    quantize_from(layout_.wide, layout_.top_stages[2], row, vectors, to);
}

void LlamaStep::quantize_from(const VectorRegion& from, const VectorRegion& maxima, int row, int vectors,
                              const VectorRegion (&to)[2]) {
    VectorTask task = lowering_.vector_task(vectors);
    const Value factor = int8_factor(task, task.read(maxima, DType::F32, row, 0));
    const Value q = task.op(Opcode::Multiply, DType::F32, task.read(from, DType::F32, row * vectors), factor);
    const Value rounded = task.convert(DType::F32, DType::I8, q);
    for (int side = 0; side < 2; ++side) task.write(rounded, to[side], row * vectors);
    problem_.add(task.finish());
}

/// A row of fp32 vectors in `wide` to int8 on both sides, its scale to the product's.
void LlamaStep::quantize(int row, int vectors, const VectorRegion (&to)[2], Product product) {
    const int rows = layout_.max_rows;
    VectorTask task = lowering_.vector_task(vectors);
    Value magnitude = task.op(Opcode::Absolute, DType::F32, task.read(layout_.wide, DType::F32, row * vectors));
    task.write(task.accumulate(DType::F32, AccumulateOp::Max, magnitude, vectors), layout_.top_stages[0], row);
    problem_.add(task.finish());
    reduce_row(AccumulateOp::Max, layout_.top_stages, row);
    quantize_row(row, vectors, to);
    VectorTask scale = lowering_.vector_task(1);
    scale.write(
        scale.op(Opcode::Multiply, DType::F32, scale.read(layout_.top_stages[2], DType::F32, row), 1.0f / 127.0f),
        layout_.scale, product * rows + row);
    problem_.add(scale.finish());
}

}  // namespace superlane::compiler
