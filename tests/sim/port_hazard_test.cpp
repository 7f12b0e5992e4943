// SPDX-License-Identifier: Apache-2.0
// Hazards of ports and pairs of planes in their first and last cycles, where a check that is off by one shows.
#include <algorithm>

#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using isa::DType;
using sim::HazardKind;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int loaded = 50, installed = loaded + 20, active = installed + 5;

/// Vectors on W0 to W15 at the MXM in from cycle `loaded` on, for all cycles that the tests look at.
ProgramBuilder with_streams() {
    ProgramBuilder program(chip);
    const isa::Floorplan plan = chip.floorplan();
    for (int k = 0; k < 16; ++k) {
        const int travel = std::abs(plan.mxm_in(west) - plan.mem(west, k));
        program.at(loaded - travel - chip.timing.mem_read, program.mem(west, k), read(0, W(k)), 200);
    }
    return program;
}

ProgramBuilder with_half_weights() {
    ProgramBuilder program = with_streams();
    program.at(loaded, program.weights(west, 0), lw(W(0), 8, DType::F16), 20);
    program.at(installed, program.activations(west, 0), iw(DType::F16));
    return program;
}

std::vector<HazardKind> found(const ProgramBuilder& program) { return kinds(run_every_way(chip, program.build())); }

TEST(PortHazard, AGatherTakesTheReadPort) {
    for (const int cycle : {24, 25}) {
        ProgramBuilder program(chip);
        program.at(10, program.mem(west, 1), read(0, E(1)), 40);
        program.loop(20, program.mem(west, 0), read(0, E(0)), 10, 2);
        program.at(cycle, program.mem(west, 0), gather(0, E(1), W(2)));
        EXPECT_EQ(found(program).size(), cycle == 24 ? 1u : 0u);
    }
}

TEST(PortHazard, WeightsAreInstalledInTheTypeOfTheirLoad) {
    ProgramBuilder program = with_streams();
    program.at(loaded, program.weights(west, 0), lw(W(0), 16), 20);
    program.at(installed, program.activations(west, 0), iw(DType::F16));
    const sim::RunResult result = run_every_way(chip, program.build());
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::WeightType));
    EXPECT_THAT(messages(result), HasSubstr("(load buffer)"));
}

TEST(PortHazard, HalfPrecisionKeepsItsIntervalInABurstAndAfterIt) {
    const int least = chip.timing.mxm_half_interval;
    for (const int short_of : {0, 1}) {
        ProgramBuilder within = with_half_weights(), after = with_half_weights();
        within.at(active, within.activations(west, 0), abc(W(0), DType::F16), 3, least - short_of);
        after.at(active, after.activations(west, 0), abc(W(0), DType::F16), 3, least);
        after.at(active + 3 * least - short_of, after.activations(west, 0), abc(W(2), DType::F16));
        for (const ProgramBuilder* program : {&within, &after})
            EXPECT_EQ(found(*program), std::vector<HazardKind>(size_t(short_of), HazardKind::HalfInterval));
    }
}

TEST(PortHazard, HalfPrecisionPlaysFromBothPlanes) {
    ProgramBuilder program = with_half_weights();
    program.at(active, program.activations(west, 0), hold(W(0), 1, 3));
    program.at(active + 2, program.activations(west, 0), play(3, DType::F16));
    EXPECT_THAT(found(program), ElementsAre(HazardKind::EmptySlot));
}

TEST(PortHazard, ThePairIsTakenUntilTheLastCycle) {
    for (const int cycle : {loaded + 3, loaded + 4}) {
        ProgramBuilder program = with_streams();
        program.at(loaded, program.weights(west, 0), lw(W(0), 4, DType::F16), 4);
        program.at(cycle, program.weights(west, 1), lw(W(8), 8));  // of another type than what is there
        EXPECT_EQ(testing::Value(found(program), testing::Contains(HazardKind::PairPort)), cycle == loaded + 3);
        EXPECT_THAT(found(program), testing::Contains(HazardKind::WeightType));
    }
}

TEST(PortHazard, OnlyHalfPrecisionTakesThePair) {
    for (const int half : {loaded, loaded + 8}) {
        ProgramBuilder program = with_streams();
        program.at(half, program.weights(west, 0), lw(W(0), 4, DType::F16));
        program.at(2 * loaded + 8 - half, program.weights(west, 0), lw(W(0), 4));
        program.at(loaded, program.weights(west, 1), lw(W(8), 8), 10);
        const std::vector<HazardKind> all = found(program);
        EXPECT_EQ(std::count(all.begin(), all.end(), HazardKind::PairPort), 1);
    }
}

TEST(PortHazard, ResultsAreFoundInTheirTypeHoweverManyActivationsCameSince) {
    constexpr int bursts = 12, each = 10;
    const int arrives = active + chip.timing.mxm_activation_in + chip.timing.mxm_multiply;
    for (const DType type : {DType::I8, DType::F16}) {
        ProgramBuilder program = with_streams();
        program.at(loaded, program.weights(west, 0), lw(W(0), 16), 20);
        program.at(installed, program.activations(west, 0), iw());
        for (int i = 0; i < bursts; ++i) program.at(active + i * each, program.activations(west, 0), abc(W(0)), each);
        program.at(arrives, program.accumulate(west, 0), acc_set(0, type), bursts * each);
        EXPECT_EQ(found(program), std::vector<HazardKind>(size_t(type == DType::F16), HazardKind::NoResult));
    }
}

}  // namespace
}  // namespace superlane::test
