// SPDX-License-Identifier: Apache-2.0
// Two chips and a cable: arrival to the cycle, hazards of links, launches that follow each other, errors on the way.
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/sim/system_helpers.hpp"

namespace superlane::test {
namespace {

using sim::HazardKind;
using testing::ElementsAre;
using testing::HasSubstr;

Row row_at(const sim::SystemMachine& machine, int chip, Side side, int slice, int address) {
    Row row(size_t(machine.system().chip.lanes()));
    machine.read(chip, side, slice, address, row);
    return row;
}

std::vector<sim::Launch> one_vector(int64_t sent, int64_t taken) {
    return {{0, 0, LinkProgram(pair.chip).send(sent, 0, 7).prepared(), {}, "left"},
            {1, 0, LinkProgram(pair.chip).receive(taken, 1, 9).prepared(), {}, "right"}};
}

TEST(SystemLinks, AVectorArrivesAfterSendAndCable) {
    sim::SystemMachine machine(pair);
    machine.write(0, west, 0, 7, counting(pair.chip, 3));
    const sim::SystemResult result = machine.run(one_vector(100, 100 + hop));
    EXPECT_EQ(text_of(result), text_of(run_system_every_way(pair, one_vector(100, 100 + hop))));
    EXPECT_THAT(result.hazards, testing::IsEmpty());
    EXPECT_EQ(row_at(machine, 1, east, 1, 9), counting(pair.chip, 3));
    ASSERT_EQ(result.links.size(), 1u);
    EXPECT_EQ(result.links[0].vectors, 1);
    EXPECT_EQ(result.links[0].deepest_fifo, 0);
}

TEST(SystemLinks, TheHostWritesBeforeAProgramAndReadsAfterIt) {
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel}) {
        sim::SystemMachine machine(pair, {.chip = {.engine = engine}});
        std::vector<sim::Launch> launches = one_vector(100, 100 + hop);
        for (sim::Launch launch : one_vector(100, 100 + hop)) {
            launch.start_cycle = 1000;
            launches.push_back(launch);
        }
        std::vector<Row> seen;
        for (const int round : {0, 1}) {
            launches[size_t(2 * round)].before = [&, round] {
                machine.write(0, west, 0, 7, counting(pair.chip, 3 + round));
            };
            launches[size_t(2 * round) + 1].after = [&] { seen.push_back(row_at(machine, 1, east, 1, 9)); };
        }
        const sim::SystemResult result = machine.run(launches);
        EXPECT_THAT(result.hazards, testing::IsEmpty());
        EXPECT_THAT(seen, ElementsAre(counting(pair.chip, 3), counting(pair.chip, 4)));
        EXPECT_THAT(result.ends[3] - result.ends[1], 1000);
    }
}

TEST(SystemLinks, AReceiveOneCycleEarlyIsAHazardAndTakesNothing) {
    const sim::SystemResult result = run_system_every_way(pair, one_vector(100, 100 + hop - 1));
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::EarlyReceive));
    EXPECT_EQ(result.hazards[0].chip, 1);
    EXPECT_THAT(result.hazards[0].message(), HasSubstr("chip 1, 'right' at system cycle 303: cycle 303, c2c: a Receive "
                                                       "before the vector's arrival (link 1, arrival at cycle 304)"));
    sim::SystemMachine machine(pair);
    machine.write(0, west, 0, 7, counting(pair.chip, 3));
    machine.write(1, east, 1, 9, counting(pair.chip, 4));
    machine.run(one_vector(100, 100 + hop - 1));
    EXPECT_EQ(row_at(machine, 1, east, 1, 9), filled(pair.chip, 0));
}

TEST(SystemLinks, AVectorThatWasNeverSentIsNamedSo) {
    const sim::SystemResult result =
        run_system_every_way(pair, {{1, 50, LinkProgram(pair.chip).receive(10, 1, 0).prepared(), {}, {}}});
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::EarlyReceive));
    EXPECT_THAT(result.hazards[0].message(), HasSubstr("chip 1 at system cycle 60: cycle 10, c2c: a Receive before the "
                                                       "vector's arrival (link 1, nothing was sent)"));
}

