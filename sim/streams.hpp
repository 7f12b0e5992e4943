// SPDX-License-Identifier: Apache-2.0
// The stream registers of a chip. Nothing shifts: a burst of values is one segment on the coordinate that moving values keep
// (isa::diagonal), and a tap finds the nearest upstream segment, so overwriting in passing is right by construction.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "isa/geometry.hpp"
#include "isa/instruction.hpp"
#include "sim/beat.hpp"

namespace superlane::sim {

class SourcePool;

constexpr int bundle_streams = 16;  ///< streams that are searched together: what one LW takes in a cycle

/// Coordinates that driven values have, in a list by first coordinate.
struct Span {
    Beat diagonal;
    int64_t last = 0;   ///< of diagonal; kept, for every search asks it
    int64_t reach = 0;  ///< the latest `last` of this and all before it in the list

    bool covers(int64_t c) const {
        return c >= diagonal.first && c <= last && (diagonal.interval == 1 || (c - diagonal.first) % diagonal.interval == 0);
    }
    bool covers(const Beat& taps) const {
        return covers(taps.first) && covers(taps.last()) && (diagonal.interval == 1 || taps.count == 1 || taps.interval % diagonal.interval == 0);
    }
    /// No coordinate from c on and below the result, at most `until`, is covered otherwise than c.
    int64_t holds_until(int64_t c, int64_t until) const {
        if (diagonal.first > c) return std::min(until, diagonal.first);
        if (last < c) return until;
        return std::min(until, diagonal.interval == 1 ? last + 1 : c + 1);
    }
};

/// Values that one chunk drives on neighbouring streams. Positions are mirrored for westward streams: downstream is
/// always greater.
struct Segment : Span {
    int32_t position = 0;
    uint32_t burst = 0, chunk = 0;  ///< that drive it
    uint32_t source = 0;            ///< in the SourcePool; functional only
    uint16_t mask = 0;              ///< streams of the bundle
    uint16_t operand = 0;           ///< stream that carries byte 0 of the element

    /// Which byte of the element the stream carries.
    uint32_t plane(int stream_operand) const { return uint32_t(isa::stream_index(uint16_t(stream_operand)) - isa::stream_index(operand)); }
    uint32_t streams() const { return uint32_t(std::popcount(mask)); }
};

/// Calls see(stream) for each bit of a mask.
template <class See>
void each_stream(uint32_t mask, See&& see) {
    for (; mask; mask &= mask - 1) see(std::countr_zero(mask));
}

/// Up to bundle_streams neighbouring streams of one direction.
class Bundle {
public:
    /// Forgets values whose coordinate is below `oldest`: they left the chip before any tap still to come.
    void forget(int64_t oldest, SourcePool* sources) {
        if (head_ < segments_.size() && segments_[head_].last < oldest) drop(oldest, sources);
    }
    /// Adds a segment and, by stream, to `cycles` the register-cycles newly driven up to the mirrored position `end`.
    /// collide(segment, stream, c) is called for each segment that drives the same register.
    template <class Collide>
    void add(const Segment& added, int32_t end, uint64_t* cycles, Collide&& collide);
    /// Of the streams of `mask` those for which it takes a closer look whether all taps at `position` of coordinates
    /// `taps` find a value: it is not plain.
    uint32_t doubtful(uint32_t mask, const Beat& taps, int32_t position) const;
    /// Calls run(segment or nullptr, first element, elements) for the taps of one stream.
    template <class Run>
    void resolve(int stream, const Beat& taps, int32_t position, Run&& run) const;
    /// `until`: no coordinate from c on and below it gives another answer; in: where to stop looking.
    const Segment* nearest(int stream, int64_t c, int32_t position, int64_t* until = nullptr) const;

private:
    template <class See>
    void overlapping(uint32_t mask, const Beat& beat, See&& see) const {
        const int64_t first = beat.first, last = beat.last();
        for (size_t i = segments_.size(); i-- > head_;) {
            const Segment& segment = segments_[i];
            if (segment.reach < first) return;
            if ((segment.mask & mask) && segment.diagonal.first <= last && segment.last >= first) see(segment);
        }
    }
    void drop(int64_t oldest, SourcePool* sources);
    void insert(const Segment& added);
    uint64_t newly_driven(int stream, const Beat& diagonal, int32_t position, int32_t end) const;

