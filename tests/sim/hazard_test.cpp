// SPDX-License-Identifier: Apache-2.0
// Every hazard is found, by every engine and mode, and its message names what a user needs.
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using isa::DType;
using sim::HazardKind;
using testing::ElementsAre;
using testing::HasSubstr;

std::string only_message(const ProgramBuilder& program, HazardKind kind) {
    const sim::RunResult result = run_every_way(chip, program.build());
    EXPECT_THAT(kinds(result), ElementsAre(kind)) << messages(result);
    return messages(result);
}

TEST(Hazard, TwoDriversOfOneStreamCollideAtTheSamePositionAndCycleOnly) {
    ProgramBuilder program(chip);  // slices 4 and 5 share a stream register
    program.at(10, program.mem(west, 4), read(0, E(3))).at(10, program.mem(west, 5), read(0, E(3)));
    const std::string message = only_message(program, HazardKind::Collision);
    EXPECT_THAT(message, HasSubstr("cycle 11, mem.w.4"));
    EXPECT_THAT(message, HasSubstr("E3: two drivers of one stream"));
    EXPECT_THAT(message, HasSubstr("mem.w.4[1] 'read 0x0 -> E3' and mem.w.5[1]"));

    ProgramBuilder later(chip);
    later.at(10, later.mem(west, 4), read(0, E(3))).at(11, later.mem(west, 5), read(0, E(3)));
    EXPECT_TRUE(run_every_way(chip, later.build()).hazards.empty());
    ProgramBuilder passing(chip);  // a driver further down replaces what passes
    passing.at(10, passing.mem(west, 4), read(0, E(3))).at(11, passing.mem(west, 0), read(0, E(3)));
    EXPECT_TRUE(run_every_way(chip, passing.build()).hazards.empty());
}

TEST(Hazard, CollisionsInsideBurstsAreFoundAtTheirFirstCycle) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 4), read(0, E(3)), 10, 3).at(14, program.mem(west, 5), read(0, E(3)), 10, 2);
    EXPECT_THAT(only_message(program, HazardKind::Collision), HasSubstr("cycle 17, "));  // 16 is the first dispatch of both
}

TEST(Hazard, UndrivenTap) {
    ProgramBuilder program(chip);
    program.at(20, program.mem(east, 0), write(5, E(7)));
    const std::string message = only_message(program, HazardKind::Undriven);
    EXPECT_EQ(message, "cycle 20, mem.e.0, E7: a tap of a stream, ALU output or latch that nothing drove: mem.e.0[1] 'write 0x5, E7'\n");
}

TEST(Hazard, ValuesDoNotFlowUpstream) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, E(0))).at(12, program.mem(west, 8), write(0, E(0)));
    only_message(program, HazardKind::Undriven);
}

TEST(Hazard, TwoResultsOfOneAlu) {
    models::Chip quick = chip;  // an exp that overtakes an add in its own ALU
    quick.timing.vxm_special = chip.timing.vxm_op - 1;
    ProgramBuilder program(quick);
    program.at(10, program.queues.vxm(2), alu(Opcode::Add, DType::F32, isa::immediate, isa::immediate))
        .at(11, program.queues.vxm(2), alu(Opcode::Exp, DType::F32, isa::immediate, 0));
    const sim::RunResult result = run_every_way(quick, program.build());
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::AluResult)) << messages(result);
    EXPECT_THAT(messages(result), HasSubstr("cycle 13, vxm"));
}

TEST(Hazard, UndrivenAluOperandAndLatch) {
    ProgramBuilder program(chip);
    program.at(10, program.queues.vxm(0), alu(Opcode::Add, DType::I32, isa::alu_output(3), isa::immediate));
    EXPECT_THAT(only_message(program, HazardKind::Undriven), HasSubstr("(a3): vxm.0[1]"));
    ProgramBuilder latch(chip);
    latch.at(10, latch.queues.vxm(0), alu(Opcode::Add, DType::I32, isa::latched, isa::immediate));
    EXPECT_THAT(only_message(latch, HazardKind::Undriven), HasSubstr("(latched)"));
}

