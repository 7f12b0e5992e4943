// SPDX-License-Identifier: Apache-2.0
// Scores, softmax, and the weighted sum of values of one request's rows.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {
constexpr int emit_at_once = 8;  // short enough to fit between the passes of other tiles
}  // namespace

/// Order of a request's query heads wherever they stand one a row: pair of key vectors, row, group member, slot in the
/// pair.
int LlamaStep::head_row(const Request& request, const HeadRow& head) const {
    const HeadPacking& packing = layout_.packing;
    const int before = head.pair * packing.slots * packing.group * request.count;
    return before + (head.row * packing.group + head.g) * packing.slots_in(head.pair) + head.slot;
}

LlamaStep::HeadRow LlamaStep::head_of(const Request& request, int row) const {
    const HeadPacking& packing = layout_.packing;
    const int of_pair = packing.slots * packing.group * request.count;
    HeadRow head{row / of_pair, 0, 0, 0};
    const int rest = row % of_pair, slots = packing.slots_in(head.pair);
    head.slot = rest % slots;
    head.g = rest / slots % packing.group;
    head.row = rest / slots / packing.group;
    return head;
}

/// Softmax weights of a page: row, group member, then KV head, so that a result tile's heads follow each other.
int LlamaStep::weight_row(const Request& request, int page, int row, int g, int kv_head) const {
    const HeadPacking& packing = layout_.packing;
    return (page / 2 * layout_.max_rows + request.first) * packing.heads + (row * packing.group + g) * packing.kv +
           kv_head;
}

void LlamaStep::attend(int layer, const Request& request) {
    problem_.begin_operation("softmax");
    if (layout_.config.attention_sinks) store_sinks(layer, request);
    maximum(request);
    for (int page = 0; page < score_pages(request); ++page) exponentials(request, page);
    softmax_sums(request);
    problem_.begin_operation("attention values");
    for (int tile = 0; tile < layout_.packing.tiles; ++tile) weigh_values(layer, request, tile);
    if (layout_.results_packed()) pack_results(request);
}

/// Last tiles of all group members, side by side in few vectors.
void LlamaStep::pack_results(const Request& request) {
    for (int row = request.first; row < request.first + request.count; ++row)
        for (int v = 0; v < layout_.results.packed_rows(); ++v) {
            VectorTask task = lowering_.vector_task(layout_.results.pieces(v));
            const Value sum = pack(task,
                                   {layout_.results, layout_.result_rest, layout_.half ? DType::F16 : DType::F32,
                                    row * layout_.packing.group, layout_.result_piece_mask},
                                   v);
            store_result(task, sum, row * layout_.result_tiles + layout_.results.chips * layout_.results.full + v);
        }
}

void LlamaStep::store_result(VectorTask& task, Value result, int row) {
    if (layout_.half) {
        const Value rounded = task.convert(DType::F32, DType::F16, result);
        for (const VectorRegion& to : layout_.attended) task.write(rounded, to, row);
    } else {
        task.write(result, layout_.wide, row);
    }
    problem_.add(task.finish());
}

void LlamaStep::score(int layer, const Request& request, int page, int pair) {
    const auto& cache = layout_.cache(layer);
    const HeadPacking& packing = layout_.packing;
    const int side = layout_.page_side(page), slots = packing.slots_in(pair);
    const int tokens = std::min(layout_.lanes, request.last_position() + 1 - page * layout_.lanes);
    const int at_once = std::max(1, layout_.pass_limit() / slots);  // (row, g) of one pass
    const int total = request.count * packing.group;
    for (int first = 0; first < total; first += at_once) {
        const int count = std::min(at_once, total - first);
        const MxmUnit unit = attention_unit(side);
        const int slot = lowering_.take_accumulators(count * slots);
        const int heads =
            request.first * packing.heads + head_row(request, {pair, first / packing.group, first % packing.group, 0});
        for (int h = 0; h < 2; ++h) {
            std::vector<VectorRegion> regions;
            for (int i = 0; i < isa::lanes_per_superlane; ++i)
                regions.push_back(cache.key[side][size_t(LlamaCompiler::Layout::key_region(i, h))]);
            const WeightRows keys{regions, layout_.key_word(request.request, page, pair, h), (tokens + 15) / 16, 1,
                                  tokens};
            Activations queries{.count = count * slots, .region = layout_.query_masked[side][h], .row = heads};
            lowering_.tile(unit, keys, {{queries, slot, h == 1}});
        }
        for (int done = 0; done < count;) {  // rows see different numbers of tokens
            const int row = (first + done) / packing.group, g = (first + done) % packing.group;
            const int same = std::min(count - done, packing.group - g);
            store_scores(layer, request, unit, slot + done * slots, page, pair, row, g, same);
            done += same;
        }
    }
}

