// SPDX-License-Identifier: Apache-2.0
// Any instruction in any queue at any cycle: nothing breaks, engines and modes agree on cycles, hazards, traces and memory.
#include <random>

#include "isa/operands.hpp"
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

models::Chip fuzzed_chip() {
    models::Chip chip;
    chip.geometry.superlanes = 2;
    chip.geometry.mem_slices = 6;
    chip.geometry.words = 65536;  // so that no gathered address, which is data, is bad
    chip.geometry.alus = 4;
    chip.geometry.dram_channels = 1;
    chip.geometry.dram_mib = 1;
    return chip;
}

class Fuzz : public testing::TestWithParam<unsigned> {
protected:
    int any(int from, int to) { return from + int(random_() % unsigned(to - from + 1)); }

    /// Random fields until the chip can take the instruction in this queue; a NOP if luck is short.
    Instruction instruction(const isa::InstructionRow& row, const isa::Queue& queue, const isa::Geometry& geometry) {
        for (int attempt = 0; attempt < 400; ++attempt) {
            Instruction candidate = make(row.opcode, {.dtype = row.types ? isa::DType(any(0, isa::dtype_count - 1)) : isa::DType::I8});
            for (const isa::Operand& operand : row.operands) isa::set_operand(candidate, operand, value(operand, queue));
            if (row.opcode == Opcode::Gather || row.opcode == Opcode::Scatter) candidate.index = 0;
            if (isa::complaint(candidate, queue, geometry).empty()) return candidate;
        }
        return make(Opcode::Nop, {.index = 1});
    }

    int64_t value(const isa::Operand& operand, const isa::Queue& queue) {
        using isa::OperandKind;
        const isa::Range range = isa::operand_range(operand.kind);
        switch (operand.kind) {
            case OperandKind::StreamIn:
            case OperandKind::StreamOut: return isa::stream(Side(any(0, 1)), any(0, 3) * 4);
            case OperandKind::Result: return any(0, 2) == 0 ? 0 : isa::stream(Side(any(0, 1)), any(0, 3) * 4);
            case OperandKind::Source: {
                const uint16_t sources[] = {isa::stream(Side(any(0, 1)), any(0, 3) * 4), isa::alu_output(any(0, 3)), isa::latched, isa::immediate};
                return sources[any(0, 3)];
            }
            case OperandKind::Count: return any(1, queue.kind == isa::SliceKind::Mxm ? 4 : 2);
            case OperandKind::Slot: return any(0, 3);
            default: return std::min<int64_t>(range.high, std::max<int64_t>(range.low, any(0, 40)));
        }
    }

    ProgramBuilder program(const models::Chip& chip, int bursts) {
        ProgramBuilder builder(chip);
        std::vector<int64_t> free(size_t(builder.queues.size()), 1);
        const auto rows = isa::instructions();
        while (bursts > 0) {
            const isa::InstructionRow& row = rows[size_t(any(0, int(rows.size()) - 1))];
            const int queue = any(0, builder.queues.size() - 1);
            const bool control = (row.unit == isa::Unit::Any && row.opcode != Opcode::Config && row.opcode != Opcode::Ifetch) ||
                                 row.opcode == Opcode::Deskew || row.opcode == Opcode::RuntimeDeskew;  // hold their queue
            const bool loop_register = row.opcode == Opcode::Countdown || row.opcode == Opcode::Step || row.opcode == Opcode::Iterations;
            if (control || loop_register || !isa::unit_accepts(row.unit, builder.queues[queue]) || (row.opcode == Opcode::Config && any(0, 9))) continue;
            const Instruction picked = instruction(row, builder.queues[queue], chip.geometry);
            --bursts;
            if (picked.opcode == Opcode::Nop) continue;
            int64_t& clock = free[size_t(queue)];
            clock += any(0, 30);
            const bool single = any(0, 1) || row.opcode == Opcode::Rotate || row.unit == isa::Unit::Dram;
            const int count = single ? 1 : any(1, 300), interval = single ? 1 : any(1, 3);
            const bool moves = row.opcode == Opcode::Read || row.opcode == Opcode::Write;
            builder.at(clock, queue, picked, count, interval, moves ? any(0, 2) : 0);
            clock += int64_t(count - 1) * interval + 2;
        }
        return builder;
    }

    std::mt19937 random_{GetParam()};
};

std::vector<Row> lower_words(const sim::Machine& machine) {
    std::vector<Row> rows;
    for (const Side side : {west, east})
        for (int slice = 0; slice < machine.chip().geometry.mem_slices; ++slice)
            for (int address = 0; address < 800; ++address) rows.push_back(row_of(machine, side, slice, address));
    return rows;
}

void fill_some(sim::Machine& machine) {
    const isa::Geometry& geometry = machine.chip().geometry;
    for (int slice = 0; slice < geometry.mem_slices + geometry.dram_channels; ++slice)
        for (int address = 0; address < 100; ++address) machine.write(Side(slice % 2), slice, address, counting(machine.chip(), slice * 31 + address));
    for (int link = 0; link < geometry.links; ++link) machine.receive({link, 50, counting(machine.chip(), link)});
}

TEST_P(Fuzz, EnginesAndModesAgree) {
    const models::Chip chip = fuzzed_chip();
    const ProgramBuilder builder = program(chip, 250);
    const auto prepared = sim::prepare(chip, builder.build());
    sim::RunResult first;
    std::vector<Row> contents;
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel})
        for (const sim::Data data : {sim::Data::Functional, sim::Data::TimingOnly}) {
            sim::Options with = options(engine, data, true);
            with.max_hazards = 1000000;
            sim::Machine machine(chip, with);
            fill_some(machine);
            sim::RunResult result = machine.run(prepared);
            if (first.trace_digest.empty()) {
                first = std::move(result);
                contents = lower_words(machine);
                continue;
            }
            EXPECT_EQ(result.cycles, first.cycles);
            EXPECT_EQ(result.trace_digest, first.trace_digest);
            EXPECT_EQ(messages(result), messages(first));
            EXPECT_EQ(result.counters, first.counters);
            if (data == sim::Data::TimingOnly) continue;
            EXPECT_TRUE(lower_words(machine) == contents);
            EXPECT_TRUE(result.sent == first.sent);
        }
}

TEST_P(Fuzz, BurstsDoWhatTheirSingleInstructionsDo) {
    const models::Chip chip = fuzzed_chip();
    const ProgramBuilder builder = program(chip, 120);
    sim::Options with = options();
    with.max_hazards = 1000000;
    sim::Machine bursts(chip, with), singles(chip, with);
    fill_some(bursts);
    fill_some(singles);
    const sim::RunResult x = bursts.run(builder.build()), y = singles.run(builder.build(true));
    EXPECT_EQ(x.cycles, y.cycles);
    for (const sim::Hazard& hazard : x.hazards)  // which of the two comes first is then not defined
        if (hazard.kind == sim::HazardKind::PairPort || hazard.a == hazard.b) return;
    EXPECT_EQ(x.counters.stream_cycles, y.counters.stream_cycles);
    EXPECT_TRUE(lower_words(bursts) == lower_words(singles));
    EXPECT_TRUE(x.sent == y.sent);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Fuzz, testing::Range(1u, 61u));

}  // namespace
}  // namespace superlane::test
