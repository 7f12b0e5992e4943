// SPDX-License-Identifier: Apache-2.0
// One step of a Llama-family model: embedding, norms, projections into the residual, FFN.
#include "compiler/llama_step.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {
constexpr float tiny = 1e-30f;  // keeps 1 / max finite for a row of zeros
constexpr int row_chunk =
    3;  // rows of one task: short enough that its ALUs serve twice, and that X is read before it is written
}  // namespace

LlamaStep::LlamaStep(const LlamaCompiler::Layout& layout, const std::vector<StepRow>& rows)
    : layout_(layout),
      rows_(rows),
      problem_(layout.chip),
      lowering_(problem_),
      network_(problem_, layout.link_latency()),
      links_(layout.options),
      sent_rows_(size_t(layout.options.out.cables)),
      received_rows_(size_t(layout.options.in.cables)) {
    int half_base = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
        const StepRow& row = rows[i];
        const bool follows = !requests_.empty() && requests_.back().request == row.request;
        if (follows)
            SUPERLANE_CHECK(row.position == requests_.back().last_position() + 1,
                            "rows of a request must follow each other");
        if (follows)
            ++requests_.back().count;
        else
            requests_.push_back({row.request, int(i), 1, row.position, 0});
    }
    for (Request& request : requests_) {
        request.half_base = half_base;
        half_base += (request.count * layout.packing.heads + 1) / 2;
    }
    problem_.reserve_inward(int(layout.experts.far_map[0].size()));
    std::vector<NormRow> all;
    for (int row = 0; row < int(rows_.size()); ++row) all.push_back({row, row});
    if (layout.options.embedding) embed();
    if (layout.options.in.cables > 0)
        for (const NormRow& row : all) enter(row.row);
    for (int layer = 0; layer < layout.config.layers; ++layer) {
        const bool last = layer + 1 == layout.config.layers && layout.options.out.cables > 0;
        if (layout.has_attention(layer)) attention(layer, all, last && !layout.has_ffn(layer));
        if (!layout.has_ffn(layer)) continue;
        problem_.begin_operation("ffn norm");
        norm(2 * layer + 1, all, ffn_product);
        if (layout.has_experts(layer))
            mixture_of_experts(layer, last);
        else
            feed_forward(layout.layers[size_t(layer)], last);
    }
    if (layout.options.head) head();
}

void LlamaStep::attention(int layer, const std::vector<NormRow>& rows, bool last) {
    problem_.begin_operation("attention norm");
    norm(2 * layer, rows, qkv_product);
    project_qkv(layer);
    for (const Request& request : requests_) attend(layer, request);
    problem_.begin_operation("output projection");
    if (!layout_.half)
        for (const NormRow& row : rows) quantize(row.row, layout_.result_tiles, layout_.attended, output_product);
    add_product(layout_.layers[size_t(layer)].o, layout_.attended, output_product, last);
}

void LlamaStep::embed() {
    problem_.begin_operation("embedding");
    const int bits = std::countr_zero(unsigned(layout_.segment_tokens));
    for (int row = 0; row < int(rows_.size()); ++row) {
        const int token_row = rows_[size_t(row)].feed_back ? rows_[size_t(row)].request : layout_.options.batch + row;
        VectorTask map = lowering_.vector_task(1);
        // Lanes 0 and 1 of every superlane get the low and the high byte of the row in the segment.
        Value index = map.op(Opcode::And, DType::I32, map.read(layout_.token, DType::I32, token_row),
                             uint32_t(layout_.segment_tokens - 1));
        Value byte =
            map.op(Opcode::And, DType::I32,
                   map.op(Opcode::ShiftRight, DType::I32, index, map.read(layout_.token_shift, DType::I32, 0)), 255u);
        Value kept = map.op(Opcode::Mask, DType::I32, byte, map.read(layout_.token_keep, DType::Bool, 0));
        map.write(map.convert(DType::I32, DType::U8, kept), layout_.map_row, row);
        problem_.add(map.finish());
        const int own = layout_.residual.slots;
        for (int tile = 0; tile < own; ++tile) {
            VectorTask task = lowering_.vector_task(1);
            Value sum{};
            for (int segment = 0; segment < layout_.segments; ++segment) {
                const VectorRegion& table = layout_.embedding[size_t(segment * own + tile)];
                Value part =
                    task.convert(DType::F16, DType::F32, task.gather(table, DType::F16, 0, layout_.map_row, row));
                if (layout_.segments > 1) {
                    Value number = task.op(Opcode::ShiftRight, DType::I32,
                                           task.read(layout_.token, DType::I32, token_row), uint32_t(bits));
                    part = task.op(Opcode::Mask, DType::F32, part,
                                   task.op(Opcode::Equal, DType::I32, number, uint32_t(segment)));
                }
                sum = segment == 0 ? part : task.op(Opcode::Add, DType::F32, sum, part);
            }
            if (layout_.alone())
                task.write(sum, layout_.x, row * layout_.hidden_tiles + tile);
            else
                task.write(narrow(task, sum), layout_.gathered, layout_.exchange_row(row, tile, 0));
            problem_.add(task.finish());
        }
        if (!layout_.alone()) gather_shards(row, false, {});
    }
}