    std::vector<Segment> segments_;  ///< from head_ on, by first coordinate
    size_t head_ = 0;
};

template <class Run>
void Bundle::resolve(int stream, const Beat& taps, int32_t position, Run&& run) const {
    const Segment* nearest_of_all = nullptr;
    int32_t at = INT32_MIN;
    bool tie = false;
    overlapping(1u << stream, taps, [&](const Segment& segment) {
        if (segment.position > position || segment.position < at) return;
        tie = segment.position == at;
        nearest_of_all = &segment;
        at = segment.position;
    });
    if (!nearest_of_all) return run(static_cast<const Segment*>(nullptr), 0u, taps.count);
    if (!tie && nearest_of_all->covers(taps)) return run(nearest_of_all, 0u, taps.count);
    const Segment* before = nullptr;
    uint32_t from = 0;
    for (uint32_t i = 0, next; i < taps.count; i = next) {
        int64_t until = taps.last() + 1;
        const Segment* segment = nearest(stream, taps.at(i), position, &until);
        next = taps.reached(until);
        if (i > 0 && segment == before) continue;
        if (i > 0) run(before, from, i - from);
        before = segment;
        from = i;
    }
    run(before, from, taps.count - from);
}

template <class Collide>
void Bundle::add(const Segment& added, int32_t end, uint64_t* cycles, Collide&& collide) {
    std::array<int32_t, bundle_streams> from;  // the most upstream driver so far: everything after it is driven already
    uint32_t shared = 0, in_part = 0;          // streams with other drivers, with drivers of some of the values
    overlapping(added.mask, added.diagonal, [&](const Segment& segment) {
        const uint32_t both = segment.mask & added.mask;
        if (!segment.covers(added.diagonal)) in_part |= both;
        each_stream(both, [&](int stream) {
            int32_t& most = from[size_t(stream)];
            most = shared >> stream & 1 ? std::min(most, segment.position) : segment.position;
            if (segment.position != added.position) return;
            if (const auto c = first_common(segment.diagonal, added.diagonal)) collide(segment, stream, *c);
        });
        shared |= both;
    });
    each_stream(added.mask, [&](int stream) {
        const int32_t until = shared >> stream & 1 ? from[size_t(stream)] : end + 1;
        if (in_part >> stream & 1) cycles[stream] += newly_driven(stream, added.diagonal, added.position, end);
        else cycles[stream] += uint64_t(added.diagonal.count) * uint64_t(std::max(0, until - added.position));
    });
    insert(added);
}

class Streams {
public:
    Streams(const isa::Geometry& geometry, const isa::Floorplan& plan, int lateness)
        : ends_{-plan.west_end(), plan.east_end()}, lateness_(lateness) {
        const size_t bundles = bundles_of(geometry);
        for (auto& side : bundles_) side.resize(bundles);
        for (auto& cycles : cycles_) cycles.resize(bundles * bundle_streams);
        streams_ = size_t(geometry.streams);
    }

    /// Register-cycles of a bundle's streams that held a driven value.
    uint64_t* cycles(isa::Side direction, size_t bundle) { return &cycles_[size_t(direction)][bundle * bundle_streams]; }
    void keep_sources(SourcePool* sources) { sources_ = sources; }
    std::array<std::vector<uint64_t>, 2> driven_cycles() const {
        auto cycles = cycles_;
        for (auto& side : cycles) side.resize(streams_);
        return cycles;
    }

