// SPDX-License-Identifier: Apache-2.0
// Queries, keys and values: projection, RoPE, and their way into the KV cache.
#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

namespace {
constexpr int transposed_at_once = 8;                   // longer runs would meet their own scatter map on the stream
}  // namespace

MxmUnit LlamaStep::attention_unit(int side) {
    const int pairs = layout_.chip.geometry.planes / 2;
    return {Side(side), next_pair_++ % pairs * 2, true};
}

/// Keys and queries first, values last: while their weights stream, the vector unit finds the softmax of the scores.
/// Planes take their tiles in program order, so scores stand among the value tiles, where the queries have had time to
/// arrive.
void LlamaStep::project_qkv(int layer) {
    problem_.begin_operation("q, k, v projection");
    const LlamaLayer& weights = layout_.layers[size_t(layer)];
    const Matrix& matrix = weights.qkv;
    const int rows = int(rows_.size());
    const ProductInput input = layout_.input(layout_.normed, rows);
    const HeldInput held = hold_input(lowering_, matrix, input);
    const auto multiply = [&](int tile) {
        const int slot = lowering_.take_accumulators(rows);
        multiply_tile(lowering_, matrix, matrix.tiles[size_t(tile)], input, held, slot);
        return slot;
    };
    const HeadPacking& packing = layout_.packing;
    for (int pair = 0; pair < packing.pairs; ++pair) {
        const auto& tiles = weights.key[size_t(pair)];
        const int slot = multiply(tiles[0]);
        store_key(layer, pair, {slot, multiply(tiles[1])});
    }
    for (int g = 0; g < packing.group; ++g)
        for (int pair = 0; pair < packing.pairs; ++pair) {
            const auto& tiles = weights.query[size_t(g * packing.pairs + pair)];
            const int slot = multiply(tiles[0]);
            store_query(layer, g, pair, {slot, multiply(tiles[1])});
        }
    const int vectors = packing.value_vectors(), before_scores = vectors / 4;
    const auto value = [&](int vector) {
        problem_.begin_operation("q, k, v projection");
        store_value(layer, weights, vector, multiply(weights.value[size_t(vector)]));
    };
    for (int vector = 0; vector < before_scores; ++vector) value(vector);
    problem_.begin_operation("attention scores");
    for (const Request& request : requests_)
        for (int page = 0; page < pages(request); ++page)
            for (int pair = 0; pair < packing.pairs; ++pair) score(layer, request, page, pair);
    for (int vector = before_scores; vector < vectors; ++vector) value(vector);
    for (const Request& request : requests_) transpose_values(layer, request);
}

/// RoPE on the halves of heads: A' = A cos - B sin, B' = B cos + A sin (learned positions: A' = A, B' = B), both times
/// `scale`, rounded to fp16.
void LlamaStep::rotate(VectorTask& task, Value a, Value b, int position, float scale, Value& out_a, Value& out_b) {
    out_a = a, out_b = b;
    if (layout_.config.position == PositionKind::rope) {
        const Value cosine = task.read(layout_.cosine, DType::F32, position);
        const Value sine = task.read(layout_.sine, DType::F32, position);
        const auto multiply = [&](Value x, Value y) { return task.op(Opcode::Multiply, DType::F32, x, y); };
        out_a = task.op(Opcode::Subtract, DType::F32, multiply(a, cosine), multiply(b, sine));
        out_b = task.op(Opcode::Add, DType::F32, multiply(b, cosine), multiply(a, sine));
    }
    for (Value* value : {&out_a, &out_b}) {
        if (scale != 1.0f) *value = task.op(Opcode::Multiply, DType::F32, *value, scale);
        *value = task.convert(DType::F32, DType::F16, *value);
    }
}

void LlamaStep::store_query(int layer, int g, int pair, const std::array<int, 2>& slots) {
    const int index = g * layout_.packing.pairs + pair;
    const LlamaLayer& weights = layout_.layers[size_t(layer)];
    const float scale = float(layout_.config.score_scale());
    for (const Request& request : requests_) {
        for (int row = 0; row < request.count; row += row_chunk) {
            const int count = std::min(row_chunk, request.count - row);
            const int first = request.first + row;
            const Heads heads{layer, false, index, weights.qkv, weights.query[size_t(index)], slots, first, count};
            prepare_heads(heads);
            VectorTask task = lowering_.vector_task(count);
            const auto [a, b] = head_halves(task, heads);
            Value rotated[2];
            rotate(task, a, b, request.position + row, scale, rotated[0], rotated[1]);
            for (int h = 0; h < 2; ++h) task.write(rotated[h], layout_.query_half[h], index * layout_.max_rows + first);
            problem_.add(task.finish());
        }
        mask_query(request, g, pair);
    }
}