int LlamaStep::first_visible(int layer, const Request& request, int row) const {
    const int64_t window = layout_.window(layer);
    return window == 0 ? 0 : int(std::max<int64_t>(0, request.position + row + 1 - window));
}

/// Adds the masks of tokens not yet there and of those that left the window; heads go by parity to the two sides, where
/// their maxima are found in parallel.
void LlamaStep::store_scores(int layer, const Request& request, const MxmUnit& unit, int slot, int page, int pair,
                             int row, int first_g, int count_g) {
    const int visible = std::clamp(request.position + row + 1 - page * layout_.lanes, 0, layout_.lanes);
    const int hidden = std::clamp(first_visible(layer, request, row) - page * layout_.lanes, 0, layout_.lanes);
    const int first = head_row(request, {pair, row, first_g, 0}), count = count_g * layout_.packing.slots_in(pair);
    const int pages_used = score_pages(request);
    for (int parity = 0; parity < 2; ++parity) {
        const int start = (first + parity) % 2 == 0 ? 0 : 1;  // first element of this parity
        const int of_parity = (first + start) % 2, elements = (count - start + 1) / 2;
        if (elements <= 0) continue;
        VectorTask task = lowering_.vector_task(elements);
        const Value capped = soft_capped(task, task.emit(unit, slot + start, 2));
        Value sum = task.op(Opcode::Add, DType::F32, capped, task.read(layout_.bias, DType::F32, visible, 0));
        if (hidden > 0) sum = task.op(Opcode::Add, DType::F32, sum, task.read(layout_.hidden, DType::F32, hidden, 0));
        task.write(sum, layout_.scores[of_parity], scores_base(request) + (first + start) / 2 * pages_used + page,
                   pages_used);
        problem_.add(task.finish());
    }
}

LlamaStep::Value LlamaStep::soft_capped(VectorTask& task, Value score) {
    const float cap = float(layout_.config.attention_soft_cap);
    if (cap == 0.0f) return score;
    const Value part = task.op(Opcode::Multiply, DType::F32, score, 1.0f / cap);
    return task.op(Opcode::Multiply, DType::F32, task.op(Opcode::Tanh, DType::F32, part), cap);
}

/// A head's sink is a further page of its scores, of which only lane 0 counts; no value is weighed with it.
void LlamaStep::store_sinks(int layer, const Request& request) {
    const HeadPacking& packing = layout_.packing;
    const int page = pages(request), stride = score_pages(request);
    for (int pair = 0; pair < packing.pairs; ++pair)
        for (int row = 0; row < request.count; ++row) {
            const int first = head_row(request, {pair, row, 0, 0}), count = packing.group * packing.slots_in(pair);
            for (int start = 0; start < std::min(2, count); ++start) {
                VectorTask task = lowering_.vector_task((count - start + 1) / 2);
                const Value sink = task.read(layout_.sinks, DType::F32, layout_.sink_row(layer, pair) + start, 2);
                task.write(sink, layout_.scores[(first + start) % 2],
                           scores_base(request) + (first + start) / 2 * stride + page, stride);
                problem_.add(task.finish());
            }
        }
}

