// SPDX-License-Identifier: Apache-2.0
// The stream registers of a chip. Nothing shifts: a burst of values is one segment on the coordinate that moving values keep
// (isa::diagonal), and a tap finds the nearest upstream segment, so overwriting in passing is right by construction.
#pragma once
#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "isa/geometry.hpp"
#include "isa/instruction.hpp"
#include "sim/beat.hpp"

namespace superlane::sim {

class SourcePool;

/// Values that one chunk drives on one stream. Positions are mirrored for westward streams: downstream is always greater.
struct Segment {
    Beat diagonal;
    int64_t last = 0;      ///< of diagonal; kept, for every search asks it
    int32_t position = 0;
    uint32_t burst = 0, chunk = 0;  ///< that drive it
    uint32_t source = 0;  ///< in the SourcePool; functional only
    uint32_t plane = 0;   ///< byte of the element that this stream carries

    bool covers(int64_t c) const {
        return c >= diagonal.first && c <= last && (diagonal.interval == 1 || (c - diagonal.first) % diagonal.interval == 0);
    }
};

class StreamLine {
public:
    /// Forgets values whose coordinate is below `oldest`: they left the chip before any tap still to come.
    void forget(int64_t oldest, SourcePool* sources) {
        if (head_ < segments_.size() && segments_[head_].last < oldest) drop(oldest, sources);
    }
    /// Adds a segment; returns register-cycles newly driven up to the mirrored position `end`. `collide(segment, c)` is called
    /// for each segment that drives the same register.
    template <class Collide>
    int64_t add(const Segment& added, int32_t end, Collide&& collide);
    /// Calls run(segment or nullptr, first element, elements) for the taps at `position` of coordinates `taps`.
    template <class Run>
    void resolve(const Beat& taps, int32_t position, Run&& run) const;
    const Segment* nearest(int64_t c, int32_t position) const;

private:
    template <class See>
    void overlapping(const Beat& beat, See&& see) const {
        const int64_t first = beat.first, last = beat.last();
        for (size_t i = segments_.size(); i-- > head_;) {
            const Segment& segment = segments_[i];
            if (segment.diagonal.first + longest_ < first) return;
            if (segment.diagonal.first <= last && segment.last >= first) see(segment);
        }
    }
    void drop(int64_t oldest, SourcePool* sources);
    int64_t newly_driven(const Segment& added, int32_t end) const;

    std::vector<Segment> segments_;  ///< from head_ on, by first coordinate
    size_t head_ = 0;
    int64_t longest_ = 0;  ///< extent of the longest segment so far
};

inline const Segment* StreamLine::nearest(int64_t c, int32_t position) const {
    const Segment* best = nullptr;
    overlapping({c, 1, 1}, [&](const Segment& segment) {
        if (segment.position > position || !segment.covers(c)) return;
        // Of two that collide the lower burst stands, and of one burst the earlier part, whatever order they came in.
        if (!best || segment.position > best->position || (segment.position == best->position && std::tie(segment.burst, segment.chunk) < std::tie(best->burst, best->chunk))) best = &segment;
    });
    return best;
}

template <class Run>
void StreamLine::resolve(const Beat& taps, int32_t position, Run&& run) const {
    const Segment* only = nullptr;
    int candidates = 0;
    overlapping(taps, [&](const Segment& segment) {
        if (segment.position > position) return;
        only = &segment;
        ++candidates;
    });
    if (candidates == 0) return run(static_cast<const Segment*>(nullptr), 0u, taps.count);
    if (candidates == 1 && only->covers(taps.first) && only->covers(taps.last()) && (only->diagonal.interval == 1 || taps.interval % only->diagonal.interval == 0))
        return run(only, 0u, taps.count);
    for (uint32_t i = 0, next; i < taps.count; i = next) {
        const Segment* segment = nearest(taps.at(i), position);
        for (next = i + 1; next < taps.count && nearest(taps.at(next), position) == segment;) ++next;
        run(segment, i, next - i);
    }
}

template <class Collide>
int64_t StreamLine::add(const Segment& added, int32_t end, Collide&& collide) {
    bool alone = true;
    overlapping(added.diagonal, [&](const Segment& segment) {
        alone = false;
        if (segment.position != added.position) return;
        if (const auto c = first_common(segment.diagonal, added.diagonal)) collide(segment, *c);
    });
    const int64_t driven = alone ? int64_t(added.diagonal.count) * (end - added.position + 1) : newly_driven(added, end);
    longest_ = std::max(longest_, added.last - added.diagonal.first);
    size_t place = segments_.size();
    segments_.push_back(added);
    for (; place > head_ && segments_[place - 1].diagonal.first > added.diagonal.first; --place) segments_[place] = segments_[place - 1];
    segments_[place] = added;
    return driven;
}

class Streams {
public:
    Streams(const isa::Geometry& geometry, const isa::Floorplan& plan, int lateness)
        : east_end_(plan.east_end()), west_end_(-plan.west_end()), lateness_(lateness) {
        for (auto& lines : lines_) lines.resize(size_t(geometry.streams));
        for (auto& cycles : cycles_) cycles.resize(size_t(geometry.streams));
    }

    void keep_sources(SourcePool* sources) { sources_ = sources; }
    const std::array<std::vector<uint64_t>, 2>& driven_cycles() const { return cycles_; }

    /// Registers values that stand at `position` in the cycles of `times`. `now` is the engine's cycle.
    template <class Collide>
    void drive(int operand, int position, const Beat& times, int64_t now, Segment segment, Collide&& collide) {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int index = isa::stream_index(uint16_t(operand));
        StreamLine& line = lines_[int(direction)][size_t(index)];
        const int32_t end = direction == isa::Side::East ? east_end_ : west_end_;
        segment.position = mirrored(direction, position);
        segment.diagonal = times.delayed(-segment.position);
        segment.last = segment.diagonal.last();
        line.forget(now - lateness_ - end, sources_);
        cycles_[int(direction)][size_t(index)] += uint64_t(line.add(segment, end, [&](const Segment& other, int64_t c) {
            collide(other, c + segment.position);
        }));
    }

    template <class Run>
    void tap(int operand, int position, const Beat& times, Run&& run) const {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int32_t at = mirrored(direction, position);
        lines_[int(direction)][size_t(isa::stream_index(uint16_t(operand)))].resolve(times.delayed(-at), at, run);
    }

    /// The segment that a tap of one value finds, or nullptr.
    const Segment* at(int operand, int position, int64_t cycle) const {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int32_t at = mirrored(direction, position);
        return lines_[int(direction)][size_t(isa::stream_index(uint16_t(operand)))].nearest(cycle - at, at);
    }

    /// The coordinate of a tap, for Segment's element.
    static int64_t coordinate(int operand, int position, int64_t cycle) {
        return cycle - mirrored(isa::stream_direction(uint16_t(operand)), position);
    }

    /// Where a segment's mirrored position is.
    static int32_t placed(int operand, int32_t mirror) { return mirrored(isa::stream_direction(uint16_t(operand)), mirror); }

private:
    static int32_t mirrored(isa::Side direction, int position) { return direction == isa::Side::East ? position : -position; }

    int32_t east_end_, west_end_;
    int lateness_;
    SourcePool* sources_ = nullptr;
    std::array<std::vector<StreamLine>, 2> lines_;
    std::array<std::vector<uint64_t>, 2> cycles_;
};

}  // namespace superlane::sim
