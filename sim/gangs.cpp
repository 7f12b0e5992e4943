// SPDX-License-Identifier: Apache-2.0
// Gangs: which Reads and Gathers of a program put values side by side.
#include <algorithm>
#include <tuple>

#include "sim/prepare.hpp"

namespace superlane::sim {
namespace {

constexpr size_t smallest_gang = 3;  ///< fewer gain nothing

/// A chunk that may join a gang, and what its companions must share.
struct Candidate {
    int64_t first = 0;  ///< coordinate
    uint32_t count = 0, interval = 0;
    int32_t delay = 0;
    uint8_t bundle = 0, direction = 0;
    bool gathers = false;
    uint8_t stream = 0;  ///< of the bundle
    uint32_t chunk = 0;

    auto key() const { return std::tie(first, count, interval, delay, bundle, direction, gathers); }
};

bool may_join(const Chunk& chunk) {
    return chunk.instruction.opcode == isa::Opcode::Read || (chunk.instruction.opcode == isa::Opcode::Gather && chunk.count > 1);
}

Candidate candidate(const isa::Floorplan& plan, const isa::Queue& queue, const Chunk& chunk, uint32_t id) {
    const isa::Side direction = isa::stream_direction(chunk.instruction.dst);
    const int index = isa::stream_index(chunk.instruction.dst);
    const int position = Streams::mirrored(direction, plan.mem(queue.side, queue.unit));
    return {chunk.first + chunk.delay - position, chunk.count, chunk.interval, chunk.delay, uint8_t(index / bundle_streams), uint8_t(direction),
            chunk.instruction.opcode == isa::Opcode::Gather, uint8_t(index % bundle_streams), id};
}

}  // namespace

void form_gangs(const isa::Floorplan& plan, const isa::QueueMap& queues, PreparedProgram& program) {
    std::vector<Candidate> all;
    for (uint32_t id = 0; id < program.chunks.size(); ++id)
        if (const Chunk& chunk = program.chunks[id]; may_join(chunk)) all.push_back(candidate(plan, queues[int(program.bursts[chunk.burst].queue)], chunk, id));
    std::sort(all.begin(), all.end(), [](const Candidate& x, const Candidate& y) {
        return std::tuple_cat(x.key(), std::tie(x.stream, x.chunk)) < std::tuple_cat(y.key(), std::tie(y.stream, y.chunk));
    });
    std::vector<bool> joined(program.chunks.size());
    std::vector<Action> starts;
    for (size_t begin = 0, end; begin < all.size(); begin = end) {
        Gang gang;
        for (end = begin; end < all.size() && all[end].key() == all[begin].key() && !(gang.mask >> all[end].stream & 1); ++end) gang.mask |= uint16_t(1u << all[end].stream);
        if (end - begin < smallest_gang) continue;
        const Candidate& common = all[begin];
        gang.diagonal = {common.first, common.count, common.interval};
        gang.delay = common.delay;
        gang.bundle = common.bundle;
        gang.direction = isa::Side(common.direction);
        gang.gathers = common.gathers;
        gang.members = uint32_t(program.members.size());
        for (size_t i = begin; i < end; ++i) {
            const Chunk& chunk = program.chunks[all[i].chunk];
            joined[all[i].chunk] = true;
            program.members.push_back({int32_t(chunk.first + chunk.delay - common.first), all[i].chunk, chunk.burst, chunk.index, chunk.step,
                                       uint16_t(program.slice_of_queue[program.bursts[chunk.burst].queue])});
        }
        const auto by_position = [](const Member& x, const Member& y) { return x.position < y.position; };
        const auto [most, least] = std::minmax_element(program.members.begin() + gang.members, program.members.end(), by_position);
        gang.upstream = most->position;
        gang.downstream = least->position;
        starts.push_back({gang.dispatch(*most).first, uint32_t(program.gangs.size()), most->slice, 0, Act::Gang});
        program.gangs.push_back(gang);
    }
    auto& actions = program.actions;
    for (Action& action : actions)
        if (action.act == Act::Start && joined[action.chunk]) action.act = Act::MemberStart;
    const auto by_cycle = [](const Action& x, const Action& y) { return x.cycle < y.cycle; };
    std::stable_sort(starts.begin(), starts.end(), by_cycle);
    std::vector<Action> merged;
    merged.reserve(actions.size() + starts.size());
    std::merge(starts.begin(), starts.end(), actions.begin(), actions.end(), std::back_inserter(merged), by_cycle);
    actions = std::move(merged);
}

}  // namespace superlane::sim