void LlamaStep::maximum(const Request& request) {
    const int heads = request.count * layout_.packing.heads, pages_used = score_pages(request);
    for (int parity = 0; parity < 2; ++parity) {
        const int own = (heads + 1 - parity) / 2;
        const int at_once = std::max(1, 64 / pages_used);
        for (int first = 0; first < own; first += at_once) {
            const int count = std::min(at_once, own - first);
            VectorTask task = lowering_.vector_task(count * pages_used);
            const Value scores =
                task.read(layout_.scores[parity], DType::F32, scores_base(request) + first * pages_used);
            task.write(task.accumulate(DType::F32, AccumulateOp::Max, scores, pages_used), layout_.maxima[parity][0],
                       request.half_base + first);
            problem_.add(task.finish());
        }
    }
    const std::vector<int> rotations = lowering_.three_stages();
    for (int head = 0; head < heads; ++head) {
        const int row = request.half_base + head / 2;
        const auto& stages = layout_.maxima[head % 2];
        lowering_.reduce_lanes(
            DType::F32, AccumulateOp::Max,
            {{stages[0], row, rotations[0]}, {stages[1], row, rotations[1]}, {stages[2], row, rotations[2]}}, stages[3],
            row);
    }
}

/// p = exp(s - max) in fp16, turned by its KV head's superlane: that is how the cache holds the head's values.
void LlamaStep::exponentials(const Request& request, int page) {
    const HeadPacking& packing = layout_.packing;
    const int heads = request.count * packing.heads, pages_used = score_pages(request);
    const int side = layout_.page_side(page);
    constexpr int at_once = 16;
    for (int parity = 0; parity < 2; ++parity) {
        const int own = (heads + 1 - parity) / 2;
        for (int first = 0; first < own; first += at_once) {
            const int count = std::min(at_once, own - first);
            VectorTask task = lowering_.vector_task(count);
            const Value score = task.read(layout_.scores[parity], DType::F32,
                                          scores_base(request) + first * pages_used + page, pages_used);
            const Value top = task.read(layout_.maxima[parity][3], DType::F32, request.half_base + first);
            const Value rounded = task.convert(DType::F16, DType::F32, task.convert(DType::F32, DType::F16, top));
            const Value weight =
                task.op(Opcode::Exp, DType::F32, task.op(Opcode::Subtract, DType::F32, score, rounded));
            std::vector<int> rotations;
            std::vector<VectorTask::Place> places;
            for (int i = 0; i < count; ++i) {
                const HeadRow head = head_of(request, 2 * (first + i) + parity);
                const int kv_head = head.pair * packing.slots + head.slot;
                rotations.push_back(kv_head % packing.superlanes * isa::lanes_per_superlane);
                places.push_back({layout_.weights16[side], weight_row(request, page, head.row, head.g, kv_head)});
            }
            task.write_rotated(task.convert(DType::F32, DType::F16, weight), rotations, places,
                               lowering_.next_permuter());
            problem_.add(task.finish());
        }
    }
}

/// 1 / sum of weights, in every lane: a product with a tile of ones.
void LlamaStep::softmax_sums(const Request& request) {
    const int heads = request.count * layout_.packing.heads, pages_used = score_pages(request);
    for (int first = 0; first < heads; first += layout_.pass_limit()) {
        const int count = std::min(layout_.pass_limit(), heads - first);
        const int slot = lowering_.take_accumulators(count);
        std::array<MxmUnit, 2> units{};
        for (int side = 0; side < std::min(2, pages_used); ++side) {
            units[size_t(side)] = attention_unit(side);
            const std::vector<VectorRegion> ones(layout_.ones.begin() + side * 16,
                                                 layout_.ones.begin() + side * 16 + 16);
            for (int page = side; page < pages_used; page += 2) {
                Activations weights{.count = count,
                                    .region = layout_.weights16[side],
                                    .row = weight_row(request, page, 0, 0, 0) + first};
                lowering_.tile(units[size_t(side)], {ones, 0, layout_.packing.superlanes, 0, layout_.lanes},
                               {{weights, slot, page != side}});
            }
        }
        for (int part = 0; part < count; part += emit_at_once) {
            VectorTask task = lowering_.vector_task(std::min(emit_at_once, count - part));
            Value sum = task.emit(units[0], slot + part);
            if (pages_used > 1) sum = task.op(Opcode::Add, DType::F32, sum, task.emit(units[1], slot + part));
            const Value root = task.op(Opcode::Rsqrt, DType::F32, sum);
            task.write(task.op(Opcode::Multiply, DType::F32, root, root), layout_.denominator,
                       request.first * layout_.packing.heads + first + part);
            problem_.add(task.finish());
        }
    }
}