TEST(SystemLinks, TheNthReceiveBelongsToTheNthVectorEvenAfterAnEarlyOne) {
    LinkProgram left(pair.chip), right(pair.chip);
    left.send(100, 0, 1).send(200, 0, 2).send(5000, 0, 3);
    right.receive(100, 1, 0).receive(200 + hop, 1, 1).receive(5000 + hop, 1, 2);  // the first far too early
    const std::vector<sim::Launch> launches = {{0, 0, left.prepared(), {}, {}}, {1, 0, right.prepared(), {}, {}}};
    EXPECT_THAT(kinds(run_system_every_way(pair, launches)), ElementsAre(HazardKind::EarlyReceive));
    sim::SystemMachine machine(pair);
    for (int i = 1; i < 4; ++i) machine.write(0, west, 0, i, filled(pair.chip, i));
    machine.run(launches);
    EXPECT_EQ(row_at(machine, 1, east, 1, 0), filled(pair.chip, 0));
    EXPECT_EQ(row_at(machine, 1, east, 1, 1), filled(pair.chip, 2));
    EXPECT_EQ(row_at(machine, 1, east, 1, 2), filled(pair.chip, 3));
}

TEST(SystemLinks, AFifoOverflowsByTheFirstVectorThatItCannotHold) {
    models::System system = pair;
    system.chip.fifo_vectors = 3;
    for (const int64_t taken : {208, 209}) {  // the fourth arrives at 100 + 81 + 204 = 385
        LinkProgram left(system.chip), right(system.chip);
        for (int i = 0; i < 4; ++i) left.send(100 + 27 * i, 0, i);
        for (int i = 0; i < 4; ++i) right.receive(taken + 177 + i, 1, i);
        const sim::SystemResult result =
            run_system_every_way(system, {{0, 0, left.prepared(), {}, {}}, {1, 0, right.prepared(), {}, {}}});
        ASSERT_EQ(result.links.size(), 1u);
        EXPECT_EQ(result.links[0].deepest_fifo, taken == 208 ? 3 : 4);
        if (taken == 208) {
            EXPECT_THAT(result.hazards, testing::IsEmpty());
        } else {
            EXPECT_THAT(kinds(result), ElementsAre(HazardKind::FifoOverflow));
            EXPECT_THAT(
                result.hazards[0].message(),
                HasSubstr(
                    "chip 1 at system cycle 385: cycle 385, c2c: more vectors wait in a receive FIFO than it holds "
                    "(link 1, 4 vectors of 3, sent by chip 0): c2c.w.0["));
        }
    }
}

TEST(SystemLinks, OverflowsCountTowardsTheHazardsThatStopARun) {
    models::System system = pair;
    system.chip.fifo_vectors = 1;
    LinkProgram left(system.chip);
    left.send(100, 0, 1).send(127, 0, 2).send(5000, 0, 3).send(9000, 0, 4);
    const sim::SystemResult result = run_system_every_way(
        system, {{0, 0, left.prepared(), {}, {}}}, [](sim::SystemOptions& options) { options.chip.max_hazards = 1; });
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.counters.vectors_sent, 3u);  // the third shows that the second overflowed
}

TEST(SystemLinks, WhatArrivesAfterAStopIsNotJudged) {
    models::System system = pair;
    system.chip.fifo_vectors = 1;
    LinkProgram left(system.chip), right(system.chip);
    left.send(100, 0, 1).send(127, 0, 2);
    right.builder.at(150, right.builder.mem(west, 2), read(7, W(0)));  // not correctable: the run ends at 200
    right.receive(100 + hop, 1, 0).receive(127 + hop, 1, 1);
    const sim::SystemResult result = run_system_every_way(
        system, {{0, 0, left.prepared(), {}, {}}, {1, 0, right.prepared(), {}, {}}}, [](sim::SystemOptions& options) {
            options.chip.faults = {{0, west, 2, 7, 0, {3, 4}}};
        });
    EXPECT_TRUE(result.stopped);
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::Uncorrectable));
}

TEST(SystemLinks, ALinkWithoutACableIsAHazardForBothDirections) {
    const auto program = LinkProgram(pair.chip).send(100, 3, 0).receive(50, 2, 0).prepared();
    const sim::SystemResult result = run_system_every_way(pair, {{1, 0, program, {}, {}}});
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::NoPeer, HazardKind::NoPeer));
    EXPECT_THAT(result.hazards[0].message(), HasSubstr("a Send or Receive on a link without a cable (link 2)"));
    const auto left = LinkProgram(pair.chip).send(100, 0, 0).prepared();
    EXPECT_THAT(kinds(run_system_every_way(pair, {{0, 0, left, {-1}, {}}})), ElementsAre(HazardKind::NoPeer));
}

