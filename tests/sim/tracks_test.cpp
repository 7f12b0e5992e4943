// SPDX-License-Identifier: Apache-2.0
// Where only time is simulated each track is walked by itself: hazards and counters are those of slices that act
// together.
#include <random>

#include "sim/prepare.hpp"
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

models::Chip chip_of_tracks() {
    models::Chip chip;
    chip.geometry.superlanes = 8;
    chip.geometry.words = 512;
    chip.text_words = 16;
    return chip;
}

/// Tiles on sixteen streams, each from its own slice, tapped by LW; `faults` of the instructions are moved, doubled, or
/// join in where they should not.
ProgramBuilder tiles(const models::Chip& chip, unsigned seed, int faults) {
    std::mt19937 random(seed);
    const auto any = [&](int from, int to) { return from + int(random() % unsigned(to - from + 1)); };
    const isa::Floorplan plan = chip.floorplan();
    ProgramBuilder program(chip);
    constexpr int count = 8, tiles = 6;
    std::vector<std::pair<int, int>> faulty;  // tile, stream
    for (int i = 0; i < faults; ++i) faulty.emplace_back(any(0, tiles - 1), any(0, 15));
    const int step_out = any(1, 3);
    for (int tile = 0; tile < tiles; ++tile) {
        const int64_t load = 200 + tile * (count + 2);
        const int together = any(8, 16);  // the other streams are cut otherwise
        for (int k = 0; k < 16; ++k) {
            const int slice = 2 * k + tile % 2;
            const int64_t leave = load - std::abs(plan.mxm_in(east) - plan.mem(east, slice)) - chip.timing.mem_read;
            const bool wrong = std::count(faulty.begin(), faulty.end(), std::pair(tile, k)) > 0;
            const int kind = wrong ? any(0, 4) : -1;
            if (kind == 0) continue;  // undriven
            const int64_t cycle = leave + (kind == 1 ? any(1, 2) : 0);
            const int address = kind == 2 ? 505 : tile * count;
            const int first = k < together ? count : any(1, count - 1);
            program.at(cycle, program.mem(east, slice), read(address, E(k)), first, 1, 1);
            if (first < count)
                program.at(cycle + first, program.mem(east, slice), read(address + first, E(k)), count - first, 1, 1);
            if (kind == 3)
                program.at(leave + 1 - step_out, program.mem(east, slice - 1 + 2 * (tile % 2 == 0)), read(0, E(k)), 3,
                           step_out);  // meets it on its way
            if (kind == 4)
                program.at(cycle - 20, program.mem(west, 43 - k), read(3, E(k)), 40);  // overwritten in passing
        }
        program.at(load, program.weights(east, tile % 2), lw(E(0), 16), count);
        program.at(load + count, program.activations(east, tile % 2), iw());
    }
    return program;
}

/// Gathers on neighbouring streams by one stream of addresses that flows against them, or along. With faults some of
/// the first or of the last that they tap are missing, others come in, or all come from between them.
ProgramBuilder gathers(const models::Chip& chip, unsigned seed, int faults) {
    std::mt19937 random(seed);
    const auto any = [&](int from, int to) { return from + int(random() % unsigned(to - from + 1)); };
    const isa::Floorplan plan = chip.floorplan();
    ProgramBuilder program(chip);
    const bool against = any(0, 1);
    constexpr int count = 12, members = 10;
    const auto slice = [](int k) { return 4 + 3 * k; };
    const int upstream = plan.mem(east, slice(0)), spread = plan.mem(east, slice(members - 1)) - upstream;
    const bool between = faults > 0 && any(0, 2) == 0;
    const int source = between ? slice(4) + 1 : against ? 43 : 0;  // slice that the addresses come from
    const int passes = count + (against ? 2 * spread : 0);         // against: each member taps others of them
    const int missing = faults == 0 || between ? 0 : any(0, 1) ? 1 : any(1, passes - 1);
    const bool late = any(0, 1);  // the first of them, or else the last
    const uint16_t map = isa::stream(against ? west : east, 5);
    program.at(100 + (late ? missing : 0), program.mem(east, source), read(7, map),
               passes - missing + (late ? 2 * passes : 0));
    const int travel = upstream - plan.mem(east, source);
    const int64_t first = 100 + chip.timing.mem_read + (against ? -travel : travel);
    for (int k = 0; k < members; ++k)
        program.at(first + plan.mem(east, slice(k)) - upstream, program.mem(east, slice(k)), gather(20, map, E(16 + k)),
                   count);
    for (int i = 1; i < faults; ++i) program.at(90 + any(0, 40), program.mem(west, 30 + i), read(1, map), any(1, 9));
    return program;
}

