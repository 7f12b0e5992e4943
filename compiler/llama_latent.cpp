// SPDX-License-Identifier: Apache-2.0
// Latent attention: latent rows into the cache, queries taken to the latent row and results back from it.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {
constexpr int block_tokens = isa::lanes_per_superlane;
constexpr int row_chunk = 3;       // as for other tasks that read and write the same group of slices
constexpr int heads_at_once = 16;  // of tasks that go through many heads: short enough to fit between others
constexpr float tiny = 1e-30f;     // keeps 1 / max finite for a row of zeros
}  // namespace

void LlamaStep::latent_attention(int layer, bool last) {
    const LlamaLayer& weights = layout_.layers[size_t(layer)];
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int rows = int(rows_.size());
    problem_.begin_operation("q, kv projection");
    project_latent(weights.qkv, layout_.input(layout_.normed, rows), qkv_product);
    if (p.query_vectors > 0) {
        for (int row = 0; row < rows; ++row) norm_latent_query(layer, row);
        problem_.begin_operation("query projection");
        project_latent(weights.latent.query_b, layout_.input(regions.query_normed, rows), query_product);
    }
    problem_.begin_operation("latent keys");
    for (const Request& request : requests_) {
        for (int row = 0; row < request.count; ++row) store_latent(layer, request, row);
        transpose_values(layer, request);
    }
    problem_.begin_operation("latent queries");
    for (const Request& request : requests_) rotate_queries(request);
    for (int row = 0; row < rows; ++row) take_nope(row);
    for (int head = 0; head < p.heads; ++head)
        for (int h = 0; h < 2; ++h) latent_query(weights.latent.key_up, head, h);
    problem_.begin_operation("attention scores");
    for (const Request& request : requests_)
        for (int page = 0; page < pages(request); ++page) score(layer, request, page, 0);
    for (const Request& request : requests_) attend(layer, request);
    problem_.begin_operation("heads' results");
    latent_results(weights.latent.value_up);
    problem_.begin_operation("output projection");
    if (!layout_.half)
        for (int row = 0; row < rows; ++row) quantize(row, p.result_vectors, regions.results, output_product);
    add_product(weights.o, regions.results, output_product, {layout_.post_norm(layer, false), last});
}

/// Results of a projection to the fp32 vectors of their numbers.
void LlamaStep::project_latent(const Matrix& matrix, const ProductInput& input, Product product) {
    const LatentPacking& p = layout_.latent;
    const int rows = int(rows_.size());
    const HeldInput held = hold_input(lowering_, matrix, input);
    for (size_t t = 0; t < matrix.tiles.size();) {
        std::vector<int> parts, slots;
        const int vector = matrix.tiles[t].vector;
        for (; t < matrix.tiles.size() && matrix.tiles[t].vector == vector; ++t) {
            parts.push_back(int(t));
            slots.push_back(lowering_.take_accumulators(rows));
            multiply_tile(lowering_, matrix, matrix.tiles[t], input, held, slots.back());
        }
        const int side = vector >= p.west();
        const int width = side == 0 ? p.west() : p.east(), place = vector - side * p.west();
        for (int row = 0; row < rows; row += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, rows - row));
            task.write(sum_of_parts(task, matrix, parts, slots, row, scales(task, product, row)),
                       layout_.latent_rows.raw[side], row * width + place, width);
            problem_.add(task.finish());
        }
    }
}