TEST(SystemLinks, ALaunchMapsTheProgramsLinks) {
    const auto left = LinkProgram(pair.chip).send(100, 2, 7).prepared(),
               right = LinkProgram(pair.chip).receive(100 + hop, 0, 9).prepared();
    const std::vector<sim::Launch> launches = {{0, 0, left, {5, 6, 0}, {}}, {1, 0, right, {1}, {}}};
    EXPECT_THAT(run_system_every_way(pair, launches).hazards, testing::IsEmpty());
}

TEST(SystemLinks, MemoryAndLinksPersistFromLaunchToLaunch) {
    const models::Chip& chip = pair.chip;
    const auto send = LinkProgram(chip).send(100, 0, 7).prepared(),
               receive = LinkProgram(chip).receive(20, 1, 9).prepared();
    ProgramBuilder copy(chip);  // mem.e.1's word 9 to mem.w.0's word 5
    const int travel = chip.floorplan().mem(east, 1) - chip.floorplan().mem(west, 0);
    copy.at(10, copy.mem(east, 1), read(9, W(3)))
        .at(10 + travel + chip.timing.mem_read, copy.mem(west, 0), write(5, W(3)));
    std::vector<sim::Launch> launches = {{0, 3000, send, {}, {}},
                                         {1, 0, LinkProgram(chip).send(300, 0, 0).prepared(), {2}, {}},
                                         {1, 3900, receive, {}, {}},
                                         {1, 4100, sim::prepare(chip, copy.build()), {}, {}}};
    launches.erase(launches.begin() + 1);  // nothing is plugged into link 2
    sim::SystemMachine machine(pair);
    machine.write(0, west, 0, 7, counting(chip, 3));
    EXPECT_THAT(machine.run(launches).hazards, testing::IsEmpty());
    EXPECT_EQ(row_at(machine, 1, west, 0, 5), counting(chip, 3));
    run_system_every_way(pair, launches);
}

TEST(SystemLinks, SendsOfProgramsThatFollowEachOtherKeepTheLinksInterval) {
    models::System system = pair;
    system.chip.timing.c2c_vector_interval = 60;
    const auto send = LinkProgram(system.chip).send(lead, 0, 7).prepared();
    for (const int64_t apart : {59, 60}) {
        const sim::SystemResult result = run_system_every_way(system, {{0, 0, send, {}, {}}, {0, apart, send, {}, {}}});
        EXPECT_EQ(result.hazards.size(), apart == 59 ? 1u : 0u);
        EXPECT_THAT(result.hazards.empty() ? "" : result.hazards[0].message(),
                    HasSubstr(apart == 59 ? "(link 0, the program before sent 59 cycles ago)" : ""));
    }
}

TEST(SystemLinks, TwoReceivesOfALinkInOneCycleAreAHazard) {
    LinkProgram left(pair.chip);
    const auto sends = left.send(100, 0, 1).send(127, 0, 2).prepared();
    for (const int apart : {0, 1}) {
        LinkProgram right(pair.chip);
        right.receive(400, 1, 9);  // and by another port, which writes nothing
        right.builder.at(400 + apart, right.builder.queues.c2c(east, 2),
                         make(Opcode::Receive, {.dst = W(18), .index = 1}));
        const auto result = run_system_every_way(pair, {{0, 0, sends, {}, {}}, {1, 0, right.prepared(), {}, {}}});
        EXPECT_EQ(kinds(result), std::vector<HazardKind>(apart == 0 ? 1 : 0, HazardKind::LinkBusy)) << apart;
    }
}

TEST(SystemLinks, AProgramMayBeginInTheCycleInWhichTheOneBeforeItEnds) {
    const auto send = LinkProgram(pair.chip).send(lead, 0, 7).prepared();
    const sim::SystemResult result = run_system_every_way(pair, {{0, 0, send, {}, {}}, {0, lead + 1, send, {}, {}}});
    EXPECT_THAT(result.hazards, testing::IsEmpty());
    EXPECT_EQ(result.cycles, 2 * (lead + 1));
}

