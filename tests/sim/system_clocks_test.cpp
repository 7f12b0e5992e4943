// SPDX-License-Identifier: Apache-2.0
// Clocks that drift: what a cycle's system time is, what RuntimeDeskew takes back and costs, how long a tree takes to
// align.
#include "sim/clocks.hpp"
#include "tests/sim/system_helpers.hpp"

namespace superlane::test {
namespace {

using sim::Alignment;
using sim::Clock;
using sim::HazardKind;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SystemClocks, AFastClockIsEarlyAndASlowOneLate) {
    EXPECT_EQ(Clock(500).system(1'000'000), 1'000'500);
    EXPECT_EQ(Clock(500, 100, {}, 256).system(1'000'000), 1'000'400);
    EXPECT_EQ(Clock(500, -100, {}, 256).system(1'000'000), 1'000'600);
}

TEST(SystemClocks, LocalIsTheFirstCycleAtASystemCycleOrLater) {
    const std::vector<Alignment> alignments = {
        {30'000, 30'016, false}, {60'000, 60'160, true}, {90'000, 90'001, false}};
    for (const double ppm : {0.0, 73.5, -73.5, 1000.0, -1000.0}) {
        const Clock clock(777, ppm, alignments, 256);
        int64_t before = -1;
        for (int64_t cycle = 0; cycle < 120'000; cycle += 37) {
            EXPECT_GE(clock.system(cycle), before);
            before = clock.system(cycle);
        }
        for (int64_t system = 778; system < 120'000; system += 41) {
            const int64_t local = clock.local(system);
            EXPECT_GE(clock.system(local), system);
            EXPECT_LT(clock.system(local - 1), system);
        }
    }
}

TEST(SystemClocks, RuntimeDeskewTakesBackDriftUpToTheCyclesItHolds) {
    const std::vector<Alignment> align = {{100'000, 100'016, false}};
    EXPECT_EQ(Clock(0, 1000, align, 256).system(100'015), 99'914);  // 100 cycles early, then it waits
    EXPECT_EQ(Clock(0, 1000, align, 256).system(100'016), 100'016);
    EXPECT_EQ(Clock(0, -160, align, 256).system(100'016), 100'016);  // 16 late: all that it can give up
    EXPECT_EQ(Clock(0, -200, align, 256).system(100'016), 100'020);
}

TEST(SystemClocks, DeskewWaitsForTheNextEpochWhenItIsLate) {
    const std::vector<Alignment> align = {{99'900, 100'096, true}};  // 391 * 256
    EXPECT_EQ(Clock(0, 1000, align, 256).system(100'096), 100'096);
    EXPECT_EQ(Clock(0, -1000, align, 256).system(100'096), 100'096);
    const std::vector<Alignment> close = {{100'090, 100'096, true}};
    EXPECT_EQ(Clock(0, -1000, close, 256).system(100'096), 100'096 + 256);
}

TEST(SystemClocks, AlignmentsTakeBackALateBeginToo) {
    const std::vector<Alignment> epoch = {{100, 256, true}}, hold = {{100, 116, false}};
    EXPECT_EQ(Clock(1024, -1, epoch, 256, 41).system(100), 1024 + 141);
    EXPECT_EQ(Clock(1024, -1, epoch, 256, 41).system(256), 1024 + 256);
    EXPECT_EQ(Clock(1024, -1, hold, 256, 41).system(116), 1024 + 141) << "more than it can give up";
}

TEST(SystemClocks, DriftIsDrawnFromASeed) {
    const auto drift = sim::draw_drift(1000, 50, 7);
    EXPECT_EQ(drift, sim::draw_drift(1000, 50, 7));
    EXPECT_NE(drift, sim::draw_drift(1000, 50, 8));
    const auto [low, high] = std::minmax_element(drift.begin(), drift.end());
    EXPECT_TRUE(*low >= -50 && *low < -45 && *high <= 50 && *high > 45);
}

TEST(SystemClocks, ATreeTakesTheEpochsOfItsLongestLinkOnEachLevel) {
    EXPECT_EQ(sim::tree_alignment_cycles(std::vector<int>{217}, 256), 256);
    EXPECT_EQ(sim::tree_alignment_cycles(std::vector<int>{255, 256, 600}, 256), (1 + 2 + 3) * 256);
    // 0 - 1 - 2 and 0 - 3: two levels, the second with 300 cycles.
    models::System system = cabled(
        4, {{{{{0, 0}, {1, 0}}}, {210, 220}}, {{{{0, 1}, {3, 0}}}, {217, 217}}, {{{{1, 1}, {2, 0}}}, {300, 299}}});
    EXPECT_EQ(sim::tree_alignment_cycles(system), (1 + 2) * 256);
    EXPECT_EQ(sim::tree_alignment_cycles(system, 2), (2 + 1 + 1) * 256);
    system.cables.pop_back();
    EXPECT_THROW(sim::tree_alignment_cycles(system), UserError);
}

constexpr int exchanges = 100, stride = 20'000, slack = 9, held = 16;

/// A vector every 20,000 cycles from chip 0 to chip 1, received 9 cycles after its arrival; re-aligned before every
/// `every`-th.
std::vector<sim::Launch> long_programs(const models::System& system, int every) {
    LinkProgram left(system.chip), right(system.chip);
    int64_t cycle = 1000;
    for (int i = 0; i < exchanges; ++i, cycle += stride) {
        left.send(cycle, 0, i);
        right.receive(cycle + system.cables[0].latency_cycles[0] + system.chip.timing.c2c_send + slack, 1, i);
        if (every == 0 || i % every != every - 1 || i + 1 == exchanges) continue;
        for (LinkProgram* program : {&left, &right})
            program->builder.at(cycle + 1000, program->builder.queues.c2c(west, 4),
                                make(Opcode::RuntimeDeskew, {.index = held}));
        cycle += held;
    }
    return {{0, 0, left.prepared(), {}, {}}, {1, 0, right.prepared(), {}, {}}};
}

void drift(sim::SystemOptions& options) { options.drift_ppm = {-25, 25}; }

TEST(SystemClocks, ALongProgramBreaksWithoutRealignmentAndRunsWithIt) {
    const models::System system = two_chips();
    const sim::SystemResult steady = run_system_every_way(system, long_programs(system, 0));
    EXPECT_THAT(steady.hazards, testing::IsEmpty());
    const sim::SystemResult broken = run_system_every_way(system, long_programs(system, 0), drift);
    ASSERT_FALSE(broken.hazards.empty());
    EXPECT_EQ(broken.hazards[0].hazard.kind, HazardKind::EarlyReceive);
    // 50 ppm eat 9 cycles in 180,000: the tenth or eleventh exchange is the first to fail.
    EXPECT_NEAR(double(broken.hazards[0].cycle), 200'000, 21'000);
    const sim::SystemResult held_together = run_system_every_way(system, long_programs(system, 5), drift);
    EXPECT_THAT(held_together.hazards, testing::IsEmpty());
    // The cost: `held` cycles each of the 19 times; the drift itself, 25 ppm since the last one, is all that else
    // differs.
    EXPECT_NEAR(double(held_together.cycles - steady.cycles), (exchanges / 5 - 1) * held, 5);
}

TEST(SystemClocks, AProgramThatASlowOneBeforeItHoldsUpIsAlignedWithTheOthers) {
    const models::System system = two_chips();
    constexpr int64_t start = 200 * 256;
    LinkProgram before(system.chip), left(system.chip);
    before.send(start - 20, 0, 1);  // 1000 ppm slow: 51 cycles late at its end, the next program begins 32 late
    left.send(300, 0, 2);
    left.builder.at(10, left.builder.queues.c2c(west, 4), make(Opcode::Deskew, {.index = 4}));
    const int hop = system.cables[0].latency_cycles[0] + system.chip.timing.c2c_send;
    const auto launches = [&](int64_t taken) {
        LinkProgram taker(system.chip);
        taker.receive(start + 100 + hop, 1, 0).receive(start + taken + hop, 1, 1);
        return std::vector<sim::Launch>{
            {0, 0, before.prepared(), {}, {}}, {0, start, left.prepared(), {}, {}}, {1, 0, taker.prepared(), {}, {}}};
    };
    const auto slow = [](sim::SystemOptions& options) { options.drift_ppm = {-1000, 0}; };
    EXPECT_THAT(run_system_every_way(system, launches(300), slow).hazards, testing::IsEmpty());
    EXPECT_EQ(run_system_every_way(system, launches(299), slow).hazards.size(), 1u);
}

TEST(SystemClocks, NothingMayHappenWhileAChipRealigns) {
    const models::Chip chip = link_chip();
    const auto with = [&](int64_t read_at, int64_t deskew_at) {
        ProgramBuilder program(chip);
        const int travel = chip.floorplan().mem(east, 43) - chip.floorplan().mem(west, 0);
        program.at(read_at, program.mem(west, 0), read(0, E(1)))
            .at(read_at + 1 + travel, program.mem(east, 43), write(0, E(1)));
        program.at(deskew_at, program.queues.c2c(west, 0), make(Opcode::RuntimeDeskew, {.index = 6}));
        return run_every_way(chip, program.build());
    };
    const int over = 1 + chip.floorplan().mem(east, 43) - chip.floorplan().mem(west, 0);
    EXPECT_THAT(kinds(with(20, 20 + over)), testing::IsEmpty());
    EXPECT_THAT(kinds(with(20, 14)), testing::IsEmpty());
    EXPECT_THAT(kinds(with(20, 15)), ElementsAre(HazardKind::Realigned));  // the Read
    EXPECT_THAT(kinds(with(20, 22)), ElementsAre(HazardKind::Realigned));  // the value on its way
    EXPECT_THAT(messages(with(20, 22)),
                HasSubstr("while Deskew or RuntimeDeskew takes the clock's drift back: mem.e.43"));
}

TEST(SystemClocks, DeskewHoldsItsQueueToTheEpochAndTheLaunchMustStartAtOne) {
    const models::System system = two_chips();
    ProgramBuilder program(system.chip);
    isa::Program text = program.at(3, program.queues.c2c(west, 0), make(Opcode::Deskew, {.index = 1})).build();
    text.text[size_t(program.queues.c2c(west, 0))].push_back(make(Opcode::Notify, {}));
    text.text[size_t(program.mem(west, 2))] = {make(Opcode::Sync, {}), read(0, E(1))};
    const auto bursts = isa::expand(text, system.chip.timing);
    EXPECT_EQ(bursts[size_t(program.queues.c2c(west, 0))][1].cycle, 256);
    EXPECT_EQ(bursts[size_t(program.mem(west, 2))][0].cycle, 256 + system.chip.timing.icu_barrier);
    const auto prepared = sim::prepare(system.chip, text);
    EXPECT_THAT(run_system_every_way(system, {{0, 512, prepared, {}, {}}}).hazards, testing::IsEmpty());
    try {
        sim::SystemMachine(system).run({{0, 500, prepared, {}, {}}});
        FAIL();
    } catch (const UserError& error) {
        EXPECT_EQ(std::string(error.what()),
                  "launch 0 on chip 0: a program with deskew must start at a multiple of 256 cycles, not at 500");
    }
}

}  // namespace
}  // namespace superlane::test
