// SPDX-License-Identifier: Apache-2.0
// The router: logits, ranks, the chosen experts' numbers as maps, and their weights.
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using isa::AccumulateOp;

void LlamaStep::route(const LlamaLayer& layer, int index) {
    problem_.begin_operation("router");
    const int rows = int(rows_.size());
    const Landing landing = ffn_landing(index, false);
    for (int row = 0; !layout_.half && !landing.joins && row < rows; ++row) router_input(2 * index + 1, row);
    if (!landing.joins) router_product(layer.router, index);
    const ExpertLayout& e = layout_.experts;
    const bool softmax = layout_.whole.moe.score == RouterScore::softmax, grouped = layout_.whole.moe.groups > 1;
    const bool raw = softmax && !grouped;
    const auto& values = raw ? e.logits : e.scores;
    for (int row = 0; row < rows; ++row) {
        if (landing.joins)
            take_logits(row);
        else if (!layout_.alone())
            share_logits(row);
        if (landing.hands_on) send_out(0, e.logits[1], row);
        if (softmax)
            score_softmax(row);
        else
            score_sigmoid(index, row);
        if (grouped) allow_groups(row);
        const int value_row = raw ? row : e.score_row(row, grouped);
        rank(e.all, values, value_row, e.ranks, e.rank_row(row, e.of_all));
        if (e.dealt()) rank(e.mine, values, value_row, e.my_ranks, row);
        for (int slot = 0; slot < e.slots; ++slot) {
            pick(row, slot);
            map_expert(row, slot);
        }
        weigh_picks(row);
    }
}

/// int8 mode: the normed row in fp16, behind norm_int8, whose sum of squares still stands.
void LlamaStep::router_input(int norm_index, int row) {
    VectorTask task = lowering_.vector_task(layout_.hidden_tiles);
    const Value rounded = task.convert(DType::F32, DType::F16, normed_input(task, norm_index, row));
    for (const VectorRegion& to : layout_.experts.routed) task.write(rounded, to, row * layout_.hidden_tiles);
    problem_.add(task.finish());
}

void LlamaStep::router_product(const Matrix& router, int index) {
    const int rows = int(rows_.size());
    const ProductInput input = layout_.input(layout_.half ? layout_.normed : layout_.experts.routed, rows);
    const HeldInput held = hold_input(lowering_, router, input);
    std::vector<int> slots;
    for (const OutputTile& tile : router.tiles) {
        slots.push_back(lowering_.take_accumulators(rows));
        multiply_tile(lowering_, router, tile, input, held, slots.back());
    }
    VectorTask task = lowering_.vector_task(rows);
    Value sum = task.read(layout_.experts.bias, DType::F32, index, 0);
    for (size_t i = 0; i < slots.size(); ++i)
        sum = task.op(Opcode::Add, DType::F32, task.emit(router.tiles[i].unit, slots[i]), sum);
    if (layout_.alone())
        write_both(task, sum, layout_.experts.logits, 0);
    else
        task.write(sum, layout_.experts.logits[1], 0);
    Task store = task.finish();
    if (!layout_.alone()) store.ranks = 1;
    problem_.add(std::move(store));
}

void LlamaStep::write_both(VectorTask& task, Value value, const VectorRegion (&to)[2], int row) {
    for (const VectorRegion& region : to) task.write(value, region, row);
}

/// All chips of a group must choose the same experts, but each sums the residual row, and so its norm and the logits,
/// beginning with its own shard: last bits may differ, and near a tie the choice. So rank 0 decides for all.
void LlamaStep::share_logits(int row) {
    const int chips = layout_.options.chips;
    const auto& logits = layout_.experts.logits;
    const SentRow sent = network_.send(logits[1], row, peer_links(), 1);
    for (int rank = 1; rank < chips; ++rank)
        network_.receive(links_.peer(chips - rank), logits[1], row, sent, uint64_t(1) << rank);
    copy_logits(row);
}

/// The stage with the first part has them.
void LlamaStep::take_logits(int row) {
    take_in(0, layout_.experts.logits[1], row);
    spread(layout_.experts.logits[1], row);
    copy_logits(row);
}

void LlamaStep::copy_logits(int row) {
    const auto& logits = layout_.experts.logits;
    VectorTask copy = lowering_.vector_task(1);
    copy.write(copy.read(logits[1], DType::F32, row), logits[0], row);
    problem_.add(copy.finish());
}

