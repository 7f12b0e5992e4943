// SPDX-License-Identifier: Apache-2.0
// Asks the segments of a stream for every position; they are kept long enough for a tap that comes late, as this one
// does.
#include "sim/watch.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace superlane::sim {
namespace {

constexpr int64_t most_bytes = int64_t(1) << 30;

}  // namespace

Watcher::Watcher(const Shared& shared, const std::vector<Watch>& watches)
    : shared_(shared), watches_(watches), watched_(watches.size()) {
    if (!shared.functional())
        throw user_error("streams can be watched only where values are computed, not in a timing-only run");
    const int64_t positions = shared.travel + 1, lanes = shared.chip.lanes();
    int64_t bytes = 0;
    next_ = INT64_MAX;
    for (size_t i = 0; i < watches.size(); ++i) {
        const Watch& watch = watches[i];
        if (isa::stream_index(watch.stream) >= shared.geometry.streams || watch.first_cycle < 0 || watch.cycles < 1)
            throw user_error("no such stream to watch, or no cycles: from ", watch.first_cycle, " on, ", watch.cycles,
                             " cycles");
        bytes += watch.cycles > most_bytes ? most_bytes : watch.cycles * positions * lanes;
        if (bytes >= most_bytes)
            throw user_error("streams to watch need more than ", most_bytes, " bytes; watch fewer cycles");
        watched_[i].driven.resize(size_t(watch.cycles * positions));
        watched_[i].values.resize(size_t(watch.cycles * positions * lanes));
        next_ = std::min(next_, watch.first_cycle);
        end_ = std::max(end_, watch.first_cycle + watch.cycles);
    }
}

void Watcher::look_until(int64_t cycle) {
    for (; next_ < std::min(cycle, end_); ++next_)
        for (size_t i = 0; i < watches_.size(); ++i)
            if (next_ >= watches_[i].first_cycle && next_ < watches_[i].first_cycle + watches_[i].cycles)
                look(watches_[i], watched_[i], next_);
}

void Watcher::look(const Watch& watch, Watched& watched, int64_t cycle) {
    const size_t lanes = size_t(shared_.chip.lanes()), positions = size_t(shared_.travel) + 1;
    for (size_t p = 0; p < positions; ++p) {
        const int position = shared_.plan.west_end() + int(p);
        const Segment* segment = shared_.streams.at(watch.stream, position, cycle);
        if (!segment) continue;
        const size_t place = size_t(cycle - watch.first_cycle) * positions + p;
        watched.driven[place] = 1;
        const auto found = shared_.sources.find(*segment, watch.stream, Streams::coordinate(watch.stream, position, cycle));
        std::memcpy(watched.values.data() + place * lanes, found.bytes, lanes);
    }
}

std::vector<Watched> Watcher::take() {
    look_until(end_);
    return std::move(watched_);
}

}  // namespace superlane::sim