/// RMSNorm of the latent row of queries; in int8 as norm_int8().
void LlamaStep::norm_latent_query(int layer, int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int vectors = p.query_vectors, first = row * p.west() + p.query(0), gains = layer * p.gains() + 2;
    const float share = 1.0f / float(p.q_lora), eps = float(layout_.config.mla.norm_eps);
    const auto multiply = [](VectorTask& task, Value a, Value b) {
        return task.op(Opcode::Multiply, DType::F32, a, b);
    };
    const auto inverse_root = [&](VectorTask& task, int step) {
        const Value mean =
            task.op(Opcode::Multiply, DType::F32, task.read(layout_.sum_stages[2], DType::F32, row, step), share);
        return task.op(Opcode::Rsqrt, DType::F32, task.op(Opcode::Add, DType::F32, mean, eps));
    };
    VectorTask sums = lowering_.vector_task(vectors);
    const Value x = sums.read(regions.raw[0], DType::F32, first);
    sums.write(sums.accumulate(DType::F32, AccumulateOp::Add, multiply(sums, x, x), vectors), layout_.sum_stages[0],
               row);
    if (!layout_.half) {
        const Value wide = multiply(sums, x, sums.read(regions.gains, DType::F32, gains));
        sums.write(wide, layout_.wide, row * vectors);
        sums.write(sums.accumulate(DType::F32, AccumulateOp::Max, sums.op(Opcode::Absolute, DType::F32, wide), vectors),
                   layout_.top_stages[0], row);
    }
    problem_.add(sums.finish());
    reduce_row(AccumulateOp::Add, layout_.sum_stages, row);
    if (layout_.half) {
        VectorTask task = lowering_.vector_task(vectors);
        const Value r = inverse_root(task, 0);
        const Value scaled = multiply(task, task.read(regions.raw[0], DType::F32, first), r);
        const Value normed = multiply(task, scaled, task.read(regions.gains, DType::F32, gains));
        const Value rounded = task.convert(DType::F32, DType::F16, normed);
        for (const VectorRegion& to : regions.query_normed) task.write(rounded, to, row * vectors);
        problem_.add(task.finish());
        return;
    }
    reduce_row(AccumulateOp::Max, layout_.top_stages, row);
    quantize_row(row, vectors, regions.query_normed);
    VectorTask scale = lowering_.vector_task(1);
    const Value r = inverse_root(scale, 1);
    const Value step =
        scale.op(Opcode::Multiply, DType::F32, scale.read(layout_.top_stages[2], DType::F32, row), 1.0f / 127.0f);
    scale.write(multiply(scale, r, step), layout_.scale, query_product * layout_.max_rows + row);
    problem_.add(scale.finish());
}

/// A token's latent row, normed, with its rotated key behind: into the cache of keys, and into that of values.
void LlamaStep::store_latent(int layer, const Request& request, int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int index = request.first + row, position = request.position + row;
    const int raw_rows[2] = {index * p.west(), index * p.east()};
    VectorTask turn = lowering_.vector_task(1);
    Value rotated[2];
    rotate(turn, turn.read(regions.raw[0], DType::F32, raw_rows[0]), turn.read(regions.raw[1], DType::F32, raw_rows[1]),
           position, 1.0f, rotated[0], rotated[1]);
    for (int h = 0; h < 2; ++h) turn.write(rotated[h], regions.rotated_key[h], index);
    problem_.add(turn.finish());

    VectorTask squares = lowering_.vector_task(1);
    Value sum[2];
    for (int h = 0; h < 2; ++h) {
        const Value x = squares.read(regions.raw[h], DType::F32, raw_rows[h]);
        sum[h] = squares.op(Opcode::Multiply, DType::F32, x, x);
    }
    const Value both = squares.op(Opcode::Add, DType::F32, sum[0], sum[1]);
    squares.write(squares.op(Opcode::Mask, DType::F32, both,
                             squares.read(regions.masks, DType::Bool, LatentPacking::latent_mask)),
                  layout_.sum_stages[0], index);
    problem_.add(squares.finish());
    reduce_row(AccumulateOp::Add, layout_.sum_stages, index);
    for (int h = 0; h < 2; ++h) store_latent_half(layer, request, row, h, raw_rows[h]);
}