/// Drives that were joined with others.
int joined(const models::Chip& chip, const isa::Program& program) {
    int joined = 0;
    const auto prepared = sim::prepare(chip, program);
    for (const auto& direction : prepared->tracks.bundles)
        for (const sim::BundleTrack& track : direction)
            joined += int(std::count_if(track.drives.begin(), track.drives.end(),
                                        [](const sim::Drive& drive) { return drive.upstream < drive.downstream; }));
    return joined;
}

/// Nothing but the walk of the tracks says so: a run that has hazards is done again otherwise.
bool all_found(const models::Chip& chip, const isa::Program& program) {
    std::array<uint64_t, sim::bundle_streams> cycles{};
    const auto prepared = sim::prepare(chip, program);
    for (const auto& direction : prepared->tracks.bundles)
        for (const sim::BundleTrack& track : direction)
            if (!track.walk(cycles.data())) return false;
    return true;
}

class Tracks : public testing::TestWithParam<unsigned> {};

TEST_P(Tracks, TilesAreCheckedAsEachReadAlone) {
    const models::Chip chip = chip_of_tracks();
    const isa::Program program = tiles(chip, GetParam(), int(GetParam() % 4)).build();
    EXPECT_GE(joined(chip, program), 5);
    const sim::RunResult result = run_every_way(chip, program);
    if (GetParam() % 4 == 0) EXPECT_TRUE(result.hazards.empty()) << messages(result);
    if (result.hazards.empty()) EXPECT_TRUE(all_found(chip, program));
}

TEST_P(Tracks, GathersAreCheckedAsEachAlone) {
    const models::Chip chip = chip_of_tracks();
    const isa::Program program = gathers(chip, GetParam(), int(GetParam() % 3)).build();
    EXPECT_GE(joined(chip, program), 1);
    const sim::RunResult result = run_every_way(chip, program);
    EXPECT_EQ(result.hazards.empty(), GetParam() % 3 == 0) << messages(result);
    if (result.hazards.empty()) EXPECT_TRUE(all_found(chip, program));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Tracks, testing::Range(0u, 40u));

/// Reads of three slices side by side; what the last of them drives has not yet come to slices further inward.
TEST(TrackTaps, FindOnlyMembersUpstream) {
    const models::Chip chip = chip_of_tracks();
    const isa::Floorplan plan = chip.floorplan();
    ProgramBuilder program(chip);
    const int64_t begin = 100 - plan.mem(east, 0);
    const int slices[] = {0, 10, 20}, between = 15, beside = 14;
    for (int k = 0; k < 3; ++k)
        program.at(begin + plan.mem(east, slices[k]), program.mem(east, slices[k]), read(0, E(k)), 4);
    const int64_t taken = begin + plan.mem(east, between) + chip.timing.mem_read;
    program.at(taken, program.mem(east, beside), write(0, E(1)), 4);
    EXPECT_THAT(kinds(run_every_way(chip, program.build())), testing::ElementsAre());
    program.at(taken, program.mem(east, between), write(0, E(2)), 4);
    EXPECT_EQ(joined(chip, program.build()), 1);
    EXPECT_THAT(kinds(run_every_way(chip, program.build())), testing::ElementsAre(sim::HazardKind::Undriven));
}

TEST(TrackTaps, MissWhatIsDrivenAtAnotherInterval) {
    const models::Chip chip = chip_of_tracks();
    for (const int every : {2, 3}) {  // first and last are driven in both cases
        ProgramBuilder program(chip);
        program.at(100, program.mem(east, 0), read(0, E(0)), 4, 2);
        program.at(100 + chip.timing.mem_read, program.mem(east, 1), write(0, E(0)), 6 / every + 1, every);
        const size_t missed = every == 3;
        EXPECT_EQ(run_every_way(chip, program.build()).hazards.size(), missed);
    }
}

}  // namespace
}  // namespace superlane::test
