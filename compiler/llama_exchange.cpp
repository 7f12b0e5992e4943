// SPDX-License-Identifier: Apache-2.0
// What the chips of a group and neighbouring stages send each other: partial sums, residual shards, best logits.
#include <algorithm>

#include "base/error.hpp"
#include "compiler/llama_step.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

namespace {
constexpr int64_t next_stage_cycles = 1 << 20;  // more than any program takes: what leaves is what others wait for
}  // namespace

LlamaStep::Value LlamaStep::narrow(VectorTask& task, Value value) const {
    return layout_.options.wide_exchange ? value : task.convert(DType::F32, DType::F16, value);
}

LlamaStep::Value LlamaStep::widen(VectorTask& task, Value value) const {
    return layout_.options.wide_exchange ? value : task.convert(DType::F16, DType::F32, value);
}

/// Chips of the group that are `role` ranks after a gateway.
uint64_t LlamaStep::ranks_of(const Boundary& boundary, int role) const {
    uint64_t ranks = 0;
    for (int rank = 0; rank < layout_.options.chips; ++rank)
        if ((rank - boundary.base - role) % boundary.period == 0) ranks |= uint64_t(1) << rank;
    return ranks;
}

std::vector<int> LlamaStep::peer_links() const {
    std::vector<int> links;
    for (int offset = 1; offset < layout_.options.chips; ++offset) links.push_back(links_.peer(offset));
    return links;
}

/// A partial sum to the chip whose shard it belongs to; the chip as far behind sends the same in that moment.
void LlamaStep::send_partial(int row, int offset, int k) {
    if (offset == 0) return;
    const int behind = layout_.options.chips - offset;
    const SentRow sent = network_.send(layout_.outgoing, layout_.exchange_row(row, k, offset), {links_.peer(offset)});
    network_.receive(links_.peer(behind), layout_.received, layout_.exchange_row(row, k, behind), sent);
}

/// The sum of all chips' parts of this chip's own shard; for the last product of a stage plus the residual, to leave.
void LlamaStep::reduce_shard(int row, const Landing& landing) {
    problem_.begin_operation("network");
    const bool leaves_alone = landing.hands_on && !landing.joins;
    const bool adds = landing.last && !landing.hands_on && !layout_.config.sandwich_norms;
    for (int k = 0; k < layout_.residual.slots; ++k) {
        const int chips = layout_.options.chips, first = layout_.exchange_row(row, k, 0);
        VectorTask task = lowering_.vector_task(chips);
        const Value sum =
            task.accumulate(DType::F32, AccumulateOp::Add,
                            widen(task, task.read(layout_.received, layout_.exchange_type(), first)), chips);
        task.write(narrow(task, sum), leaves_alone ? layout_.leaving : layout_.gathered,
                   leaves_alone ? layout_.leaving_row(LlamaCompiler::Layout::partial_sums, row, k) : first);
        problem_.add(task.finish());
        if (landing.joins) join_sum(row, k, landing.hands_on);
        if (!adds) continue;
        VectorTask add = lowering_.vector_task(1);
        const Value x = add.read(layout_.x, DType::F32, own_row(row, k));
        const Value part = widen(add, add.read(layout_.gathered, layout_.exchange_type(), first));
        add.write(narrow(add, add.op(Opcode::Add, DType::F32, x, part)), layout_.leaving,
                  layout_.leaving_row(LlamaCompiler::Layout::residual_shards, row, k));
        problem_.add(add.finish());
    }
}

/// Adds the sums of the FFN's earlier parts.
void LlamaStep::join_sum(int row, int k, bool hands_on) {
    const Boundary& in = layout_.options.in;
    const int chips = layout_.options.chips, at = layout_.joining_row(row, k), first = layout_.exchange_row(row, k, 0);
    for (int j = 0; j < in.period; ++j) take_in((k * in.period + j) % in.cables, layout_.joining, at + j);
    for (int role = 1; role < in.period; ++role) {
        const SentRow sent = network_.send(layout_.joining, at + role, {links_.peer(role)}, ranks_of(in, 0));
        network_.receive(links_.peer(chips - role), layout_.joining, at, sent, ranks_of(in, role));
    }
    VectorTask add = lowering_.vector_task(1);
    const Value own = widen(add, add.read(layout_.gathered, layout_.exchange_type(), first));
    const Value before = widen(add, add.read(layout_.joining, layout_.exchange_type(), at));
    add.write(narrow(add, add.op(Opcode::Add, DType::F32, own, before)), hands_on ? layout_.leaving : layout_.gathered,
              hands_on ? layout_.leaving_row(LlamaCompiler::Layout::partial_sums, row, k) : first);
    problem_.add(add.finish());
}