TEST(Hazard, ReadAndWritePorts) {
    ProgramBuilder reads(chip);
    reads.loop(10, reads.mem(west, 0), read(0, E(0)), 8).at(14, reads.mem(west, 0), read(100, E(1)));
    EXPECT_THAT(only_message(reads, HazardKind::ReadPort), HasSubstr("cycle 14, mem.w.0"));
    ProgramBuilder writes(chip);
    writes.at(10, writes.mem(west, 1), read(0, E(0)), 20).at(10, writes.mem(west, 1 + 4), read(0, E(1)), 20);
    writes.loop(14, writes.mem(west, 0), write(0, E(0)), 4).at(15, writes.mem(west, 0), write(100, E(1)));
    EXPECT_THAT(only_message(writes, HazardKind::WritePort), HasSubstr("cycle 16, mem.w.0"));  // the access, mem.write - 1 later
}

/// A read `after` cycles behind a write's bank access, of this address; the write goes to address 0.
std::vector<HazardKind> bank(int after, int address) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 1), read(0, E(0)), 20);
    program.at(14, program.mem(west, 0), write(0, E(0)));
    program.at(15 + after, program.mem(west, 0), read(address, W(3)));
    return kinds(run_every_way(chip, program.build()));
}

TEST(Hazard, OneBankTakesAReadOrAWrite) {
    EXPECT_THAT(bank(0, 1), ElementsAre(HazardKind::Bank));
    EXPECT_THAT(bank(1, 1), ElementsAre());
    EXPECT_THAT(bank(0, chip.geometry.words_per_bank()), ElementsAre());
}

TEST(Hazard, GatherTakesAllBanks) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 1), read(0, E(0)), 20).at(10, program.mem(west, 2), read(0, E(1)), 20);
    program.at(14, program.mem(west, 0), write(chip.geometry.words_per_bank(), E(0))).at(15, program.mem(west, 0), gather(0, E(1), W(2)));
    only_message(program, HazardKind::Bank);
}

TEST(Hazard, Address) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(8190, E(0)), 5, 1, 1);
    EXPECT_THAT(only_message(program, HazardKind::Address), HasSubstr("cycle 12, mem.w.0: an address outside the MEM slice or DRAM channel (word 8192 of 8192)"));
}

TEST(Hazard, ABadGatherAddressIsDataAndSeenInFunctionalModeOnly) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 1), read(0, E(1))).at(11, program.mem(west, 0), gather(8000, E(1), W(2)));
    for (const bool functional : {true, false}) {
        sim::Machine machine(chip, options(sim::Engine::Fast, functional ? sim::Data::Functional : sim::Data::TimingOnly));
        machine.write(west, 1, 0, filled(chip, 1));  // every superlane: 8000 + 257
        EXPECT_EQ(machine.run(program.build()).hazards.size(), functional ? 1u : 0u);
    }
}

// Weights on W0..W15 of the west side at mxm_in = -20, from slices 0.. of group 0 (position 0): dispatch 21 cycles before.
constexpr int to_mxm = 21;
void feed(ProgramBuilder& program, int64_t cycle, int count, int streams = 16) {
    for (int k = 0; k < streams; ++k) program.at(cycle - to_mxm + k / 4, program.mem(west, k), read(0, W(k)), count);
}

TEST(Hazard, LoadOverflow) {
    ProgramBuilder program(chip);
    feed(program, 50, 21);
    program.at(50, program.weights(west, 0), lw(W(0), 16), 21);
    EXPECT_THAT(only_message(program, HazardKind::LoadOverflow), HasSubstr("cycle 70, mxm.w"));
}

TEST(Hazard, InstallWithoutLoad) {
    ProgramBuilder program(chip);
    program.at(50, program.activations(west, 0), iw());
    only_message(program, HazardKind::InstallEmpty);
}

std::vector<HazardKind> ripple(int after) {
    ProgramBuilder program(chip);
    feed(program, 50, 30);
    program.at(50, program.weights(west, 0), lw(W(0), 16), 20).at(70, program.activations(west, 0), iw());
    program.at(70 + after, program.activations(west, 0), abc(W(0)));
    return kinds(run_every_way(chip, program.build()));
}

