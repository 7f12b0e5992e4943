// SPDX-License-Identifier: Apache-2.0
// Values in flight are those of the read's own cycle, whatever is written while they travel.
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

constexpr int rows = 40;

void numbered(sim::Machine& machine, Side side, int slice, int base, int tag) {
    for (int i = 0; i < rows; ++i) machine.write(side, slice, base + i, filled(chip, tag + i));
}

TEST(Memory, RowsPersistAndAbsentRowsAreZero) {
    sim::Machine machine(chip);
    machine.write(east, 7, 100, counting(chip, 3));
    EXPECT_EQ(row_of(machine, east, 7, 100), counting(chip, 3));
    EXPECT_EQ(row_of(machine, east, 7, 101), filled(chip, 0));
    EXPECT_THROW(machine.write(east, 44, 0, filled(chip, 1)), UserError);
    EXPECT_THROW(machine.write(east, 0, 8192, filled(chip, 1)), UserError);
}

TEST(Memory, CopyByReadAndWrite) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, W(4)), rows, 1, 1);
    program.at(21, program.mem(west, 40), write(200, W(4)), rows, 1, 1);
    sim::Machine machine(chip);
    numbered(machine, west, 0, 0, 1);
    const sim::RunResult result = machine.run(program.build());
    EXPECT_EQ(messages(result), "");
    for (int i = 0; i < rows; ++i) EXPECT_EQ(row_of(machine, west, 40, 200 + i), filled(chip, 1 + i));
    EXPECT_EQ(result.cycles, 21 + rows - 1 + chip.timing.mem_write);
    EXPECT_EQ(result.counters.mem[0][0].vectors_read, uint64_t(rows));
    EXPECT_EQ(result.counters.mem[0][40].vectors_written, uint64_t(rows));
}

/// Slice mem.w.4 reads row i at 50 + 4i and is overwritten, by a Write of row i dispatched `offset` cycles after that read. What
/// the reads delivered, as the low byte of row i; rows before `overwritten` are not written.
constexpr int overwritten = 4;
std::vector<int> race(int offset, bool bursts, sim::Engine engine) {
    ProgramBuilder program(chip);
    const int first = 50, write_at = first + offset + 4 * overwritten, count = rows - overwritten;
    program.at(write_at - 3, program.mem(west, 12), read(overwritten, E(2)), count, 4, 1);  // two hops west of slice 4
    program.at(first, program.mem(west, 4), read(500, W(1)), rows, 4, 1, bursts);
    program.at(write_at, program.mem(west, 4), write(500 + overwritten, E(2)), count, 4, 1, bursts);
    program.at(first + 10, program.mem(west, 40), write(0, W(1)), rows, 4, 1);  // nine hops on
    sim::Machine machine(chip, options(engine));
    numbered(machine, west, 12, 0, 100);
    numbered(machine, west, 4, 500, 1);
    const sim::RunResult result = machine.run(program.build(!bursts));
    EXPECT_EQ(messages(result), "");
    std::vector<int> delivered;
    for (int i = 0; i < rows; ++i) {
        delivered.push_back(row_of(machine, west, 40, i).back());
        EXPECT_EQ(row_of(machine, west, 4, 500 + i).back(), i < overwritten ? 1 + i : 100 + i);
    }
    return delivered;
}

std::vector<int> expected(bool written_first) {
    std::vector<int> values;
    for (int i = 0; i < rows; ++i) values.push_back(written_first && i >= overwritten ? 100 + i : 1 + i);
    return values;
}

TEST(Memory, AReadSeesWhatWasWrittenBeforeItAndNothingLater) {
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel})
        for (const bool bursts : {true, false})
            for (const int offset : {-6, -3, -2, 0, 1, 2, 5, 9}) {
                if (offset == 0 && !bursts) continue;  // one instruction a cycle
                SCOPED_TRACE(testing::Message() << "offset " << offset << (bursts ? ", bursts" : ", single instructions"));
                EXPECT_EQ(race(offset, bursts, engine), expected(offset + chip.timing.mem_write - 1 < 0));
            }
}

TEST(Memory, GatherAndScatterAddressEachSuperlane) {
    sim::Machine machine(chip);
    Row map = filled(chip, 0);
    for (int superlane = 0; superlane < chip.geometry.superlanes; ++superlane) {
        map[size_t(superlane) * 16] = uint8_t(superlane * 13);
        map[size_t(superlane) * 16 + 1] = uint8_t(superlane % 3);
        machine.write(west, 0, 100 + superlane * 13 + superlane % 3 * 256, filled(chip, 50 + superlane));
    }
    machine.write(west, 1, 0, map);
    ProgramBuilder program(chip);
    program.at(9, program.mem(west, 1), read(0, W(1)), 50);
    program.at(10, program.mem(west, 0), gather(100, W(1), W(2)));
    program.at(21, program.mem(west, 40), scatter(1000, W(2), W(1)));  // gathered at 11, ten hops on
    EXPECT_EQ(messages(machine.run(program.build())), "");
    for (int superlane = 0; superlane < chip.geometry.superlanes; ++superlane) {
        Row row = filled(chip, 0);
        std::fill_n(row.begin() + superlane * 16, 16, uint8_t(50 + superlane));
        EXPECT_EQ(row_of(machine, west, 40, 1000 + superlane * 13 + superlane % 3 * 256), row);
    }
}

TEST(Memory, SuperlanesWithoutPowerReadAsZeroAndKeepTheirWords) {
    ProgramBuilder program(chip);
    program.at(5, program.queues.vxm(0), make(Opcode::Config, {.count = 4}));
    program.at(10, program.mem(west, 0), read(0, W(4))).at(21, program.mem(west, 40), write(0, W(4)));
    sim::Machine machine(chip);
    machine.write(west, 0, 0, filled(chip, 5));
    machine.write(west, 40, 0, filled(chip, 9));
    EXPECT_EQ(messages(machine.run(program.build())), "");
    const Row row = row_of(machine, west, 40, 0);
    EXPECT_EQ(row[63], 5);
    EXPECT_EQ(row[64], 9);
}

TEST(Memory, AValueDrivenInPassingReplacesWhatPasses) {
    const isa::Floorplan plan = chip.floorplan();
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 4), read(1, E(3))).at(11, program.mem(west, 0), read(2, E(3)));
    const int travel = plan.mem(east, 0) - plan.mem(west, 0);
    program.at(11 + chip.timing.mem_read + travel, program.mem(east, 0), write(5, E(3)));
    sim::Machine machine(chip);
    machine.write(west, 4, 1, filled(chip, 1));
    machine.write(west, 0, 2, filled(chip, 2));
    EXPECT_EQ(messages(machine.run(program.build())), "");
    EXPECT_EQ(row_of(machine, east, 0, 5), filled(chip, 2));
}

}  // namespace
}  // namespace superlane::test
