// SPDX-License-Identifier: Apache-2.0
// One step of a Llama-family model: embedding, projections into the residual, FFN.
#include "compiler/llama_step.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

LlamaStep::LlamaStep(const LlamaCompiler::Layout& layout, const std::vector<StepRow>& rows, const Arrivals& arrivals)
    : layout_(layout),
      rows_(rows),
      arrivals_(arrivals),
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
    for (const NormRow& row : all) {
        if (layout.options.in.cables > 0) {
            enter(row.row);
            if (layout.passes_residual()) pass_on(row.row);
        } else if (!layout.options.embedding && !layout.alone()) {  // the host wrote each chip its shard
            gather_shards(row.row, false, {});
        }
    }
    const bool leaves = layout.options.out.cables > 0;
    for (int layer = 0; layer < layout.config.layers; ++layer) {
        const bool last = leaves && layer + 1 == layout.config.layers && !layout.options.head;
        if (layout.has_attention(layer)) attention(layer, all, last && !layout.has_ffn(layer));
        if (!layout.has_ffn(layer)) continue;
        if (ffn_landing(layer, last).hands_on && !layout.passes_residual())  // the next part takes the same rows
            for (const NormRow& row : all) leave(row.row, true);
        problem_.begin_operation("ffn norm");
        norm(2 * layer + 1, all, ffn_product);
        if (layout.has_experts(layer))
            mixture_of_experts(layer, last);
        else
            feed_forward(layer, last);
    }
    if (!layout.options.head) return;
    for (size_t row = 0; layout.hands_head_on() && !layout.passes_residual() && row < rows_.size(); ++row)
        leave(int(row), true);
    head();
}

void LlamaStep::attention(int layer, const std::vector<NormRow>& rows, bool last) {
    problem_.begin_operation("attention norm");
    norm(2 * layer, rows, qkv_product);
    if (layout_.config.has_mla()) return latent_attention(layer, last);
    project_qkv(layer);
    for (const Request& request : requests_) attend(layer, request);
    problem_.begin_operation("output projection");
    if (!layout_.half)
        for (const NormRow& row : rows) quantize(row.row, layout_.result_tiles, layout_.attended, output_product);
    add_product(layout_.layers[size_t(layer)].o, layout_.attended, output_product,
                {layout_.post_norm(layer, false), last, false, false});
}

LlamaStep::Landing LlamaStep::ffn_landing(int layer, bool last) const {
    const Part part = layout_.ffn_part(layer);
    return {layout_.post_norm(layer, true), last, !part.begins(), !part.ends()};
}

/// The embedding row times its multiplier, plus the row of the position where positions are learned.
LlamaStep::Value LlamaStep::place_token(VectorTask& task, Value embedding, int row, int tile) {
    const float multiplier = float(layout_.config.embedding_multiplier);
    if (multiplier != 1.0f) embedding = task.op(Opcode::Multiply, DType::F32, embedding, multiplier);
    if (layout_.position_row.empty()) return embedding;
    const Value position = task.read(layout_.position_row[size_t(tile)], DType::F16, rows_[size_t(row)].position);
    return task.op(Opcode::Add, DType::F32, embedding, task.convert(DType::F16, DType::F32, position));
}

void LlamaStep::embed() {
    problem_.begin_operation("embedding");
    const int bits = std::countr_zero(unsigned(layout_.segment_tokens));
    for (int row = 0; row < int(rows_.size()); ++row) {
        const int token_row =
            rows_[size_t(row)].feed_back ? rows_[size_t(row)].request : layout_.options.requests() + row;
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
            sum = place_token(task, sum, row, tile);
            if (layout_.alone())
                task.write(sum, layout_.x, row * layout_.hidden_tiles + tile);
            else
                task.write(narrow(task, sum), layout_.gathered, layout_.exchange_row(row, tile, 0));
            problem_.add(task.finish());
        }
        if (!layout_.alone()) gather_shards(row, false, {});
    }
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

/// All tiles of a matrix, result vector by result vector: `store` writes its sums for some rows from `row` on, `stored`
/// hears when those of all rows are on their way.
void LlamaStep::multiply_vectors(const Matrix& matrix, const ProductInput& input, Product product,
                                 const std::function<void(VectorTask&, Value, int vector, int row)>& store,
                                 const std::function<void(int vector)>& stored) {
    const HeldInput held = hold_input(lowering_, matrix, input);
    for (size_t t = 0; t < matrix.tiles.size();) {
        std::vector<int> parts, slots;
        const int vector = matrix.tiles[t].vector;
        for (; t < matrix.tiles.size() && matrix.tiles[t].vector == vector; ++t) {
            parts.push_back(int(t));
            slots.push_back(lowering_.take_accumulators(input.rows));
            multiply_tile(lowering_, matrix, matrix.tiles[t], input, held, slots.back());
        }
        for (int row = 0; row < input.rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, input.rows - row));
            store(task, sum_of_parts(task, matrix, parts, slots, row, scales(task, product, row)), vector, row);
            problem_.add(task.finish());
        }
        if (stored) stored(vector);
    }
}

/// x = x + W a.
void LlamaStep::add_product(const Matrix& matrix, const VectorRegion (&input)[2], Product product,
                            const Landing& landing) {
    const int rows = int(rows_.size());
    multiply_vectors(
        matrix, layout_.input(input, rows), product,
        [&](VectorTask& task, Value sum, int vector, int row) { store_sum(task, sum, vector, row); },
        [&](int vector) {
            for (int row = 0; row < rows && !layout_.alone(); ++row)
                send_partial(row, vector / layout_.residual.slots, vector % layout_.residual.slots);
        });
    for (int row = 0; row < rows; ++row) land(row, landing);
}

/// Sums of the row's products reach the residual, or the next stage. A norm of the sum needs the whole of it first.
void LlamaStep::land(int row, const Landing& landing) {
    const bool normed = layout_.config.sandwich_norms, leaves = landing.last;
    if (!layout_.alone()) reduce_shard(row, landing);
    if (landing.hands_on) {
        problem_.begin_operation("stage output");
        return send_on(LlamaCompiler::Layout::partial_sums, row);
    }
    if (!layout_.alone() && (normed || !leaves)) gather_shards(row, true, {});
    if (normed) add_normed(landing.post_norm, row);
    if (leaves) leave(row, layout_.alone() || normed);  // else reduce_shard() has put it there
}

/// Sums of a result vector for `row` and those after it: into the residual, or where partial sums of the group wait.
void LlamaStep::store_sum(VectorTask& task, Value sum, int vector, int row) {
    if (layout_.alone()) {
        const int first = row * layout_.hidden_tiles + vector;
        if (layout_.config.sandwich_norms) return task.write(sum, layout_.update, first, layout_.hidden_tiles);
        const Value x = task.read(layout_.x, DType::F32, first, layout_.hidden_tiles);
        return task.write(task.op(Opcode::Add, DType::F32, x, sum), layout_.x, first, layout_.hidden_tiles);
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
