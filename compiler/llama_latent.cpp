// SPDX-License-Identifier: Apache-2.0
// Latent attention: latent rows into the cache, queries taken to the latent row and results back from it.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

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
    add_product(weights.o, regions.results, output_product, {layout_.post_norm(layer, false), last, false, false});
}

/// Results of a projection to the fp32 vectors of their numbers.
void LlamaStep::project_latent(const Matrix& matrix, const ProductInput& input, Product product) {
    const LatentPacking& p = layout_.latent;
    multiply_vectors(matrix, input, product, [&](VectorTask& task, Value sum, int vector, int row) {
        const int side = vector >= p.west();
        const int width = side == 0 ? p.west() : p.east(), place = vector - side * p.west();
        task.write(sum, layout_.latent_rows.raw[side], row * width + place, width);
    });
}

/// RMSNorm of the latent row of queries; in int8 as norm_int8().
void LlamaStep::norm_latent_query(int layer, int row) {
    const LatentPacking& p = layout_.latent;
    const LatentRegions& regions = layout_.latent_rows;
    const int vectors = p.query_vectors, first = row * p.west() + p.query(0), gains = layer * p.gains() + 2;
    const double eps = layout_.config.mla.norm_eps;
    const auto multiply = [](VectorTask& task, Value a, Value b) {
        return task.op(Opcode::Multiply, DType::F32, a, b);
    };
    const auto inverse_root = [&](VectorTask& task, int step) {
        return inverse_rms(task, task.read(layout_.sum_stages[2], DType::F32, row, step), p.q_lora, eps);
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
    const auto& cache = layout_.cache(layer);
    VectorTask task = lowering_.vector_task(1);
    const Value r =
        inverse_rms(task, task.read(layout_.sum_stages[2], DType::F32, index), p.latent, layout_.config.mla.norm_eps);
    const Value scaled = task.op(Opcode::Multiply, DType::F32, task.read(regions.raw[h], DType::F32, raw_row), r);
    const Value normed =
        task.op(Opcode::Multiply, DType::F32, scaled, task.read(regions.gains, DType::F32, layer * p.gains() + h));
    const Value turned =
        task.op(Opcode::Mask, DType::F32,
                task.convert(DType::F16, DType::F32, task.read(regions.rotated_key[h], DType::F16, index)),
                task.read(regions.masks, DType::Bool, LatentPacking::rope_mask));
    const Value stored = task.convert(DType::F32, DType::F16, task.op(Opcode::Add, DType::F32, normed, turned));
    task.write(stored, cache.key[side][size_t(LlamaCompiler::Layout::key_region(token % block_tokens, h))],
               layout_.key_word(request.request, page, 0, h) + token / block_tokens);
    task.write(stored, regions.values[h], index);
    problem_.add(task.finish());

    // Blocks of 16 elements, each turned from where it stands to where its block of tokens stands.
    const int first = h * ((p.half + block_tokens - 1) / block_tokens);
    const int count = (p.latent_count(h) + block_tokens - 1) / block_tokens, block = token / block_tokens;
    if (count == 0) return;
    VectorTask stage = lowering_.vector_task(count);
    const Value turns = stage.read_rotated(regions.values[h], DType::F16, index, 0, block * isa::lanes_per_superlane,
                                           count == 1 ? 0 : -isa::lanes_per_superlane, lowering_.next_permuter());
    stage.write(turns, cache.staging[side][size_t(position % block_tokens)],
                staging_row(request.request, block, first));
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

}  // namespace superlane::compiler
