// SPDX-License-Identifier: Apache-2.0
// Tracks of bundles: recorded, put in order, and walked along the coordinate that moving values keep.
#include "sim/tracks.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <tuple>

namespace superlane::sim {
namespace {

/// A walk over one bundle. Drives are met by rising first coordinate, so what could meet one with `first` has a lower
/// place, and `reach` says when no more can.
class BundleWalk {
public:
    BundleWalk(const BundleTrack& track, uint64_t* cycles) : track_(track), cycles_(cycles) {}

    bool run() {
        size_t known = 0;
        for (size_t i = 0; i < track_.drives.size(); ++i)
            if (!add(i)) return false;
        for (const Tap& tap : track_.taps) {
            const int64_t last = tap.diagonal.last();
            while (known < track_.drives.size() && track_.drives[known].diagonal.first <= last) ++known;
            if (!found(tap, known, tap.mask, last)) return false;
        }
        return true;
    }

private:
    int32_t position(const Drive& drive, int stream) const {
        return track_.positions[drive.positions + size_t(std::popcount(drive.mask & ((1u << stream) - 1)))];
    }

    /// Counts the registers that nothing else drives further upstream; false when another drives the same.
    bool add(size_t place) {
        const Drive& added = track_.drives[place];
        uint32_t met = 0;
        for (size_t i = place; i-- > 0 && track_.drives[i].reach >= added.diagonal.first;) {
            const Drive& other = track_.drives[i];
            const uint32_t both = other.last >= added.diagonal.first ? other.mask & added.mask : 0;
            if (both && collides(other, added, both)) return false;
            met |= both;
        }
        const int32_t* at = &track_.positions[added.positions];
        const int first = std::countr_zero(added.mask), streams = std::bit_width(added.mask) - first;
        if (!met && added.mask >> first == (1u << streams) - 1) {  // neighbours without others, as most are
            for (int k = 0; k < streams; ++k)
                cycles_[first + k] += uint64_t(added.diagonal.count) * uint32_t(track_.end + 1 - at[k]);
            return true;
        }
        each_stream(added.mask, [&](int stream) {
            const int32_t from = *at++;
            cycles_[stream] += met >> stream & 1
                                   ? newly_driven(place, stream, from)
                                   : uint64_t(added.diagonal.count) * uint64_t(std::max(0, track_.end + 1 - from));
        });
        return true;
    }

    bool collides(const Drive& x, const Drive& y, uint32_t both) const {
        if (x.upstream > y.downstream || y.upstream > x.downstream) return false;
        bool same = false;
        each_stream(both, [&](int stream) { same = same || position(x, stream) == position(y, stream); });
        return same && first_common(x.diagonal, y.diagonal);
    }

    uint64_t newly_driven(size_t place, int stream, int32_t from) const {
        const Beat& diagonal = track_.drives[place].diagonal;
        uint64_t driven = 0;
        for (uint32_t i = 0, next; i < diagonal.count; i = next) {
            const int64_t c = diagonal.at(i);
            int64_t until = diagonal.last() + 1;
            int32_t until_position = track_.end + 1;
            for (size_t k = place; k-- > 0 && track_.drives[k].reach >= c;) {
                const Drive& other = track_.drives[k];
                if (!(other.mask >> stream & 1)) continue;
                until = other.holds_until(c, until);
                if (other.covers(c)) until_position = std::min(until_position, position(other, stream));
            }
            next = diagonal.reached(until);
            driven += uint64_t(next - i) * uint64_t(std::max(0, until_position - from));
        }
        return driven;
    }

    /// Whether the taps up to coordinate `c` find values on the streams of `mask`, among the first `known` drives: of
    /// those that one drive holds, what is before it is looked for further down.
    bool found(const Tap& tap, size_t known, uint32_t mask, int64_t c) const {
        for (size_t i = known; i-- > 0 && track_.drives[i].reach >= c;) {
            const Drive& drive = track_.drives[i];
            uint32_t both = drive.mask & mask;
            if (!both || drive.upstream > tap.position || !drive.covers(c)) continue;
            if (drive.downstream > tap.position) both = passed(drive, both, tap.position);
            if (!both) continue;
            const int64_t before = left(tap.diagonal, drive, c);
            if (before >= tap.diagonal.first && !found(tap, before < drive.diagonal.first ? i : known, both, before))
                return false;
            mask &= ~both;
            if (!mask) return true;
        }
        return false;
    }

    /// Streams of `mask` that the drive's values enter before `at`.
    uint32_t passed(const Drive& drive, uint32_t mask, int32_t at) const {
        uint32_t passed = 0;
        each_stream(mask, [&](int stream) { passed |= uint32_t(position(drive, stream) <= at) << stream; });
        return passed;
    }