TEST(Hazard, InstalledWeightsRipple) {
    EXPECT_THAT(ripple(chip.timing.mxm_install_ripple - 1), ElementsAre(HazardKind::InstallRipple));
    EXPECT_THAT(ripple(chip.timing.mxm_install_ripple), ElementsAre());
}

TEST(Hazard, NoWeightsAndNoResult) {
    ProgramBuilder program(chip);
    feed(program, 50, 1);
    program.at(50, program.activations(west, 0), abc(W(0)));
    only_message(program, HazardKind::NoWeights);
    ProgramBuilder result(chip);
    result.at(50, result.accumulate(west, 0), acc_set(3));
    only_message(result, HazardKind::NoResult);
}

TEST(Hazard, WeightType) {
    ProgramBuilder program(chip);
    feed(program, 50, 30);
    program.at(50, program.weights(west, 0), lw(W(0), 8, DType::F16), 2).at(70, program.activations(west, 0), iw(DType::F16));
    program.at(74, program.activations(west, 0), abc(W(0)));
    EXPECT_THAT(only_message(program, HazardKind::WeightType), HasSubstr("(array)"));
}

TEST(Hazard, EmptySlots) {
    ProgramBuilder program(chip);
    feed(program, 50, 30);
    program.at(50, program.weights(west, 0), lw(W(0), 16), 20).at(70, program.activations(west, 0), iw()).at(75, program.activations(west, 0), play(5));
    EXPECT_THAT(only_message(program, HazardKind::EmptySlot), HasSubstr("slot 5"));
    ProgramBuilder empty(chip);
    empty.at(50, empty.accumulate(west, 0), emit(2, E(0)));
    EXPECT_THAT(only_message(empty, HazardKind::EmptySlot), HasSubstr("slot 2"));
}

TEST(Hazard, HalfPrecisionTakesThePair) {
    ProgramBuilder program(chip);
    feed(program, 50, 4);
    program.at(50, program.weights(west, 0), lw(W(0), 4, DType::F16), 4).at(52, program.weights(west, 1), lw(W(8), 8));
    const sim::RunResult result = run_every_way(chip, program.build());
    EXPECT_THAT(kinds(result), testing::UnorderedElementsAre(HazardKind::PairPort, HazardKind::WeightType));
    EXPECT_THAT(messages(result), HasSubstr("cycle 52, mxm.w: an f16 instruction and another"));
}

TEST(Hazard, HalfInterval) {
    for (const int apart : {1, 2}) {
        ProgramBuilder program(chip);
        feed(program, 50, 30);
        program.at(50, program.weights(west, 0), lw(W(0), 8, DType::F16), 20).at(70, program.activations(west, 0), iw(DType::F16));
        program.at(74, program.activations(west, 0), abc(W(0), DType::F16)).at(74 + apart, program.activations(west, 0), abc(W(2), DType::F16));
        EXPECT_EQ(run_every_way(chip, program.build()).hazards.size(), apart == 1 ? 1u : 0u);
    }
}

std::vector<HazardKind> mapped(int after) {
    ProgramBuilder program(chip);
    for (int k = 0; k < 3; ++k) program.at(10, program.mem(west, k), read(0, W(k)), 60);
    const int unit = program.queues.sxm(west, isa::SxmUnit::Permuter, 0);
    program.at(22, unit, make(Opcode::PermuteMap, {.b = W(0)}));
    program.at(22 + after, unit, make(Opcode::Permute, {.a = W(2), .dst = E(4)}));
    return kinds(run_every_way(chip, program.build()));
}

TEST(Hazard, PermuteNeedsADeliveredMap) {
    EXPECT_THAT(mapped(chip.timing.sxm_map_delivery - 1), ElementsAre(HazardKind::NoMap));
    EXPECT_THAT(mapped(chip.timing.sxm_map_delivery), ElementsAre());
}

