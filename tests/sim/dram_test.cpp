// SPDX-License-Identifier: Apache-2.0
// DRAM channels: when vectors stand on their stream, what is read, and each hazard, in every engine and mode.
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using sim::HazardKind;
using testing::ElementsAre;
using testing::HasSubstr;

models::Chip with_dram() {
    models::Chip dram_chip;
    dram_chip.geometry.dram_channels = 2;
    dram_chip.geometry.dram_mib = 1;
    dram_chip.timing.dram_latency = 20;
    dram_chip.timing.dram_vector_interval = 3;
    dram_chip.timing.dram_closed = 50;
    return dram_chip;
}
const models::Chip dram_chip = with_dram();
const int inward_stop = 43;  // slice beside the SXM edge, one position inward

Instruction dram_read(int vector, int count, uint16_t to) {
    return make(Opcode::DramRead, {.dst = to, .index = count, .imm = uint32_t(vector)});
}
int channel(const ProgramBuilder& program, Side side, int number) { return program.queues.dram(side, number); }
void fill(sim::Machine& machine) {
    for (int vector = 0; vector < 4; ++vector)
        for (const Side side : {west, east})
            for (int number = 0; number < 2; ++number)
                machine.write(side, dram_chip.geometry.mem_slices + number, 7 + vector,
                              counting(dram_chip, 16 * vector + 64 * int(side) + 128 * number));
}

TEST(Dram, VectorsComeAtLatencyAndInterval) {
    ProgramBuilder program(dram_chip);  // one position from the SXM edge to the outermost slices
    program.at(5, channel(program, east, 1), dram_read(7, 3, W(2)));
    program.at(5 + 20 + 1, program.mem(east, inward_stop), write(0, W(2)), 3, 3, 1);
    const sim::RunResult result = run_every_way(dram_chip, program.build(), fill);
    EXPECT_TRUE(result.hazards.empty()) << messages(result);
    EXPECT_EQ(result.counters.dram_vectors, 3u);
    sim::Machine machine(dram_chip);
    fill(machine);
    machine.run(program.build());
    for (int vector = 0; vector < 3; ++vector)
        EXPECT_EQ(row_of(machine, east, inward_stop, vector), counting(dram_chip, 16 * vector + 64 + 128));
    for (const int wrong : {-1, 1}) {
        ProgramBuilder off(dram_chip);
        off.at(5, channel(off, east, 1), dram_read(7, 1, W(2)))
            .at(26 + wrong, off.mem(east, inward_stop), write(0, W(2)));
        EXPECT_THAT(kinds(run_every_way(dram_chip, off.build(), fill)), ElementsAre(HazardKind::Undriven));
    }
}

TEST(Dram, OutwardStreamsReachTheMxm) {
    ProgramBuilder program(dram_chip);
    const int arrives = 20 + dram_chip.timing.sxm_to_mxm;
    program.at(0, channel(program, west, 0), dram_read(7, 2, W(0)))
        .at(0, channel(program, west, 1), dram_read(7, 2, W(1)));
    program.at(arrives, program.weights(west, 0), lw(W(0), 2), 2, 3)
        .at(arrives + 4, program.activations(west, 0), iw());
    const sim::RunResult result = run_every_way(dram_chip, program.build(), fill);
    EXPECT_TRUE(result.hazards.empty()) << messages(result);
    EXPECT_EQ(result.counters.planes[0][0].weight_vectors, 4u);
}

TEST(Dram, AChannelIsClosedWhileItReadsAndRefreshes) {
    const int busy = 10 * 3 * 3 / 2;
    for (const int cycle : {busy - 1, busy}) {
        ProgramBuilder program(dram_chip);
        program.at(0, channel(program, east, 0), dram_read(0, 10, W(0)))
            .at(cycle, channel(program, east, 0), dram_read(10, 1, W(1)));
        const sim::RunResult result = run_every_way(dram_chip, program.build());
        if (cycle == busy) {
            EXPECT_TRUE(result.hazards.empty()) << messages(result);
        } else {
            EXPECT_THAT(kinds(result), ElementsAre(HazardKind::DramBusy));
            EXPECT_THAT(messages(result), HasSubstr("cycle 44, dram: a read of a DRAM channel"));
            EXPECT_THAT(messages(result), HasSubstr("free from cycle 45 on"));
            EXPECT_THAT(messages(result), HasSubstr("dram.e.0[2] 'dram.read 10, 1 -> W1'"));
        }
    }
}

TEST(Dram, ALongReadIsClosedForOnce) {
    const int vectors = 200, busy = vectors * 3 * 3 / 2;
    for (const int early : {0, 1}) {
        ProgramBuilder program(dram_chip);
        program.at(0, channel(program, east, 0), dram_read(0, vectors, W(0)))
            .at(busy - early, channel(program, east, 0), dram_read(0, 1, W(1)));
        EXPECT_EQ(run_every_way(dram_chip, program.build()).hazards.size(), size_t(early));
    }
}

TEST(Dram, VectorsPastTheChannelAreAHazard) {
    const int vectors = int(dram_chip.geometry.dram_vectors());
    EXPECT_EQ(vectors, 1024 * 1024 / 4 / 320);
    ProgramBuilder program(dram_chip);
    program.at(0, channel(program, west, 0), dram_read(vectors - 1, 2, E(0)));
    const sim::RunResult result = run_every_way(dram_chip, program.build());
    EXPECT_THAT(kinds(result), ElementsAre(HazardKind::Address));
    EXPECT_THAT(messages(result), HasSubstr("cycle 3, dram: an address outside"));
    EXPECT_THAT(messages(result), HasSubstr("vector " + std::to_string(vectors) + " of " + std::to_string(vectors)));
}

TEST(Dram, TheHostCannotWritePastAChannel) {
    sim::Machine machine(dram_chip);
    const Row row = filled(dram_chip, 1);
    const int vectors = int(dram_chip.geometry.dram_vectors());
    machine.write(east, dram_chip.geometry.mem_slices + 1, vectors - 1, row);
    EXPECT_THROW(machine.write(east, dram_chip.geometry.mem_slices + 1, vectors, row), UserError);
    EXPECT_THROW(machine.write(east, dram_chip.geometry.mem_slices + 2, 0, row), UserError);
}

}  // namespace
}  // namespace superlane::test