/// Shards that stand in `gathered` on the entry's gateways reach every chip of the group.
void LlamaStep::broadcast(int row, const Boundary& entry) {
    const int chips = layout_.options.chips, period = entry.period;
    for (int k = 0; k < layout_.residual.slots; ++k)
        for (int j = 0; j < period; ++j) {
            const SentRow sent =
                network_.send(layout_.gathered, layout_.exchange_row(row, k, j), peer_links(), ranks_of(entry, 0));
            for (int role = 0; role < period; ++role)
                for (int offset = (period - role) % period; offset < chips; offset += period)
                    if (offset != 0)
                        network_.receive(links_.peer(offset), layout_.gathered,
                                         layout_.exchange_row(row, k, (offset + j) % chips), sent,
                                         ranks_of(entry, role));
        }
}

void LlamaStep::pack_rests(int row) {
    const ShardedVector& residual = layout_.residual;
    for (int v = 0; v < residual.packed_rows(); ++v) {
        VectorTask task = lowering_.vector_task(residual.pieces(v));
        const Rests rests{residual, layout_.gathered, layout_.exchange_type(),
                          layout_.exchange_row(row, residual.full, 0), layout_.piece_mask};
        task.write(pack(task, rests, v), layout_.packed, row * residual.packed_rows() + v);
        problem_.add(task.finish());
    }
}

/// x = x + shards, or x = shards; a sum that is to be normed before it is added, to `update`.
void LlamaStep::take_shards(int row, bool add) {
    const ShardedVector& residual = layout_.residual;
    const int chips = layout_.options.chips, first = row * layout_.hidden_tiles;
    const bool wait = add && layout_.config.sandwich_norms;
    const VectorRegion& to = wait ? layout_.update : layout_.x;
    const auto store = [&](VectorTask& task, Value part, int x_row, int step) {
        if (add && !wait)
            part = task.op(Opcode::Add, DType::F32, task.read(layout_.x, DType::F32, first + x_row, step), part);
        task.write(part, to, first + x_row, step);
        problem_.add(task.finish());
    };
    const int plain = layout_.alone() ? residual.slots : residual.full;  // alone, the rest stands as it is
    for (int k = 0; k < plain; ++k)
        for (int offset = 0; offset < chips; offset += row_chunk) {
            VectorTask task = lowering_.vector_task(std::min(row_chunk, chips - offset));
            const Value part =
                task.read(layout_.gathered, layout_.exchange_type(), layout_.exchange_row(row, k, offset));
            store(task, widen(task, part), layout_.alone() ? k : residual.full_row(offset, k),
                  std::max(1, residual.full));
        }
    if (plain == residual.slots) return;
    pack_rests(row);
    for (int v = 0; v < residual.packed_rows(); v += row_chunk) {
        VectorTask task = lowering_.vector_task(std::min(row_chunk, residual.packed_rows() - v));
        const Value part = task.read(layout_.packed, DType::F32, row * residual.packed_rows() + v);
        store(task, part, chips * residual.full + v, 1);
    }
}

void LlamaStep::gather_shards(int row, bool add, const Boundary& entry) {
    problem_.begin_operation("network");
    if (!layout_.alone()) broadcast(row, entry);
    take_shards(row, add);
}

/// The residual from the stage before: gateways take it from their cables.
void LlamaStep::enter(int row) {
    problem_.begin_operation("stage input");
    const Boundary& in = layout_.options.in;
    for (int k = 0; k < layout_.residual.slots; ++k)
        for (int j = 0; j < in.period; ++j)
            take_in((k * in.period + j) % in.cables, layout_.gathered, layout_.exchange_row(row, k, j));
    gather_shards(row, false, in);
}

/// A row from a cable of the stage before to gateways, as soon as it is there.
void LlamaStep::take_in(int cable, const VectorRegion& region, int row) {
    auto& rows = received_rows_[size_t(cable)];
    int64_t arrival = 0;
    if (!arrivals_.empty()) {
        size_t last = size_t(region.width) - 1;
        for (const Crossing& before : rows) last += size_t(before.vectors);
        arrival = arrivals_[size_t(cable)].at(last);
    }
    rows.push_back({network_.receive_paced(links_.in(cable), region, row, arrival, ranks_of(layout_.options.in, 0)),
                    region.width});
}

/// A row from gateways to the stage after.
void LlamaStep::send_out(int cable, const VectorRegion& region, int row) {
    const SentRow sent =
        network_.send(region, row, {links_.out(cable)}, ranks_of(layout_.options.out, 0), next_stage_cycles);
    sent_rows_[size_t(cable)].push_back({sent.task, region.width});
}

/// The residual as it came: every chip has all shards, and no block of the stage changes it.
void LlamaStep::pass_on(int row) {
    problem_.begin_operation("stage output");
    const Boundary& out = layout_.options.out;
    for (int k = 0; k < layout_.residual.slots; ++k)
        for (int j = 0; j < out.period; ++j)
            send_out((k * out.period + j) % out.cables, layout_.gathered, layout_.exchange_row(row, k, j));
}