void LlamaStep::store_latent_half(int layer, const Request& request, int row, int h, int raw_row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int index = request.first + row, position = request.position + row;
    const int page = position / layout_.lanes, token = position % layout_.lanes, side = layout_.page_side(page);
    const auto& cache = layout_.cache(request.request, layer);
    VectorTask task = lowering_.vector_task(1);
    const Value mean = task.op(Opcode::Multiply, DType::F32, task.read(layout_.sum_stages[2], DType::F32, index),
                               1.0f / float(p.latent));
    const Value r =
        task.op(Opcode::Rsqrt, DType::F32, task.op(Opcode::Add, DType::F32, mean, float(layout_.config.mla.norm_eps)));
    const Value scaled = task.op(Opcode::Multiply, DType::F32, task.read(regions.raw[h], DType::F32, raw_row), r);
    const Value normed =
        task.op(Opcode::Multiply, DType::F32, scaled, task.read(regions.gains, DType::F32, layer * p.gains() + h));
    const Value turned =
        task.op(Opcode::Mask, DType::F32,
                task.convert(DType::F16, DType::F32, task.read(regions.rotated_key[h], DType::F16, index)),
                task.read(regions.masks, DType::Bool, LatentPacking::rope_mask));
    const Value stored = task.convert(DType::F32, DType::F16, task.op(Opcode::Add, DType::F32, normed, turned));
    task.write(stored, cache.key[side][size_t(LlamaCompiler::Layout::key_region(token % block_tokens, h))],
               layout_.key_word(page, 0, h) + token / block_tokens);
    task.write(stored, regions.values[h], index);
    problem_.add(task.finish());

    // Blocks of 16 elements, each turned from where it stands to where its block of tokens stands.
    const int first = h * ((p.half + block_tokens - 1) / block_tokens);
    const int count = (p.latent_count(h) + block_tokens - 1) / block_tokens, block = token / block_tokens;
    if (count == 0) return;
    VectorTask stage = lowering_.vector_task(count);
    const Value turns = stage.read_rotated(regions.values[h], DType::F16, index, 0, block * isa::lanes_per_superlane,
                                           count == 1 ? 0 : -isa::lanes_per_superlane, lowering_.next_permuter());
    stage.write(turns, cache.staging[side][size_t(position % block_tokens)], staging_row(block, first));
    problem_.add(stage.finish());
}

/// RoPE of the heads' queries, those of one vector at once.
void LlamaStep::rotate_queries(const Request& request) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const float scale = float(layout_.config.score_scale());
    for (int v = 0; v < p.rope_vectors; ++v)
        for (int row = 0; row < request.count; row += row_chunk) {
            const int first = request.first + row;
            VectorTask task = lowering_.vector_task(std::min(row_chunk, request.count - row));
            const int b = p.rope_vector(1, v) - p.west();
            Value rotated[2];
            rotate(task, task.read(regions.raw[0], DType::F32, first * p.west() + p.rope_vector(0, v), p.west()),
                   task.read(regions.raw[1], DType::F32, first * p.east() + b, p.east()), request.position + row, scale,
                   rotated[0], rotated[1]);
            for (int h = 0; h < 2; ++h) task.write(rotated[h], layout_.query_half[h], v * layout_.max_rows + first);
            problem_.add(task.finish());
        }
}

/// Queries without position as inputs of the product with K^T: in int8 each head by itself, with its own scale.
void LlamaStep::take_nope(int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int raw = row * p.west() + p.nope_vector(0);
    if (layout_.half) {
        VectorTask task = lowering_.vector_task(p.nope_vectors);
        const Value rounded = task.convert(DType::F32, DType::F16, task.read(regions.raw[0], DType::F32, raw));
        for (const VectorRegion& to : regions.nope) task.write(rounded, to, row * p.nope_vectors);
        problem_.add(task.finish());
        return;
    }
    const int first = row * p.heads;
    for (int v = 0; v < p.nope_vectors; ++v) {
        const int head = v * p.nope_heads;
        VectorTask task = lowering_.vector_task(std::min(p.nope_heads, p.heads - head));
        const Value own = task.op(Opcode::Mask, DType::F32, task.read(regions.raw[0], DType::F32, raw + v, 0),
                                  task.read(regions.masks, DType::Bool, p.nope_mask(0)));
        task.write(own, regions.head_wide, first + head);
        task.write(task.op(Opcode::Absolute, DType::F32, own), regions.head_tops[0], first + head);
        problem_.add(task.finish());
    }
    reduce_heads(row);
    for (int head = 0; head < p.heads; head += heads_at_once) {
        VectorTask task = lowering_.vector_task(std::min(heads_at_once, p.heads - head));
        quantize_latent(task, task.read(regions.head_wide, DType::F32, first + head), first + head, 1, regions.nope,
                        first + head);
    }
}

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
    const Value largest = task.op(Opcode::Maximum, DType::F32,
                                  task.read(layout_.latent_rows.head_tops[2], DType::F32, top, top_step), tiny);
    const Value root = task.op(Opcode::Rsqrt, DType::F32, largest);
    const Value inverse =
        task.op(Opcode::Multiply, DType::F32, task.op(Opcode::Multiply, DType::F32, root, root), 127.0f);
    const Value rounded = task.convert(DType::F32, DType::I8, task.op(Opcode::Multiply, DType::F32, wide, inverse));
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