/// One vector a head: the query in the lanes of its KV head, 0 elsewhere, so that keys of other heads do not count.
void LlamaStep::mask_query(const Request& request, int g, int pair) {
    const int from = (g * layout_.packing.pairs + pair) * layout_.max_rows + request.first;
    for (int row = 0; row < request.count; ++row) {
        VectorTask task = lowering_.vector_task(layout_.packing.slots_in(pair));
        const Value mask = task.read(layout_.slot_mask, DType::Bool, 0);
        for (int h = 0; h < 2; ++h) {
            const Value masked =
                task.op(Opcode::Mask, DType::F16, task.read(layout_.query_half[h], DType::F16, from + row, 0), mask);
            for (int side = 0; side < std::min(2, pages(request)); ++side)
                task.write(masked, layout_.query_masked[side][h],
                           head_row(request, {pair, row, g, 0}) + request.first * layout_.packing.heads);
        }
        problem_.add(task.finish());
    }
}

void LlamaStep::store_key(int layer, int pair, const std::array<int, 2>& slots) {
    const LlamaLayer& weights = layout_.layers[size_t(layer)];
    const int vector = layout_.packing.group * layout_.packing.pairs + pair;
    for (const Request& request : requests_)
        for (int row = 0; row < request.count; ++row) {
            const int position = request.position + row, page = position / layout_.lanes,
                      token = position % layout_.lanes;
            const int side = layout_.page_side(page);
            const Heads heads{layer, true, vector, weights.qkv, weights.key[size_t(pair)], slots, request.first + row,
                              1};
            prepare_heads(heads);
            VectorTask task = lowering_.vector_task(1);
            const auto [a, b] = head_halves(task, heads);
            Value rotated[2];
            rotate(task, a, b, position, 1.0f, rotated[0], rotated[1]);
            const auto& cache = layout_.cache(layer).key[side];
            for (int h = 0; h < 2; ++h)
                task.write(rotated[h], cache[size_t(LlamaCompiler::Layout::key_region(token % block_tokens, h))],
                           layout_.key_word(request.request, page, pair, h) + token / block_tokens);
            problem_.add(task.finish());
        }
}

/// A value vector goes to the staging rows of its block of 16 tokens, turned by as many superlanes as the block's
/// number.
void LlamaStep::store_value(int layer, const LlamaLayer& weights, int vector, int slot) {
    const OutputTile& tile = weights.qkv.tiles[size_t(weights.value[size_t(vector)])];
    for (const Request& request : requests_)
        for (int row = 0; row < request.count; ++row) {
            const int position = request.position + row, page = position / layout_.lanes;
            const int block = position % layout_.lanes / block_tokens;
            VectorTask task = lowering_.vector_task(1);
            const Value value = clamped(
                task, result(task, tile, slot + request.first + row, scales(task, qkv_product, request.first + row)),
                float(layout_.config.clip_qkv));
            const VectorRegion& staging =
                layout_.cache(layer).staging[layout_.page_side(page)][size_t(position % block_tokens)];
            task.write_rotated(task.convert(DType::F32, DType::F16, value), {block * isa::lanes_per_superlane},
                               {{staging, staging_row(request.request, block, vector)}}, lowering_.next_permuter());
            problem_.add(task.finish());
        }
}

/// Turns every block of 16 tokens that the request's rows touch; a step has at most 16 rows, so two blocks, each with
/// its own half of the staging rows.
void LlamaStep::transpose_values(int layer, const Request& request) {
    const HeadPacking& packing = layout_.packing;
    for (int block = request.position / block_tokens; block <= request.last_position() / block_tokens; ++block) {
        const int page = block * block_tokens / layout_.lanes;
        for (int group = 0; group < packing.value_groups; ++group)
            for (int first = 0; first < packing.value_blocks; first += transposed_at_once)
                transpose_block(layer, request.request, page, block - page * layout_.lanes / block_tokens, group, first,
                                std::min(transposed_at_once, packing.value_blocks - first));
    }
}

int LlamaStep::staging_row(int request, int block, int vector) const {
    return (2 * request + block % 2) * layout_.packing.value_vectors() + vector;
}