TEST(Hazard, Links) {
    for (const int apart : {26, 27}) {
        ProgramBuilder program(chip);
        program.at(10, program.mem(west, 0), read(0, W(0)), 60);
        program.at(22, program.queues.c2c(west, 0), make(Opcode::Send, {.a = W(0), .index = 7}));
        program.at(22 + apart, program.queues.c2c(west, 3), make(Opcode::Send, {.a = W(0), .index = 7}));
        EXPECT_EQ(run_every_way(chip, program.build()).hazards.size(), apart == 26 ? 1u : 0u);
    }
    for (const int64_t arrival : {100, 101}) {
        ProgramBuilder program(chip);
        program.at(100, program.queues.c2c(east, 1), make(Opcode::Receive, {.dst = W(2), .index = 3}));
        const sim::RunResult result = run_every_way(chip, program.build(), [](sim::Machine&) {}, {{3, arrival, filled(chip, 9)}});
        EXPECT_EQ(result.hazards.size(), arrival == 101 ? 1u : 0u);
        EXPECT_THAT(messages(result), HasSubstr(arrival == 101 ? "link 3, arrival at cycle 101" : ""));
    }
}

TEST(Hazard, WrongUnitAndEncoding) {
    isa::Program program = ProgramBuilder(chip).build();
    program.text[size_t(isa::QueueMap(chip.geometry).vxm(2))].push_back(read(3, E(1)));
    const sim::RunResult wrong = run_every_way(chip, program);
    EXPECT_THAT(kinds(wrong), ElementsAre(HazardKind::WrongUnit));
    EXPECT_THAT(messages(wrong), HasSubstr("cycle 0, vxm: an instruction in a queue whose unit cannot take it: vxm.2[0]"));

    ProgramBuilder stream(chip);
    stream.at(5, stream.mem(west, 0), read(3, E(40)));
    EXPECT_THAT(only_message(stream, HazardKind::Encoding), HasSubstr("the chip has 32"));
    ProgramBuilder slots(chip);
    slots.at(5, slots.accumulate(west, 0), emit(60, E(0)), 8, 1, 1);
    only_message(slots, HazardKind::Encoding);
}

TEST(Hazard, ProgramsThatDoNotFit) {
    models::Chip small = chip;
    small.text_words = 0;
    isa::Program program = ProgramBuilder(small).build();
    program.text[0].push_back(make(Opcode::Nop, {.index = 1}));
    EXPECT_THAT(kinds(run_every_way(small, program)), ElementsAre(HazardKind::TextStore));

    isa::Program region = ProgramBuilder(chip).build();
    region.regions.push_back({"weights", west, 0, 7000, 1190});
    const sim::RunResult result = run_every_way(chip, region);
    EXPECT_THAT(messages(result), HasSubstr("region weights: words up to 8190 of " + std::to_string(chip.data_words())));
}

TEST(Hazard, LinesOfAssemblyAreNamed) {
    ProgramBuilder builder(chip);
    builder.at(0, builder.mem(west, 3), write(5, E(7)));
    isa::Program program = builder.build();
    program.lines.resize(program.text.size());
    program.lines[size_t(builder.mem(west, 3))] = {42};
    EXPECT_THAT(messages(run_every_way(chip, program)), HasSubstr("mem.w.3[0] line 42 'write 0x5, E7'"));
}

TEST(Hazard, ARunStopsAfterTooMany) {
    ProgramBuilder program(chip);
    for (int i = 0; i < 40; ++i) program.at(10 + i * 50, program.mem(west, 0), write(i, E(i % 32)));
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel}) {
        sim::Machine machine(chip, options(engine));
        const sim::RunResult result = machine.run(program.build());
        EXPECT_TRUE(result.stopped);
        EXPECT_EQ(result.hazards.size(), 16u);
        EXPECT_EQ(result.counters.vectors_written(), 16u);  // the window in which the sixteenth was found ends at 800
    }
}

TEST(Hazard, EachPairOfBurstsIsReportedOnce) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), write(0, E(0)), 2000);
    only_message(program, HazardKind::Undriven);
}

}  // namespace
}  // namespace superlane::test