void LlamaStep::norm(int index, const std::vector<NormRow>& rows, Product product) {
    for (const NormRow& row : rows) {
        if (layout_.half)
            norm_half(index, row);
        else
            norm_int8(index, row, product);
    }
}

void LlamaStep::reduce_row(AccumulateOp reduction, const VectorRegion (&stages)[3], int row) {
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(DType::F32, reduction, {{stages[0], row, rotations[0]}, {stages[1], row, rotations[1]}},
                           stages[2], row);
}

void LlamaStep::norm_half(int index, const NormRow& row) {
    const int tiles = layout_.hidden_tiles;
    VectorTask squares = lowering_.vector_task(tiles);
    const Value x = squares.read(layout_.x, DType::F32, row.row * tiles);
    squares.write(
        squares.accumulate(DType::F32, AccumulateOp::Add, squares.op(Opcode::Multiply, DType::F32, x, x), tiles),
        layout_.sum_stages[0], row.row);
    problem_.add(squares.finish());
    reduce_row(AccumulateOp::Add, layout_.sum_stages, row.row);
    VectorTask task = lowering_.vector_task(tiles);
    Value mean = task.op(Opcode::Multiply, DType::F32, task.read(layout_.sum_stages[2], DType::F32, row.row, 0),
                         1.0f / float(layout_.config.hidden));
    Value r =
        task.op(Opcode::Rsqrt, DType::F32, task.op(Opcode::Add, DType::F32, mean, float(layout_.config.rms_norm_eps)));
    Value scaled = task.op(Opcode::Multiply, DType::F32, task.read(layout_.x, DType::F32, row.row * tiles), r);
    Value normed = task.op(Opcode::Multiply, DType::F32, scaled, task.read(layout_.norm, DType::F32, index * tiles));
    Value rounded = task.convert(DType::F32, DType::F16, normed);
    for (const VectorRegion& to : layout_.normed) task.write(rounded, to, row.to * tiles);
    problem_.add(task.finish());
}

