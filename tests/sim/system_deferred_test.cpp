// SPDX-License-Identifier: Apache-2.0
// When chips may be simulated one by one: not a single vector late, no end full, no link bare.
#include "sim/system_deferred.hpp"

#include "tests/sim/system_helpers.hpp"

namespace superlane::test {
namespace {

std::optional<sim::SystemResult> deferred(const models::System& system, const std::vector<sim::Launch>& launches,
                                          bool share = true) {
    sim::SystemOptions options;
    options.chip.data = sim::Data::TimingOnly;
    options.share = share;
    return sim::run_deferred(system, options, sim::plan_launches(system, options, system.chip.digest(), launches));
}

/// Both chips run one program: a vector to the other and one from it, by links that the launch names.
std::vector<sim::Launch> exchange(const models::System& system, int64_t taken) {
    const auto program = LinkProgram(system.chip).send(100, 0, 1).receive(taken, 0, 2).prepared();
    return {{0, 0, program, {0}, {}}, {1, 0, program, {1}, {}}};
}

TEST(SystemDeferred, OneProgramOnTwoChipsIsSimulatedOnce) {
    const auto result = deferred(pair, exchange(pair, 100 + back));
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->distinct_programs, 1);
    EXPECT_EQ(result->counters.vectors_sent, 2u);
    EXPECT_EQ(text_of(*result), text_of(run_system_every_way(pair, exchange(pair, 100 + back))));
}

TEST(SystemDeferred, ChipsWithoutACommonProgramAreComparedInTheSameWay) {
    const auto shared = deferred(pair, exchange(pair, 100 + back)),
               each = deferred(pair, exchange(pair, 100 + back), false);
    ASSERT_TRUE(shared && each);
    EXPECT_EQ(text_of(*each), text_of(*shared));
    EXPECT_FALSE(deferred(pair, exchange(pair, 100 + back - 1), false).has_value());
}

TEST(SystemDeferred, ProgramsOfAChipThatFollowEachOtherAreOneChip) {
    const auto send = LinkProgram(pair.chip).send(100, 0, 1).prepared(),
               receive = LinkProgram(pair.chip).receive(100 + hop, 1, 2).prepared();
    const int64_t next = send->cycles, later = receive->cycles;
    const std::vector<sim::Launch> twice{
        {0, 0, send, {}, {}}, {0, next, send, {}, {}}, {1, 0, receive, {}, {}}, {1, later, receive, {}, {}}};
    const auto each = deferred(pair, twice, false);
    ASSERT_TRUE(each.has_value());
    EXPECT_EQ(text_of(*each), text_of(run_system_every_way(pair, twice)));
}

TEST(SystemDeferred, EachCableCountsWithItsOwnLatency) {
    EXPECT_FALSE(deferred(pair, exchange(pair, 100 + back - 1)).has_value());  // in time for chip 1, early for chip 0
    EXPECT_EQ(run_system_every_way(pair, exchange(pair, 100 + back - 1)).hazards.size(), 1u);
    EXPECT_EQ(run_system_every_way(pair, exchange(pair, 100 + hop - 1)).hazards.size(), 2u);
}

TEST(SystemDeferred, WhatEndsInAHazardIsLeftToTheChips) {
    const auto send = LinkProgram(pair.chip).send(100, 0, 1).prepared(),
               receive = LinkProgram(pair.chip).receive(100 + hop, 1, 2).prepared();
    EXPECT_TRUE(deferred(pair, {{0, 0, send, {}, {}}, {1, 0, receive, {}, {}}}).has_value());
    EXPECT_FALSE(deferred(pair, {{1, 0, receive, {}, {}}}).has_value());  // nothing was sent
    EXPECT_FALSE(deferred(pair, {{1, 0, send, {}, {}}}).has_value());     // chip 1's link 0 is bare
    EXPECT_FALSE(deferred(pair, {{0, 0, send, {-1}, {}}}).has_value());
    models::System small = pair;
    small.chip.fifo_vectors = 1;
    LinkProgram two(small.chip);
    two.send(100, 0, 1).send(127, 0, 2);
    EXPECT_FALSE(deferred(small, {{0, 0, two.prepared(), {}, {}}}).has_value());
    ProgramBuilder undriven(pair.chip);
    undriven.at(5, undriven.mem(west, 3), write(0, W(0)));
    EXPECT_FALSE(deferred(pair, {{0, 0, sim::prepare(pair.chip, undriven.build()), {}, {}}}).has_value());
}

}  // namespace
}  // namespace superlane::test
