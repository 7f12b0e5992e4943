// SPDX-License-Identifier: Apache-2.0
// The table of instructions, the queues and positions of the default chip.
#include <gmock/gmock.h>

#include "isa/disassembler.hpp"
#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

TEST(Table, RowsAreSortedAndFound) {
    int last = -1;
    for (const InstructionRow& row : instructions()) {
        EXPECT_GT(int(row.opcode), last);
        last = int(row.opcode);
        EXPECT_EQ(find_row(row.opcode), &row);
        EXPECT_FALSE(row.summary.empty());
        EXPECT_NE(row.latency_key, "");
    }
    EXPECT_EQ(find_row(Opcode(0xff)), nullptr);
    EXPECT_EQ(find_row(Opcode(0)), nullptr);
}

TEST(Table, FieldsOfEveryOperandRoundTrip) {
    Random random(1);
    for (const InstructionRow& row : instructions())
        for (const Operand& operand : row.operands) {
            const Range range = operand_range(operand.kind);
            for (const int64_t value : {range.low, range.high}) {
                Instruction instruction;
                instruction.opcode = row.opcode;
                set_operand(instruction, operand, value);
                EXPECT_EQ(operand_value(instruction, operand), value) << row.mnemonic << " " << operand.name;
            }
        }
}

TEST(Table, EveryRowHasAnInstructionThatItsQueueTakesAndNoOtherUnitDoes) {
    Random random(2);
    const Geometry geometry = whole_geometry();
    const QueueMap queues(geometry);
    for (const InstructionRow& row : instructions()) {
        const int queue = queue_for(random, row, queues);
        const Instruction instruction = random_instruction(random, row, queues[queue], geometry);
        for (int other = 0; other < queues.size(); ++other) {
            const std::string problem = complaint(instruction, queues[other], geometry);
            if (!unit_accepts(row.unit, queues[other])) {
                EXPECT_THAT(problem, testing::StartsWith("needs "));
            }
        }
    }
}

TEST(Queues, AreTheChips144) {
    const QueueMap queues{Geometry()};
    EXPECT_EQ(queues.size(), 144);
    for (int queue = 0; queue < queues.size(); ++queue) EXPECT_EQ(queues.find(queues.name(queue)), queue);
    EXPECT_EQ(queues.find("mem.e.44"), -1);
    EXPECT_EQ(queues.name(queues.mem(Side::East, 12)), "mem.e.12");
    EXPECT_EQ(queues.name(queues.vxm(3)), "vxm.3");
    EXPECT_EQ(queues.name(queues.mxm(Side::West, 1, MxmPort::Accumulate)), "mxm.w.1.accumulate");
    EXPECT_EQ(queues.name(queues.sxm(Side::East, SxmUnit::Transposer, 1)), "sxm.e.transposer.1");
    EXPECT_EQ(queues.name(queues.sxm(Side::East, SxmUnit::Permuter, 0)), "sxm.e.permuter.0");
    EXPECT_EQ(queues.name(queues.c2c(Side::West, 4)), "c2c.w.4");
}

TEST(Floorplan, StandsAsTheMachineModelSays) {
    const Floorplan plan{Geometry(), Timing()};
    EXPECT_EQ(plan.mem(Side::West, 0), 0);
    EXPECT_EQ(plan.mem(Side::West, 43), -10);
    EXPECT_EQ(plan.mem(Side::East, 0), 5);
    EXPECT_EQ(plan.mem(Side::East, 7), 6);
    EXPECT_EQ(plan.vxm_operand(Side::East), 4);
    EXPECT_EQ(plan.vxm_operand(Side::West), 1);
    EXPECT_EQ(plan.sxm_edge(Side::East), 16);
    EXPECT_EQ(plan.mxm_in(Side::East), 25);
    EXPECT_EQ(plan.mxm_out(Side::West), -17);
    EXPECT_EQ(plan.west_end(), -20);
    EXPECT_EQ(plan.east_end(), 25);
}

TEST(Geometry, CountsRoundTrip) {
    Geometry geometry;
    geometry.links = 7;
    EXPECT_EQ(Geometry::from_counts(geometry.counts()), geometry);
    EXPECT_EQ(geometry.counts()[0], 20);
    EXPECT_EQ(geometry.counts()[11], 7);
    EXPECT_EQ(geometry.counts().size(), 12u);  // programs of chips without DRAM keep their bytes
    EXPECT_EQ(Geometry::from_counts(whole_geometry().counts()), whole_geometry());
    EXPECT_EQ(whole_geometry().dram_vectors(), 64 * 1024 * 1024 / 4 / 320);
}
