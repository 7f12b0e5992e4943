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
    uint16_t map = 0;
    uint8_t bundle = 0, direction = 0;
    bool gathers = false;
    uint8_t stream = 0;  ///< of the bundle
    uint32_t chunk = 0;

    auto key() const { return std::tie(first, count, interval, delay, map, bundle, direction, gathers); }
};

class Gangs {
public:
    Gangs(const isa::Floorplan& plan, const isa::QueueMap& queues, PreparedProgram& program)
        : plan_(plan), queues_(queues), program_(program), joined_(program.chunks.size()) {}

    void form() {
        for (uint32_t id = 0; id < program_.chunks.size(); ++id)
            if (may_join(program_.chunks[id])) add_candidate(id);
        std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& x, const Candidate& y) {
            return std::tuple_cat(x.key(), std::tie(x.stream, x.chunk)) <
                   std::tuple_cat(y.key(), std::tie(y.stream, y.chunk));
        });
        for (size_t begin = 0, end; begin < candidates_.size(); begin = end) {
            uint16_t mask = 0;
            for (end = begin; end < candidates_.size() && candidates_[end].key() == candidates_[begin].key() &&
                              !(mask >> candidates_[end].stream & 1);
                 ++end)
                mask |= uint16_t(1u << candidates_[end].stream);
            if (end - begin >= smallest_gang) add_gang(begin, end, mask);
        }
        merge();
    }

private:
    static bool may_join(const Chunk& chunk) {
        return chunk.instruction.opcode == isa::Opcode::Read || chunk.instruction.opcode == isa::Opcode::Gather;
    }

    void add_candidate(uint32_t id) {
        const Chunk& chunk = program_.chunks[id];
        const isa::Queue& queue = queues_[int(program_.bursts[chunk.burst].queue)];
        const isa::Side direction = isa::stream_direction(chunk.instruction.dst);
        const int index = isa::stream_index(chunk.instruction.dst);
        const bool gathers = chunk.instruction.opcode == isa::Opcode::Gather;
        candidates_.push_back(
            {chunk.first + chunk.delay - Streams::mirrored(direction, plan_.mem(queue.side, queue.unit)), chunk.count,
             chunk.interval, chunk.delay, gathers ? chunk.instruction.b : uint16_t(0), uint8_t(index / bundle_streams),
             uint8_t(direction), gathers, uint8_t(index % bundle_streams), id});
    }

    void add_gang(size_t begin, size_t end, uint16_t mask) {
        const Candidate& common = candidates_[begin];
        Gang gang;
        gang.diagonal = {common.first, common.count, common.interval};
        gang.delay = common.delay;
        gang.members = uint32_t(program_.members.size());
        gang.mask = mask;
        gang.bundle = common.bundle;
        gang.direction = isa::Side(common.direction);
        gang.gathers = common.gathers;
        gang.map = common.map;
        for (size_t i = begin; i < end; ++i) {
            const Chunk& chunk = program_.chunks[candidates_[i].chunk];
            joined_[candidates_[i].chunk] = true;
            program_.members.push_back({int32_t(chunk.first + chunk.delay - common.first), candidates_[i].chunk,
                                        chunk.burst, chunk.index, chunk.step,
                                        uint16_t(program_.slice_of_queue[program_.bursts[chunk.burst].queue])});
        }
        const auto by_position = [](const Member& x, const Member& y) { return x.position < y.position; };
        const auto [most, least] =
            std::minmax_element(program_.members.begin() + gang.members, program_.members.end(), by_position);
        gang.upstream = most->position;
        gang.downstream = least->position;
        const int64_t first = gang.dispatch(*most).first, last = gang.dispatch(*least).last();
        const uint32_t id = uint32_t(program_.gangs.size());
        added_.push_back({first, id, most->slice, 0, Act::GangStart});
        if (gang.gathers) {
            added_.push_back({last, id, least->slice, 2, Act::GangEnd});
            program_.longest_chunk = std::max(program_.longest_chunk, int(last - first));
            find_taps(gang);
        }
        program_.gangs.push_back(gang);
    }

    /// Along with the addresses the members tap the same values; against them, each its own, that overlap.
    void find_taps(Gang& gang) {
        const isa::Side direction = isa::stream_direction(gang.map);
        const auto turned = [&](int32_t position) { return direction == gang.direction ? position : -position; };
        std::tie(gang.map_upstream, gang.map_downstream) = std::minmax(turned(gang.upstream), turned(gang.downstream));
        const int64_t one = gang.diagonal.first - gang.delay + gang.upstream - turned(gang.upstream);
        const int64_t other = gang.diagonal.first - gang.delay + gang.downstream - turned(gang.downstream);
        gang.map_taps = gang.diagonal.delayed(std::min(one, other) - gang.diagonal.first);
        if (one == other) return;
        gang.map_taps.count = uint32_t(gang.map_taps.last() - gang.map_taps.first + std::abs(other - one) + 1);
        gang.map_taps.interval = 1;
    }

    void merge() {
        const auto by_cycle = [](const Action& x, const Action& y) { return x.cycle < y.cycle; };
        std::stable_sort(added_.begin(), added_.end(), by_cycle);
        std::vector<Action> alone;
        alone.reserve(program_.actions.size());
        std::copy_if(program_.actions.begin(), program_.actions.end(), std::back_inserter(alone),
                     [&](const Action& action) { return !joined_[action.chunk]; });
        program_.ganged.reserve(alone.size() + added_.size());
        std::merge(added_.begin(), added_.end(), alone.begin(), alone.end(), std::back_inserter(program_.ganged),
                   by_cycle);
    }

    const isa::Floorplan& plan_;
    const isa::QueueMap& queues_;
    PreparedProgram& program_;
    std::vector<Candidate> candidates_;
    std::vector<bool> joined_;  ///< by chunk
    std::vector<Action> added_;
};

}  // namespace

void form_gangs(const isa::Floorplan& plan, const isa::QueueMap& queues, PreparedProgram& program) {
    Gangs(plan, queues, program).form();
}

}  // namespace superlane::sim