    /// Registers values of `streams` streams from `operand` on that stand at `position` in the cycles of `times`. `now` is
    /// the engine's cycle. collide(segment, stream operand, cycle).
    template <class Collide>
    void drive(int operand, int streams, int position, const Beat& times, int64_t now, Segment segment, Collide&& collide) {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        segment.operand = uint16_t(operand);
        segment.position = mirrored(direction, position);
        segment.diagonal = times.delayed(-segment.position);
        segment.last = segment.diagonal.last();
        each_piece(operand, streams, [&](int bundle, uint32_t mask) {
            segment.mask = uint16_t(mask);
            const int32_t end = ends_[int(direction)];
            Bundle& to = bundles_[int(direction)][size_t(bundle)];
            to.forget(now - lateness_ - end, sources_);
            to.add(segment, end, cycles(direction, size_t(bundle)),
                   [&](const Segment& other, int stream, int64_t c) {
                       collide(other, isa::stream(direction, bundle * bundle_streams + stream), c + segment.position);
                   });
        });
    }

    /// Calls see(k) for those of `streams` streams from `operand` on whose taps are not plainly found: see
    /// Bundle::doubtful.
    template <class See>
    void doubtful(int operand, int streams, int position, const Beat& times, See&& see) const {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int32_t at = mirrored(direction, position);
        each_piece(operand, streams, [&](int bundle, uint32_t mask) {
            const uint32_t doubt = bundles_[int(direction)][size_t(bundle)].doubtful(mask, times.delayed(-at), at);
            each_stream(doubt, [&](int stream) { see(bundle * bundle_streams + stream - isa::stream_index(uint16_t(operand))); });
        });
    }

    template <class Run>
    void tap(int operand, int position, const Beat& times, Run&& run) const {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int32_t at = mirrored(direction, position);
        const int index = isa::stream_index(uint16_t(operand));
        bundles_[int(direction)][size_t(index / bundle_streams)].resolve(index % bundle_streams, times.delayed(-at), at, run);
    }

    /// The segment that a tap of one value finds, or nullptr.
    const Segment* at(int operand, int position, int64_t cycle) const {
        const isa::Side direction = isa::stream_direction(uint16_t(operand));
        const int32_t at = mirrored(direction, position);
        const int index = isa::stream_index(uint16_t(operand));
        return bundles_[int(direction)][size_t(index / bundle_streams)].nearest(index % bundle_streams, cycle - at, at);
    }

    /// The coordinate of a tap, for Segment's element.
    static int64_t coordinate(int operand, int position, int64_t cycle) {
        return cycle - mirrored(isa::stream_direction(uint16_t(operand)), position);
    }
    static int32_t mirrored(isa::Side direction, int position) { return direction == isa::Side::East ? position : -position; }

    /// Where a segment's mirrored position is.
    static int32_t placed(int operand, int32_t mirror) { return mirrored(isa::stream_direction(uint16_t(operand)), mirror); }

    /// Calls see(bundle, mask) for the bundles that hold `streams` streams from `operand` on.
    template <class See>
    static void each_piece(int operand, int streams, See&& see) {
        const int first = isa::stream_index(uint16_t(operand)), end = first + streams;
        for (int index = first, count; index < end; index += count) {
            const int within = index % bundle_streams;
            count = std::min(end - index, bundle_streams - within);
            see(index / bundle_streams, ((1u << count) - 1) << within);
        }
    }
    static size_t bundles_of(const isa::Geometry& geometry) {
        return size_t(geometry.streams + bundle_streams - 1) / bundle_streams;
    }

private:
    std::array<int32_t, 2> ends_;  ///< of each direction, mirrored
    int lateness_;
    size_t streams_ = 0;
    SourcePool* sources_ = nullptr;
    std::array<std::vector<Bundle>, 2> bundles_;
    std::array<std::vector<uint64_t>, 2> cycles_;
};

}  // namespace superlane::sim