TEST(SystemLinks, WhatCannotBeLaunchedIsRefused) {
    const auto send = LinkProgram(pair.chip).send(lead, 0, 7).prepared();
    const auto refusal = [&](const std::vector<sim::Launch>& launches) -> std::string {
        try {
            sim::SystemMachine(pair).run(launches);
        } catch (const UserError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal({{2, 0, send, {}, "x"}}), "launch 0 'x' on chip 2: system 'test' has 2 chips");
    EXPECT_EQ(refusal({{0, 0, nullptr, {}, {}}}), "launch 0 on chip 0: no program is given");
    EXPECT_EQ(refusal({{0, -1, send, {}, {}}}), "launch 0 on chip 0: start cycle -1 is before the run's begin");
    EXPECT_EQ(refusal({{0, 0, send, {16}, {}}}), "launch 0 on chip 0: link 16: the chip has 16");
    EXPECT_EQ(refusal({{0, 0, send, {3, 3}, {}}}), "launch 0 on chip 0: two links of the program are mapped to link 3");
    EXPECT_EQ(refusal({{0, 0, send, {}, {}}, {0, lead, send, {}, {}}}),
              "launch 1 on chip 0 starts at cycle 40, but the program before it ends at 41");
    const auto high = LinkProgram(pair.chip).send(lead, 3, 7).prepared();
    EXPECT_EQ(refusal({{0, 0, high, {1, 2}, {}}}),
              "launch 0 on chip 0: the program uses 4 links, of which the launch maps 2");
    models::Chip other = pair.chip;
    other.timing.c2c_latency = 1;
    EXPECT_EQ(refusal({{0, 0, LinkProgram(other).prepared(), {}, {}}}),
              "launch 0 on chip 0: the program was prepared for another chip than 'tsp-v1'");
}

TEST(SystemLinks, AnErrorOnTheWaySpoilsDataAndIsFlaggedButCostsNoTime) {
    const std::vector<sim::Launch> launches = one_vector(100, 100 + hop);
    const sim::SystemResult clean = run_system_every_way(pair, launches);
    const auto inject = [](sim::SystemOptions& options) { options.link_errors = {{0, 0, 0}, {0, 0, 1}, {1, 1, 0}}; };
    const sim::SystemResult result = run_system_every_way(pair, launches, inject);
    EXPECT_THAT(result.link_errors, ElementsAre(sim::LinkError{0, 0, 0}));  // the others met no vector
    EXPECT_EQ(result.cycles, clean.cycles);
    EXPECT_NE(result.digest, clean.digest);
    sim::SystemOptions options;
    inject(options);
    sim::SystemMachine machine(pair, options);
    machine.write(0, west, 0, 7, counting(pair.chip, 3));
    machine.run(launches);
    const Row spoiled = row_at(machine, 1, east, 1, 9), sent = counting(pair.chip, 3);
    for (size_t i = 0; i < sent.size(); ++i) EXPECT_NE(spoiled[i], sent[i]);
}

TEST(SystemLinks, ForwardErrorCorrectionAddsToEveryLatency) {
    models::System system = pair;
    system.chip.timing.c2c_fec_cycles = 11;
    const auto launches = [&](int64_t taken) {
        return std::vector<sim::Launch>{{0, 0, LinkProgram(system.chip).send(100, 0, 7).prepared(), {}, {}},
                                        {1, 0, LinkProgram(system.chip).receive(taken, 1, 9).prepared(), {}, {}}};
    };
    EXPECT_EQ(run_system_every_way(system, launches(100 + hop + 10)).hazards.size(), 1u);
    EXPECT_EQ(run_system_every_way(system, launches(100 + hop + 11)).hazards.size(), 0u);
}

TEST(SystemLinks, AChromeTraceShowsChipsAsProcesses) {
    const std::string file = testing::TempDir() + "superlane_system_chrome.json";
    sim::SystemOptions options;
    options.chip.chrome_trace_file = file;
    auto launches = one_vector(100, 100 + hop);
    launches[1].start_cycle = 90;
    sim::SystemMachine(pair, options).run(launches);
    std::ifstream in(file);
    std::map<std::string, nlohmann::json> events;  // by name, the last of each
    std::set<std::string> names;
    const auto root = nlohmann::json::parse(in);
    for (const auto& event : root["traceEvents"]) {
        events[event["name"]] = event;
        if (event["args"].contains("name")) names.insert(event["args"]["name"]);
    }
    EXPECT_THAT(names, testing::UnorderedElementsAre("chip 0", "chip 1", "programs", "mem.w.0", "c2c.w.0", "c2c.e.1",
                                                     "mem.e.1"));
    EXPECT_EQ(events["left"]["pid"], 1);
    EXPECT_EQ(events["right"]["pid"], 2);
    EXPECT_NEAR(double(events["right"]["ts"]), 90 / 900.0, 1e-9);
    EXPECT_GT(events["right"]["dur"], 300 / 900.0);  // the vector is taken in its cycle 304
}

}  // namespace
}  // namespace superlane::test