/// 16 staged tokens of `count` value vectors through the transposer: row i of a vector then has dimension i of all
/// heads, 16 tokens each, and a scatter puts each head's superlane into that head's word.
void LlamaStep::transpose_block(int layer, int request, int page, int block, int group, int first, int count) {
    const LlamaCompiler::Layout::Cache& cache = layout_.cache(layer);
    const int side_index = layout_.page_side(page);
    const Side side = Side(side_index), out = outward(side), in = inward(side);
    const isa::Floorplan& plan = problem_.plan();
    const isa::Timing& timing = layout_.chip.timing;
    const HeadPacking& packing = layout_.packing;
    const int edge = plan.sxm_edge(side);
    const int leaves = 2 * timing.sxm_io_crossing + timing.sxm_transposer;
    Task task;
    for (int token = 0; token < block_tokens; ++token) {
        const VectorRegion& region = cache.staging[side_index][size_t(token)];
        for (int k = 0; k < 2; ++k) {
            const int position = plan.mem(side, region.slices[size_t(k)]);
            add_access(problem_, task, Opcode::Read, region, k,
                       staging_row(request, block, group * packing.value_blocks + first), 1, count, 1,
                       -std::abs(edge - position) - timing.mem_read, isa::stream(out, 2 * token + k));
            task.flows.push_back({out, 2 * token + k, isa::diagonal(out, 0, edge), count, 1, std::min(edge, position),
                                  std::max(edge, position)});
        }
    }
    Issue transpose{problem_.queues().sxm(side, isa::SxmUnit::Transposer, 0), 0, count, 1, 0, {}};
    transpose.instruction.opcode = Opcode::Transpose;
    transpose.instruction.dtype = DType::F16;
    transpose.instruction.a = isa::stream(out, 0);
    transpose.instruction.dst = isa::stream(in, 0);
    task.issues.push_back(transpose);
    task.holds.push_back({problem_.queues().sxm(side, isa::SxmUnit::Transposer, 1), 0, count});

    int64_t map_first = INT64_MAX, map_last = INT64_MIN;  // diagonals on which the map must stand
    int map_reach = plan.mem(side, 0);
    const int base_word = layout_.value_word(request, page, first);
    for (int i = 0; i < block_tokens; ++i) {
        const VectorRegion& region = cache.value[side_index][size_t(i)];
        for (int k = 0; k < 2; ++k) {
            const int slice = region.slices[size_t(k)];
            const int position = plan.mem(side, slice);
            const int at = leaves + std::abs(edge - position);
            Issue scatter{problem_.queues().mem(side, slice), at, count, 1, 1, {}};
            scatter.instruction.opcode = Opcode::Scatter;
            scatter.instruction.index = uint16_t(region.address + base_word);
            scatter.instruction.a = isa::stream(in, 2 * i + k);
            scatter.instruction.b = isa::stream(out, 0);
            task.issues.push_back(scatter);
            const int bank_at = at + timing.mem_write - 1;
            task.banks.push_back({int(side) * layout_.chip.geometry.mem_slices + slice, region.address, 1, count, 1,
                                  bank_at, true, true});
            task.flows.push_back({in, 2 * i + k, isa::diagonal(in, leaves, edge), count, 1, std::min(edge, position),
                                  std::max(edge, position)});
            const int64_t diagonal = isa::diagonal(out, at, position);
            map_first = std::min(map_first, diagonal);
            map_last = std::max(map_last, diagonal + count - 1);
            if (std::abs(position) > std::abs(map_reach)) map_reach = position;
            if (k > 0) continue;
            const int last_head = std::min((group + 1) * packing.superlanes, packing.kv);
            for (int head = group * packing.superlanes; head <= last_head;
                 ++head) {  // the one past the last takes what no head owns
                const int owner = head == last_head ? packing.kv : head;
                const uint32_t cell = problem_.word_cell(
                    side, slice,
                    region.address + layout_.value_word(request, page, owner * packing.value_blocks + first));
                task.accesses.push_back({cell, 1, count, 1, bank_at, bank_at + timing.mem_turnaround, true});
            }
        }
    }
    const VectorRegion& map = layout_.value_map[side_index];
    const int map_position = plan.mem(side, map.slices[0]);
    const int window = int(map_last - map_first) + 1;
    const int leaves_map = int(map_first + (out == Side::East ? map_position : -map_position));
    add_access(problem_, task, Opcode::Read, map, 0, group * packing.superlanes + block, 0, window, 1,
               leaves_map - timing.mem_read, isa::stream(out, 0));
    task.flows.push_back(
        {out, 0, map_first, window, 1, std::min(map_position, map_reach), std::max(map_position, map_reach)});
    problem_.add(std::move(task));
}

}  // namespace superlane::compiler
