// SPDX-License-Identifier: Apache-2.0
// A bundle's track against a map of all registers: what is found, what collides, and how many are driven.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "sim/tracks.hpp"

namespace superlane::test {
namespace {

constexpr isa::Geometry small_geometry;
const isa::Floorplan small_plan(small_geometry, {});

struct Traffic {
    struct Use {
        int stream, streams, position;
        sim::Beat times;
    };
    std::vector<Use> drives, taps;
};

/// Taps look for what some drive has, mostly.
Traffic random_traffic(unsigned seed) {
    std::mt19937 random(seed);
    const auto any = [&](int from, int to) { return from + int(random() % unsigned(to - from + 1)); };
    const auto beat = [&](int first) {
        return sim::Beat{first, uint32_t(any(1, 6)), uint32_t(any(0, 2) ? 1 : any(1, 3))};
    };
    Traffic traffic;
    const int drives = any(1, 8), taps = any(1, 4), streams = any(1, 6);
    for (int i = 0; i < drives; ++i) {
        const int position = any(0, 8), stream = any(0, streams - 1);
        const bool beside = i > 0 && any(0, 1);  // moves along with the one before
        sim::Beat times = beat(100 + any(0, 12));
        if (beside) {
            times = traffic.drives.back().times;
            times.first += position - traffic.drives.back().position;
        }
        traffic.drives.push_back({stream, any(1, streams - stream), position, times});
    }
    for (int i = 0; i < taps; ++i) {
        const Traffic::Use& of = traffic.drives[size_t(any(0, drives - 1))];
        const int position = any(0, 5) ? of.position + any(0, 10) : any(0, 18);
        sim::Beat times = any(0, 2) ? of.times : beat(int(of.times.first) + any(-1, 3));
        times.first += position - of.position;
        traffic.taps.push_back({of.stream, any(1, of.streams), position, times});
    }
    return traffic;
}

/// Calls see(stream, coordinate) for each value of a use.
template <class See>
void each_value(const Traffic::Use& use, See&& see) {
    for (uint32_t i = 0; i < use.times.count; ++i)
        for (int k = 0; k < use.streams; ++k) see(use.stream + k, use.times.at(i) - use.position);
}

struct Expected {
    bool fine = true;
    std::map<int, uint64_t> cycles;  // by stream
};
Expected by_registers(const Traffic& traffic) {
    Expected expected;
    std::map<std::pair<int, int64_t>, std::set<int>> drivers;  // of stream and coordinate: positions
    for (const Traffic::Use& drive : traffic.drives)
        each_value(drive, [&](int stream, int64_t c) {
            if (!drivers[{stream, c}].insert(drive.position).second) expected.fine = false;
        });
    for (const auto& [place, positions] : drivers)
        expected.cycles[place.first] += uint64_t(small_plan.east_end() + 1 - *positions.begin());
    for (const Traffic::Use& tap : traffic.taps)
        each_value(tap, [&](int stream, int64_t c) {
            const auto found = drivers.find({stream, c});
            if (found == drivers.end() || *found->second.begin() > tap.position) expected.fine = false;
        });
    return expected;
}

TEST(BundleTrack, AgreesWithAMapOfAllRegisters) {
    int fine = 0;
    constexpr unsigned seeds = 20000;
    for (unsigned seed = 0; seed < seeds; ++seed) {
        const Traffic traffic = random_traffic(seed);
        sim::TrackRecorder recorder(small_geometry, small_plan);
        for (const Traffic::Use& drive : traffic.drives)
            recorder.drive(isa::stream(isa::Side::East, drive.stream), drive.streams, drive.position, drive.times);
        for (const Traffic::Use& tap : traffic.taps)
            recorder.tap(isa::stream(isa::Side::East, tap.stream), tap.streams, tap.position, tap.times);
        const auto bundles = recorder.bundles();
        std::array<uint64_t, sim::bundle_streams> cycles{};
        const Expected expected = by_registers(traffic);
        ASSERT_EQ(bundles[size_t(isa::Side::East)][0].walk(cycles.data()), expected.fine) << "seed " << seed;
        if (!expected.fine) continue;
        ++fine;
        for (const auto& [stream, count] : expected.cycles)
            ASSERT_EQ(cycles[size_t(stream)], count) << "seed " << seed << ", stream " << stream;
    }
    EXPECT_GT(fine, int(seeds) / 10);
    EXPECT_LT(fine, int(seeds) * 9 / 10);
}

}  // namespace
}  // namespace superlane::test