void LlamaStep::weigh_values(int layer, const Request& request, int tile) {
    const LlamaCompiler::Layout::Cache& cache = layout_.cache(layer);
    const HeadPacking& packing = layout_.packing;
    const int first_head = packing.tile_first_head(tile), heads = packing.tile_last_head(tile) - first_head + 1;
    const int blocks = packing.tile_blocks(tile), pages_used = pages(request);
    const int at_once = std::max(1, layout_.pass_limit() / heads), total = request.count * packing.group;
    for (int first = 0; first < total; first += at_once) {
        const int count = std::min(at_once, total - first);
        const int slot = lowering_.take_accumulators(count * heads);
        std::array<MxmUnit, 2> units{};
        for (int side = 0; side < std::min(2, pages_used); ++side) {
            units[size_t(side)] = attention_unit(side);
            for (int page = side; page < pages_used; page += 2) {
                std::vector<Pass> passes;
                for (int i = first; i < first + count; ++i)
                    passes.push_back(
                        {{.count = heads,
                          .region = layout_.weights16[side],
                          .row = weight_row(request, page, i / packing.group, i % packing.group, first_head)},
                         slot + (i - first) * heads,
                         page != side});
                const int word = layout_.value_word(request.request, page, tile * packing.superlanes);
                const WeightRows values{cache.value[side], word, blocks, 1, blocks * isa::lanes_per_superlane};
                lowering_.tile(units[size_t(side)], values, passes);
            }
        }
        for (int i = 0; i < count; ++i) store_attention(request, tile, slot + i * heads, first + i, units);
    }
}

/// Of each head's result only its own lanes are right: mask, divide by the sum of weights, add the heads of the tile.
void LlamaStep::store_attention(const Request& request, int tile, int slot, int member,
                                const std::array<MxmUnit, 2>& units) {
    const HeadPacking& packing = layout_.packing;
    const int first_head = packing.tile_first_head(tile), heads = packing.tile_last_head(tile) - first_head + 1;
    VectorTask task = lowering_.vector_task(heads);
    Value sum = task.emit(units[0], slot);
    if (pages(request) > 1) sum = task.op(Opcode::Add, DType::F32, sum, task.emit(units[1], slot));
    const Value inverse =
        task.read(layout_.denominator, DType::F32, request.first * packing.heads + member * packing.kv + first_head);
    const Value own = task.op(Opcode::Mask, DType::F32, task.op(Opcode::Multiply, DType::F32, sum, inverse),
                              task.read(layout_.result_mask, DType::Bool, layout_.result_mask_row(tile, first_head)));
    const Value result = task.accumulate(DType::F32, AccumulateOp::Add, own, heads);
    const int row = request.first + member / packing.group, g = member % packing.group;
    if (!layout_.results_packed() || tile < layout_.results.full)
        return store_result(task, result, row * layout_.result_tiles + layout_.result_row(tile, g));
    const Value rest = layout_.half ? task.convert(DType::F32, DType::F16, result) : result;
    task.write(rest, layout_.result_rest, row * packing.group + g);
    problem_.add(task.finish());
}

}  // namespace superlane::compiler
