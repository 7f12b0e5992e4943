// SPDX-License-Identifier: Apache-2.0
// A program taken apart: what each slice does in turn, and what meets on each bundle of streams. Where only time is
// simulated the program alone says when a value moves, so each track can be walked by itself, from its begin to its
// end.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "isa/geometry.hpp"
#include "sim/beat.hpp"
#include "sim/streams.hpp"

namespace superlane::sim {

enum class Act : uint8_t;

/// Something that a slice does: starts a chunk, ends it, or both.
struct Turn {
    uint32_t chunk = 0;
    Act act{};
};

/// What a MEM slice does with its banks in the cycles of a chunk.
struct Access {
    Beat beat;
    int32_t address = 0, step = 0;
    uint32_t chunk = 0;
    bool any_bank = false;  ///< Gather, Scatter: addresses are data, all banks are taken

    int64_t at(uint32_t i) const { return address + int64_t(i) * step; }
    int64_t last_address() const { return at(beat.count - 1); }
};
struct Accesses {
    std::vector<Access> reads, writes;  ///< in the order of their cycles
};

/// Values that move side by side on streams of a bundle, each stream driven at its own position: a tile of weights, for
/// the most part. Positions are mirrored as in Segment.
struct Drive : Span {
    int32_t upstream = 0, downstream = 0;  ///< the first and the last of its positions
    uint32_t positions = 0;                ///< the first, in BundleTrack::positions; one a stream
    uint16_t mask = 0;
};

/// Values that are taken from streams of a bundle at one position.
struct Tap {
    Beat diagonal;
    int32_t position = 0;
    uint16_t mask = 0;
};

struct BundleTrack {
    int32_t end = 0;                 ///< where values leave the chip, mirrored
    std::vector<Drive> drives;       ///< by first coordinate
    std::vector<Tap> taps;           ///< by last coordinate
    std::vector<int32_t> positions;  ///< of drives

    /// True when every tap finds a value and no register is driven twice at once; adds the register-cycles that hold a
    /// driven value, by stream.
    bool walk(uint64_t* cycles) const;
};

struct Tracks {
    std::vector<std::vector<Turn>> slices;            ///< by their numbers
    std::vector<Accesses> accesses;                   ///< of MEM slices, by their numbers
    std::vector<uint64_t> alu_ops;                    ///< all that ALUs do in time: Counters::alu_ops
    std::array<std::vector<BundleTrack>, 2> bundles;  ///< of each direction
};

/// Notes what slices drive and tap, and which words they access.
class TrackRecorder {
public:
    TrackRecorder(const isa::Geometry& geometry, const isa::Floorplan& plan);
    void drive(int operand, int streams, int position, const Beat& times);
    void tap(int operand, int streams, int position, const Beat& times);
    void access(int slice, bool reads, const Access& access);
    std::array<std::vector<BundleTrack>, 2> bundles();
    std::vector<Accesses> accesses() { return std::move(accesses_); }

private:
    std::vector<Accesses> accesses_;
    std::array<std::vector<BundleTrack>, 2> bundles_;
};

}  // namespace superlane::sim
