// SPDX-License-Identifier: Apache-2.0
// Random programs: the engines agree, the modes agree, bursts are the same as their single instructions.
#include <random>

#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using isa::DType;

models::Chip random_chip() {
    models::Chip chip;
    chip.geometry.superlanes = 2;
    chip.geometry.words = 256;
    chip.text_words = 16;
    return chip;
}

/// Chains of read - (ALU, SXM or nothing) - write with random streams, slices, bursts and cycles: most of them meet others.
ProgramBuilder random_program(const models::Chip& chip, unsigned seed, int chains, bool meet) {
    std::mt19937 random(seed);
    const auto any = [&](int from, int to) { return from + int(random() % unsigned(to - from + 1)); };
    const isa::Floorplan plan = chip.floorplan();
    ProgramBuilder program(chip);
    std::vector<int64_t> free(size_t(program.queues.size()), 100);
    for (int chain = 0; chain < chains; ++chain) {
        const int count = any(1, 30), interval = any(1, 3), stream = meet ? any(0, 7) : chain % 32;
        const int from = any(0, 43), to = any(0, 43);
        const int reader = program.mem(west, from), writer = program.mem(east, to), unit = program.queues.vxm(chain % 16);
        const int64_t alu_at = std::max({free[size_t(reader)] + 30, free[size_t(writer)] + 30, free[size_t(unit)]}) + any(0, 40);
        const int64_t read_at = alu_at - (plan.vxm_operand(east) - plan.mem(west, from)) - 1;
        const int64_t write_at = alu_at + 3 + chip.timing.vxm_exit_through + plan.mem(east, to) - plan.vxm_edge(east);
        const bool both_edges = any(0, 3) == 0;
        program.at(read_at, reader, read(any(0, 60), isa::stream(east, stream)), count, interval, any(0, 2));
        const uint16_t other = both_edges ? isa::latched : isa::immediate;
        if (both_edges) program.at(alu_at - 1, unit, make(Opcode::Latch, {.a = E(stream)}));
        program.at(alu_at, unit, alu(any(0, 1) ? Opcode::Add : Opcode::Multiply, DType::U8, E(stream), other, E(stream), both_edges ? 0 : 5), count, interval);
        program.at(write_at, writer, write(any(80, 180), E(stream)), count, interval, any(0, 1));
        for (const int queue : {reader, writer, unit}) free[size_t(queue)] = write_at + int64_t(count) * interval + 2;
    }
    return program;
}

void fill_west(sim::Machine& machine, unsigned seed) {
    std::mt19937 random(seed);
    Row row(size_t(machine.chip().lanes()));
    for (int slice = 0; slice < 44; ++slice)
        for (int address = 0; address < 130; ++address) {
            for (uint8_t& byte : row) byte = uint8_t(random());
            machine.write(west, slice, address, row);
        }
}

std::vector<Row> all_words(const sim::Machine& machine) {
    std::vector<Row> rows;
    for (const Side side : {west, east})
        for (int slice = 0; slice < 44; ++slice)
            for (int address = 0; address < 256; ++address) rows.push_back(row_of(machine, side, slice, address));
    return rows;
}

class Random : public testing::TestWithParam<unsigned> {};

TEST_P(Random, EnginesAndModesAgreeOnProgramsThatMeet) {
    const models::Chip chip = random_chip();
    const isa::Program program = random_program(chip, GetParam(), 60, true).build();
    run_every_way(chip, program, [&](sim::Machine& machine) { fill_west(machine, GetParam()); });
}

TEST_P(Random, EnginesAndBurstsGiveTheSameMemory) {
    const models::Chip chip = random_chip();
    const ProgramBuilder builder = random_program(chip, GetParam(), 24, false);
    std::vector<Row> expected;
    int64_t cycles = 0;
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel})
        for (const bool unrolled : {false, true}) {
            sim::Options many = options(engine);
            many.max_hazards = 100000;
            sim::Machine machine(chip, many);
            fill_west(machine, GetParam());
            const sim::RunResult result = machine.run(builder.build(unrolled));
            if (expected.empty()) expected = all_words(machine), cycles = result.cycles;
            EXPECT_EQ(all_words(machine), expected);
            EXPECT_EQ(result.cycles, cycles);
        }
}

TEST_P(Random, WindowsDoNotMatter) {
    const models::Chip chip = random_chip();
    const isa::Program program = random_program(chip, GetParam(), 30, false).build();
    std::string digest;
    for (const int window : {1, 7, 200, 100000}) {
        sim::Options with = options(sim::Engine::Fast, sim::Data::Functional, true);
        with.window_cycles = window;
        with.max_hazards = 100000;
        const sim::RunResult result = sim::Machine(chip, with).run(program);
        if (digest.empty()) digest = result.trace_digest;
        EXPECT_EQ(result.trace_digest, digest);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Random, testing::Range(1u, 13u));

}  // namespace
}  // namespace superlane::test