/// A row that gateways took from the stage before, to the chips between them.
void LlamaStep::spread(const VectorRegion& region, int row) {
    const Boundary& in = layout_.options.in;
    if (in.period == 1) return;
    std::vector<int> links;
    for (int role = 1; role < in.period; ++role) links.push_back(links_.peer(role));
    const SentRow sent = network_.send(region, row, links, ranks_of(in, 0));
    for (int role = 1; role < in.period; ++role)
        network_.receive(links_.peer(layout_.options.chips - role), region, row, sent, ranks_of(in, role));
}

/// Shards that stand on chips without a cable go to the gateway before them; gateways send them on.
void LlamaStep::send_on(LlamaCompiler::Layout::Leaving what, int row) {
    const Boundary& out = layout_.options.out;
    const int chips = layout_.options.chips;
    for (int role = 1; role < out.period; ++role)
        for (int k = 0; k < layout_.residual.slots; ++k) {
            const int first = layout_.leaving_row(what, row, k);
            const SentRow sent =
                network_.send(layout_.leaving, first, {links_.peer(chips - role)}, ranks_of(out, role));
            network_.receive(links_.peer(role), layout_.leaving, first + role, sent, ranks_of(out, 0));
        }
    for (int k = 0; k < layout_.residual.slots; ++k)
        for (int j = 0; j < out.period; ++j)
            send_out((k * out.period + j) % out.cables, layout_.leaving, layout_.leaving_row(what, row, k) + j);
}

/// Row of x with slot k of this chip's own shard. A rest's own lanes are the first of its packed row; lanes behind them
/// carry other shards and are not looked at.
int LlamaStep::own_row(int row, int k) const {
    const ShardedVector& residual = layout_.residual;
    return row * layout_.hidden_tiles + (k < residual.full ? k : residual.chips * residual.full);
}

/// The residual to the next stage: this chip's shard of it, from its whole row or as it stands there already.
void LlamaStep::leave(int row, bool whole) {
    problem_.begin_operation("stage output");
    const auto what = LlamaCompiler::Layout::residual_shards;
    for (int k = 0; whole && k < layout_.residual.slots; ++k) {
        VectorTask task = lowering_.vector_task(1);
        const Value x = task.read(layout_.x, DType::F32, own_row(row, k));
        task.write(narrow(task, x), layout_.leaving, layout_.leaving_row(what, row, k));
        problem_.add(task.finish());
    }
    send_on(what, row);
}

/// Each chip knows the best logit of its share of the vocabulary and its token; all learn all, and choose alike.
void LlamaStep::gather_best(int count, const std::vector<int>& token_rows) {
    problem_.begin_operation("network");
    const int chips = layout_.options.chips, rows = layout_.max_rows;
    const int candidates = chips + int(layout_.joins_head());
    const auto exchange = [&](const VectorRegion& region, DType type, int from, int index) {
        const int first = layout_.candidate_row(index);
        VectorTask copy = lowering_.vector_task(1);
        copy.write(copy.op(Opcode::Identity, type, copy.read(layout_.best[2], type, from)), region, first);
        problem_.add(copy.finish());
        const SentRow sent = network_.send(region, first, peer_links());
        for (int offset = 1; offset < chips; ++offset)
            network_.receive(links_.peer(offset), region, first + offset, sent);
        if (!layout_.joins_head()) return;
        take_in(0, region, first + chips);
        spread(region, first + chips);
    };
    for (int index = 0; index < count; ++index) {
        exchange(layout_.candidates, DType::F32, index, index);
        exchange(layout_.candidate_tokens, DType::I32, rows + index, index);
    }
    for (int index = 0; index < count; ++index) {
        const int first = layout_.candidate_row(index);
        VectorTask top = lowering_.vector_task(candidates);
        const Value best = top.read(layout_.candidates, DType::F32, first);
        top.write(top.accumulate(DType::F32, AccumulateOp::Max, best, candidates), layout_.best[0], index);
        problem_.add(top.finish());
        VectorTask pick = lowering_.vector_task(candidates);
        const Value equal = pick.op(Opcode::Equal, DType::F32, pick.read(layout_.candidates, DType::F32, first),
                                    pick.read(layout_.best[0], DType::F32, index, 0));
        const Value token =
            pick.op(Opcode::Mask, DType::I32, pick.read(layout_.candidate_tokens, DType::I32, first), equal);
        const Value lowest = pick.accumulate(DType::I32, AccumulateOp::Min, token, candidates);
        pick.write(pick.op(Opcode::Add, DType::I32, lowest, uint32_t(1) << 30), layout_.token,
                   token_rows[size_t(index)]);
        if (layout_.hands_head_on()) pick.write(lowest, layout_.best[0], rows + index);
        problem_.add(pick.finish());
        if (!layout_.hands_head_on()) continue;
        send_out(0, layout_.best[0], index);
        send_out(0, layout_.best[0], rows + index);
    }
}

}  // namespace superlane::compiler