/// How many values beat a lane's own, as the table counts them.
void LlamaStep::rank(const RankTable& table, const VectorRegion (&values)[2], int value_row, const VectorRegion& ranks,
                     int to) {
    const int rotations = layout_.experts.rotations;
    VectorTask task = lowering_.vector_task(rotations);
    const Value own = task.read(values[0], DType::F32, value_row, 0);
    const Value other = task.read_rotated(values[1], DType::F32, value_row, 0, 0, 1, lowering_.next_permuter());
    const Value larger = task.op(Opcode::Mask, DType::I32, task.read(table.one, DType::I32, 0),
                                 task.op(Opcode::Less, DType::F32, own, other));
    const Value equal = task.op(Opcode::Mask, DType::I32, task.read(table.lower, DType::I32, 0),
                                task.op(Opcode::Equal, DType::F32, own, other));
    const Value beaten = task.op(Opcode::Add, DType::I32, larger, equal);
    task.write(task.accumulate(DType::I32, AccumulateOp::Add, beaten, rotations), ranks, to);
    problem_.add(task.finish());
}

void LlamaStep::reduce_picks(DType type, AccumulateOp reduction, int row) {
    const auto& picks = layout_.experts.picks;
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(type, reduction, {{picks[0], row, rotations[0]}, {picks[1], row, rotations[1]}}, picks[2],
                           row);
}

void LlamaStep::score_softmax(int row) {
    const ExpertLayout& e = layout_.experts;
    const int top = e.maximum_row(row);
    const std::vector<int> rotations = lowering_.two_stages();
    lowering_.reduce_lanes(DType::F32, AccumulateOp::Max,
                           {{e.logits[0], row, rotations[0]}, {e.picks[1], top, rotations[1]}}, e.picks[2], top);
    VectorTask task = lowering_.vector_task(1);
    const Value logits = task.read(e.logits[1], DType::F32, row);
    const Value below = task.op(Opcode::Subtract, DType::F32, logits, task.read(e.picks[2], DType::F32, top));
    task.write(task.op(Opcode::Exp, DType::F32, below), e.shares, row);
    if (layout_.whole.moe.groups > 1)
        write_both(task, task.op(Opcode::Identity, DType::F32, logits), e.scores, e.score_row(row, false));
    problem_.add(task.finish());
}

void LlamaStep::score_sigmoid(int index, int row) {
    const ExpertLayout& e = layout_.experts;
    VectorTask task = lowering_.vector_task(1);
    const Value score = sigmoid(task, task.read(e.logits[1], DType::F32, row), 1.0f);
    task.write(score, e.shares, row);
    const Value for_choice = layout_.whole.moe.correction_bias
                                 ? task.op(Opcode::Add, DType::F32, score, task.read(e.correction, DType::F32, index))
                                 : task.op(Opcode::Identity, DType::F32, score);
    write_both(task, for_choice, e.scores, e.score_row(row, false));
    problem_.add(task.finish());
}

/// Experts outside the best groups get the lowest score.
void LlamaStep::allow_groups(int row) {
    const ExpertLayout& e = layout_.experts;
    const int raw = e.score_row(row, false), best = 2 * row, sum = 2 * row + 1;
    rank(e.in_group, e.scores, raw, e.ranks, e.rank_row(row, e.of_group_members));
    VectorTask two = lowering_.vector_task(1);
    const Value member = two.read(e.ranks, DType::I32, e.rank_row(row, e.of_group_members));
    two.write(two.op(Opcode::Mask, DType::F32, two.read(e.scores[1], DType::F32, raw),
                     two.op(Opcode::Less, DType::I32, member, 2u)),
              e.group_stage[1], best);
    problem_.add(two.finish());
    VectorTask add = lowering_.vector_task(e.rotations);
    const Value turned = add.read_rotated(e.group_stage[1], DType::F32, best, 0, 0, 1, lowering_.next_permuter());
    const Value of_group = add.op(Opcode::Mask, DType::F32, turned, add.read(e.same_group, DType::Bool, 0));
    write_both(add, add.accumulate(DType::F32, AccumulateOp::Add, of_group, e.rotations), e.group_stage, sum);
    problem_.add(add.finish());
    rank(e.groups, e.group_stage, sum, e.ranks, e.rank_row(row, e.of_groups));
    const MoeConfig& moe = layout_.whole.moe;
    VectorTask allow = lowering_.vector_task(1);
    const Value allowed =
        allow.op(Opcode::Less, DType::I32, allow.read(e.ranks, DType::I32, e.rank_row(row, e.of_groups)),
                 uint32_t(moe.active_groups * (e.experts / moe.groups)));
    const Value kept = allow.op(Opcode::Mask, DType::F32, allow.read(e.scores[1], DType::F32, raw), allowed);
    const Value refused = allow.op(Opcode::Mask, DType::F32, allow.read(e.lowest, DType::F32, 0),
                                   allow.op(Opcode::Not, DType::Bool, allowed));
    write_both(allow, allow.op(Opcode::Add, DType::F32, kept, refused), e.scores, e.score_row(row, true));
    problem_.add(allow.finish());
}

