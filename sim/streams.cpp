// SPDX-License-Identifier: Apache-2.0
// Searching and forgetting of segments, and the exact count of driven registers where segments overlap.
#include "sim/streams.hpp"

#include <tuple>

#include "sim/sources.hpp"

namespace superlane::sim {

/// Segments are met by falling first coordinate. Of each stream one must have the last tap still to be found; taps
/// before its begin are left for those to come.
uint32_t Bundle::doubtful(uint32_t mask, const Beat& taps, int32_t position) const {
    const int64_t last_tap = taps.last();
    std::array<int64_t, bundle_streams> begin;  // of the segment met last, of streams that have taps left
    uint32_t met = 0, missing = mask, doubt = 0;
    for (size_t i = segments_.size(); i-- > head_ && missing;) {
        const Segment& segment = segments_[i];
        if (segment.reach < taps.first) break;
        const uint32_t both = segment.mask & missing;
        if (!both || segment.diagonal.first > last_tap || segment.last < taps.first || segment.position > position)
            continue;
        if (taps.count > 1 && taps.interval % segment.diagonal.interval != 0) {
            doubt |= both;
            continue;
        }
        if (!segment.covers(last_tap)) doubt |= both & ~met;
        each_stream(both & met, [&](int stream) {
            const int64_t before = begin[size_t(stream)];
            const int64_t left =
                last_tap - (last_tap - before + taps.interval) / taps.interval * taps.interval;  // the last tap before
            if (!segment.covers(left)) doubt |= 1u << stream;
        });
        met |= both;
        if (segment.diagonal.first <= taps.first)
            missing &= ~both;
        else
            each_stream(both, [&](int stream) { begin[size_t(stream)] = segment.diagonal.first; });
    }
    return missing | doubt;
}

const Segment* Bundle::nearest(int stream, int64_t c, int32_t position, int64_t* until) const {
    const Segment* best = nullptr;
    int32_t best_position = 0;
    overlapping(1u << stream, {c, uint32_t(until ? *until - c : 1), 1}, [&](const Segment& segment) {
        const int32_t at = segment.position;
        if (at > position) return;
        if (until) *until = segment.holds_until(c, *until);
        if (!segment.covers(c)) return;
        // Of two that collide the lower burst stands, and of one burst the earlier part, whatever order they came in.
        const auto order = [&](const Segment& s) { return std::tuple(s.burst, s.chunk); };
        if (best && (at < best_position || (at == best_position && order(segment) > order(*best)))) return;
        best = &segment;
        best_position = at;
    });
    return best;
}

void Bundle::insert(const Segment& added) {
    size_t place = segments_.size();
    segments_.push_back(added);
    for (; place > head_ && segments_[place - 1].diagonal.first > added.diagonal.first; --place) segments_[place] = segments_[place - 1];
    segments_[place] = added;
    for (; place < segments_.size(); ++place)
        segments_[place].reach = place == head_ ? segments_[place].last : std::max(segments_[place].last, segments_[place - 1].reach);
}

void Bundle::drop(int64_t oldest, SourcePool* sources) {
    for (; head_ < segments_.size() && segments_[head_].last < oldest; ++head_)
        if (sources) sources->release(segments_[head_].source, segments_[head_].streams());
    if (head_ < 8 || head_ * 2 < segments_.size()) return;
    segments_.erase(segments_.begin(), segments_.begin() + std::ptrdiff_t(head_));
    head_ = 0;
}

uint64_t Bundle::newly_driven(int stream, const Beat& diagonal, int32_t position, int32_t end) const {
    uint64_t driven = 0;
    for (uint32_t i = 0, next; i < diagonal.count; i = next) {
        const int64_t c = diagonal.at(i);
        int64_t until = diagonal.last() + 1;
        int32_t from = end + 1;
        overlapping(1u << stream, {c, uint32_t(until - c), 1}, [&](const Segment& segment) {
            until = segment.holds_until(c, until);
            if (segment.covers(c)) from = std::min(from, segment.position);
        });
        next = diagonal.reached(until);
        driven += uint64_t(next - i) * uint64_t(std::max(0, from - position));
    }
    return driven;
}

}  // namespace superlane::sim