/// Quantization does not need the norm: x * g is quantized by its own maximum, and 1 / rms goes into the scale.
void LlamaStep::norm_int8(int index, const NormRow& row, Product product) {
    const int tiles = layout_.hidden_tiles, rows = layout_.max_rows;
    VectorTask task = lowering_.vector_task(tiles);
    const Value x = task.read(layout_.x, DType::F32, row.row * tiles);
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
    Value mean = scale.op(Opcode::Multiply, DType::F32, scale.read(layout_.sum_stages[2], DType::F32, row.to),
                          1.0f / float(layout_.config.hidden));
    Value r = scale.op(Opcode::Rsqrt, DType::F32,
                       scale.op(Opcode::Add, DType::F32, mean, float(layout_.config.rms_norm_eps)));
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
    Value top = task.op(Opcode::Maximum, DType::F32, task.read(maxima, DType::F32, row, 0), tiny);
    Value root = task.op(Opcode::Rsqrt, DType::F32, top);
    Value inverse = task.op(Opcode::Multiply, DType::F32, task.op(Opcode::Multiply, DType::F32, root, root), 127.0f);
    Value q = task.op(Opcode::Multiply, DType::F32, task.read(from, DType::F32, row * vectors), inverse);
    Value rounded = task.convert(DType::F32, DType::I8, q);
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

LlamaStep::Value LlamaStep::scales(VectorTask& task, Product product, int row) {
    return layout_.half ? Value{} : task.read(layout_.scale, DType::F32, product * layout_.max_rows + row);
}

/// The fp32 result of a tile that stands in accumulators from `slot` on.
LlamaStep::Value LlamaStep::result(VectorTask& task, const OutputTile& tile, int slot, Value scale) {
    return dequantize(task, tile, task.emit(tile.unit, slot), scale);
}

/// Sum of a tile to fp32: times both scales (int8), plus the bias where there is one.
LlamaStep::Value LlamaStep::dequantize(VectorTask& task, const OutputTile& tile, Value sum, Value scale) {
    const size_t side = size_t(tile.unit.side);
    if (!layout_.half) {
        sum = task.op(Opcode::Multiply, DType::F32, task.convert(DType::I32, DType::F32, sum), scale);
        sum =
            task.op(Opcode::Multiply, DType::F32, sum, task.read(layout_.scales[side], DType::F32, tile.scale_row, 0));
    }
    if (tile.bias_row < 0) return sum;
    return task.op(Opcode::Add, DType::F32, sum, task.read(layout_.biases[side], DType::F32, tile.bias_row, 0));
}

/// Sums the parts of a result vector that several units hold, then as result().
LlamaStep::Value LlamaStep::sum_of_parts(VectorTask& task, const Matrix& matrix, const std::vector<int>& parts,
                                         const std::vector<int>& slots, int row, Value scale) {
    const DType type = layout_.half ? DType::F32 : DType::I32;
    std::vector<Value> values;
    for (size_t i = 0; i < parts.size(); ++i)
        values.push_back(task.emit(matrix.tiles[size_t(parts[i])].unit, slots[i] + row));
    while (values.size() > 1) {
        std::vector<Value> sums;
        for (size_t i = 0; i + 1 < values.size(); i += 2)
            sums.push_back(task.op(Opcode::Add, type, values[i], values[i + 1]));
        if (values.size() % 2) sums.push_back(values.back());
        values = sums;
    }
    return dequantize(task, matrix.tiles[size_t(parts[0])], values[0], scale);
}

/// x = x + W a; with `last` the sum leaves for the next stage.
void LlamaStep::add_product(const Matrix& matrix, const VectorRegion (&input)[2], Product product, bool last) {
    const int rows = int(rows_.size());
    const ProductInput activations = layout_.input(input, rows);
    const HeldInput held = hold_input(lowering_, matrix, activations);
    for (size_t t = 0; t < matrix.tiles.size();) {
        std::vector<int> parts, slots;
        const int vector = matrix.tiles[t].vector;
        for (; t < matrix.tiles.size() && matrix.tiles[t].vector == vector; ++t) {
            parts.push_back(int(t));
            slots.push_back(lowering_.take_accumulators(rows));
            multiply_tile(lowering_, matrix, matrix.tiles[t], activations, held, slots.back());
        }
        for (int row = 0; row < rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
            store_sum(task, sum_of_parts(task, matrix, parts, slots, row, scales(task, product, row)), vector, row);
            problem_.add(task.finish());
        }
        if (layout_.alone()) continue;
        for (int row = 0; row < rows; ++row)
            send_partial(row, vector / layout_.residual.slots, vector % layout_.residual.slots);
    }
    end_product(last);
}

/// When the sums of all result vectors are in the residual or on their way.
void LlamaStep::end_product(bool last) {
    for (int row = 0; row < int(rows_.size()); ++row) {
        if (!layout_.alone()) reduce_shard(row, last);
        if (last) leave(row);
        if (!layout_.alone() && !last) gather_shards(row, true, {});
    }
}

/// Sums of a result vector for `row` and those after it: into the residual, or where partial sums of the group wait.
void LlamaStep::store_sum(VectorTask& task, Value sum, int vector, int row) {
    if (layout_.alone()) {
        const int first = row * layout_.hidden_tiles + vector;
        const Value x = task.read(layout_.x, DType::F32, first, layout_.hidden_tiles);
        task.write(task.op(Opcode::Add, DType::F32, x, sum), layout_.x, first, layout_.hidden_tiles);
        return;
    }
    const int slots = layout_.residual.slots, offset = vector / slots;
    task.write(narrow(task, sum), offset == 0 ? layout_.received : layout_.outgoing,
               layout_.exchange_row(row, vector % slots, offset), slots * layout_.options.chips);
}

/// fp32 row v of packed rests: each turned to its place, the lanes of others zero, and added.
LlamaStep::Value LlamaStep::pack(VectorTask& task, const Rests& rests, int v) {
    const ShardedVector& vector = rests.vector;
    const int first = vector.first_piece(v);
    const Value turned =
        task.read_rotated(rests.region, rests.type, rests.first_row + first, 1, first * vector.rest - v * vector.lanes,
                          vector.rest, lowering_.next_permuter());
    Value own = task.op(Opcode::Mask, rests.type, turned,
                        task.read(rests.mask, DType::Bool, LlamaCompiler::Layout::piece_mask_row(vector, v)));
    if (rests.type == DType::F16) own = task.convert(DType::F16, DType::F32, own);
    return task.accumulate(DType::F32, AccumulateOp::Add, own, vector.pieces(v));
}

}  // namespace superlane::compiler