/// Only the lane whose expert this chip computes in the slot; none when fewer of the chosen are its own.
LlamaStep::Value LlamaStep::keep_picked(VectorTask& task, DType type, Value value, int row, int slot) {
    const ExpertLayout& e = layout_.experts;
    const auto rank_of_all = [&] { return task.read(e.ranks, DType::I32, e.rank_row(row, e.of_all)); };
    const Value rank = e.dealt() ? task.read(e.my_ranks, DType::I32, row) : rank_of_all();
    const Value place = task.op(Opcode::Equal, DType::I32, rank, uint32_t(slot));
    value = task.op(Opcode::Mask, type, value, place);
    if (!e.dealt()) return value;
    const Value chosen = task.op(Opcode::Less, DType::I32, rank_of_all(), uint32_t(e.active));
    return task.op(Opcode::Mask, type, value, chosen);
}

void LlamaStep::pick(int row, int slot) {
    const ExpertLayout& e = layout_.experts;
    const int id = e.pick_row(row, e.id, slot), share = e.pick_row(row, e.share, slot);
    VectorTask ids = lowering_.vector_task(1);
    ids.write(keep_picked(ids, DType::I32, ids.read(e.ids, DType::I32, 0), row, slot), e.picks[0], id);
    problem_.add(ids.finish());
    reduce_picks(DType::I32, AccumulateOp::Add, id);
    VectorTask shares = lowering_.vector_task(1);
    shares.write(keep_picked(shares, DType::F32, shares.read(e.shares, DType::F32, row), row, slot), e.picks[0], share);
    problem_.add(shares.finish());
    reduce_picks(DType::F32, AccumulateOp::Add, share);
}

/// Lanes 0 and 1 of every superlane get the low and the high byte of the expert's number.
void LlamaStep::map_expert(int row, int slot) {
    const ExpertLayout& e = layout_.experts;
    const int choice = row * e.slots + slot;
    VectorTask task = lowering_.vector_task(1);
    const Value shifted =
        task.op(Opcode::ShiftRight, DType::I32, task.read(e.picks[2], DType::I32, e.pick_row(row, e.id, slot)),
                task.read(e.map_shift, DType::I32, 0));
    const Value kept = task.op(Opcode::Mask, DType::I32, task.op(Opcode::And, DType::I32, shifted, 255u),
                               task.read(e.map_keep, DType::Bool, 0));
    const Value west = task.convert(DType::I32, DType::U8, kept);
    const Value east = task.op(Opcode::Identity, DType::U8, west);
    for (const Side side : {Side::West, Side::East}) {
        const Value map = side == Side::West ? west : east;
        task.write(map, e.near_map[int(side)], choice);
        for (const VectorRegion& to : e.far_map[int(side)]) task.write(map, to, choice);
    }
    problem_.add(task.finish());
}

/// Shares over their sum, times the scaling.
void LlamaStep::weigh_picks(int row) {
    const ExpertLayout& e = layout_.experts;
    const MoeConfig& moe = layout_.whole.moe;
    const bool divided = moe.normalise || moe.score == RouterScore::softmax;
    const int sum = e.sum_row(row);
    if (divided) {
        VectorTask task = lowering_.vector_task(1);
        const Value counted =
            task.op(Opcode::Less, DType::I32, task.read(e.ranks, DType::I32, e.rank_row(row, e.of_all)),
                    uint32_t(moe.normalise ? e.active : e.experts));
        task.write(task.op(Opcode::Mask, DType::F32, task.read(e.shares, DType::F32, row), counted), e.picks[0], sum);
        problem_.add(task.finish());
        const std::vector<int> rotations = lowering_.two_stages();
        lowering_.reduce_lanes(DType::F32, AccumulateOp::Add,
                               {{e.picks[0], sum, rotations[0]}, {e.picks[1], sum, rotations[1]}}, e.sums, row);
    }
    VectorTask task = lowering_.vector_task(e.slots);
    Value weight = task.read(e.picks[2], DType::F32, e.pick_row(row, e.share, 0));
    if (divided) {
        weight = task.op(Opcode::Multiply, DType::F32, weight, reciprocal(task, task.read(e.sums, DType::F32, row, 0)));
    }
    weight = task.op(Opcode::Multiply, DType::F32, weight, float(moe.scaling));
    task.write(weight, e.weights, row * e.slots);
    problem_.add(task.finish());
}

}  // namespace superlane::compiler