    /// The last of the taps before `c` that a drive, which holds c, may not hold.
    static int64_t left(const Beat& taps, const Drive& drive, int64_t c) {
        if (drive.diagonal.interval != 1 && taps.interval % drive.diagonal.interval != 0) return c - taps.interval;
        const int64_t held = taps.interval == 1 ? c - drive.diagonal.first : (c - drive.diagonal.first) / taps.interval;
        return c - (held + 1) * taps.interval;
    }

    const BundleTrack& track_;
    uint64_t* cycles_;
};

/// Joins drives of equal coordinates on different streams.
void join(BundleTrack& track) {
    const auto key = [](const Drive& drive) {
        return std::tie(drive.diagonal.first, drive.diagonal.count, drive.diagonal.interval);
    };
    std::sort(track.drives.begin(), track.drives.end(), [&](const Drive& x, const Drive& y) {
        return std::tuple_cat(key(x), std::tie(x.mask, x.upstream)) <
               std::tuple_cat(key(y), std::tie(y.mask, y.upstream));
    });
    std::vector<Drive> joined;
    std::array<int32_t, bundle_streams> positions;
    int64_t reach = INT64_MIN;
    for (size_t begin = 0, end; begin < track.drives.size(); begin = end) {
        Drive drive = track.drives[begin];
        for (end = begin; end < track.drives.size() && key(track.drives[end]) == key(drive) &&
                          (end == begin || !(track.drives[end].mask & drive.mask));
             ++end) {
            const Drive& part = track.drives[end];
            each_stream(part.mask, [&](int stream) { positions[size_t(stream)] = part.upstream; });
            drive.mask |= part.mask;
            drive.upstream = std::min(drive.upstream, part.upstream);
            drive.downstream = std::max(drive.downstream, part.upstream);
        }
        drive.last = drive.diagonal.last();
        drive.reach = reach = std::max(reach, drive.last);
        drive.positions = uint32_t(track.positions.size());
        each_stream(drive.mask, [&](int stream) { track.positions.push_back(positions[size_t(stream)]); });
        joined.push_back(drive);
    }
    joined.shrink_to_fit();
    track.drives = std::move(joined);
}

}  // namespace

bool BundleTrack::walk(uint64_t* cycles) const { return BundleWalk(*this, cycles).run(); }

TrackRecorder::TrackRecorder(const isa::Geometry& geometry, const isa::Floorplan& plan)
    : accesses_(2 * size_t(geometry.mem_slices)) {
    for (const isa::Side direction : {isa::Side::West, isa::Side::East}) {
        BundleTrack track;
        track.end = direction == isa::Side::East ? plan.east_end() : -plan.west_end();
        bundles_[size_t(direction)].assign(Streams::bundles_of(geometry), track);
    }
}

void TrackRecorder::drive(int operand, int streams, int position, const Beat& times) {
    const isa::Side direction = isa::stream_direction(uint16_t(operand));
    Drive drive;
    drive.upstream = drive.downstream = Streams::mirrored(direction, position);
    drive.diagonal = times.delayed(-drive.upstream);
    Streams::each_piece(operand, streams, [&](int bundle, uint32_t mask) {
        drive.mask = uint16_t(mask);
        bundles_[size_t(direction)][size_t(bundle)].drives.push_back(drive);
    });
}

void TrackRecorder::tap(int operand, int streams, int position, const Beat& times) {
    const isa::Side direction = isa::stream_direction(uint16_t(operand));
    Tap tap;
    tap.position = Streams::mirrored(direction, position);
    tap.diagonal = times.delayed(-tap.position);
    Streams::each_piece(operand, streams, [&](int bundle, uint32_t mask) {
        tap.mask = uint16_t(mask);
        bundles_[size_t(direction)][size_t(bundle)].taps.push_back(tap);
    });
}

void TrackRecorder::access(int slice, bool reads, const Access& access) {
    Accesses& own = accesses_[size_t(slice)];
    (reads ? own.reads : own.writes).push_back(access);
}

std::array<std::vector<BundleTrack>, 2> TrackRecorder::bundles() {
    for (auto& side : bundles_)
        for (BundleTrack& track : side) {
            join(track);
            std::stable_sort(track.taps.begin(), track.taps.end(),
                             [](const Tap& x, const Tap& y) { return x.diagonal.last() < y.diagonal.last(); });
            track.taps.shrink_to_fit();
        }
    return std::move(bundles_);
}

}  // namespace superlane::sim
