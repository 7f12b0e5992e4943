// SPDX-License-Identifier: Apache-2.0
// Dispatch cycles: what NOP, Repeat, loops and the barrier make of a text.
#include <gtest/gtest.h>

#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

const QueueMap default_queues{whole_geometry()};

std::vector<Burst> bursts_of(const std::string& text, const char* queue) {
    return expand(assemble(text, default_target(), "t.asm"), Timing())[size_t(default_queues.find(queue))];
}
std::string expand_error(const std::string& text) {
    return error_of([&] { bursts_of(text, "mem.e.0"); });
}

}  // namespace

TEST(Expand, ARepeatHoldsItsQueue) {
    const auto bursts = bursts_of(".queue mem.e.0\n@2 read 5, E0\nrepeat 3, 4, -1\nread 9, E0\n", "mem.e.0");
    ASSERT_EQ(bursts.size(), 2u);
    EXPECT_EQ(bursts[0].cycle, 2);
    EXPECT_EQ(bursts[0].count, 4u);
    EXPECT_EQ(bursts[0].interval, 4u);
    EXPECT_EQ(bursts[0].step, -1);
    EXPECT_EQ(bursts[0].last_cycle(), 14);
    EXPECT_EQ(bursts[0].position, 1u);  // behind the NOP
    EXPECT_EQ(bursts[1].cycle, 15);
}

TEST(Expand, ADramReadDoesNot) {
    const auto bursts = bursts_of(".queue dram.e.1\n@2 dram.read 50000, 20 -> W3\ndram.read 9, 1 -> E0\n", "dram.e.1");
    ASSERT_EQ(bursts.size(), 2u);
    EXPECT_EQ(bursts[0].cycle, 2);
    EXPECT_EQ(bursts[0].count, 20u);
    EXPECT_EQ(int(bursts[0].interval), Timing().dram_vector_interval);
    EXPECT_EQ(bursts[0].instruction.imm, 50000u);
    EXPECT_EQ(bursts[1].cycle, 3);
    EXPECT_EQ(expand_error(".queue dram.w.0\ndram.read 0, 2 -> E0\nrepeat 3, 4, 0\n"),
              "queue dram.w.0, line 3: repeat needs a single instruction before it");
}

TEST(Expand, AnAddressLoopDoesNot) {
    const auto bursts =
        bursts_of(".queue mem.e.0\niterations 20\ncountdown 2\nstep 3\nread 5, E0\nread 9, E0\n", "mem.e.0");
    ASSERT_EQ(bursts.size(), 2u);
    EXPECT_EQ(bursts[0].cycle, 3);
    EXPECT_EQ(bursts[0].count, 20u);
    EXPECT_EQ(bursts[0].interval, 2u);
    EXPECT_EQ(bursts[0].step, 3);
    EXPECT_EQ(bursts[1].cycle, 4);
    EXPECT_EQ(bursts[1].count, 1u);  // the registers are spent
}

TEST(Expand, TheBarrierReleasesEveryParkedQueue35CyclesAfterTheNotify) {
    const std::string text =
        ".queue mem.e.0\n@10 notify\n@100 notify\n.queue mem.w.0\nsync\nread 1, W0\nsync\nread 2, W0\n.queue "
        "mem.w.1\n@3 sync\n@5 read 3, W0\n";
    const auto first = bursts_of(text, "mem.w.0");
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].cycle, 45);
    EXPECT_EQ(first[1].cycle, 135);
    EXPECT_EQ(bursts_of(text, "mem.w.1").at(0).cycle, 50);
    EXPECT_EQ(bursts_of(text, "mem.e.0").at(1).cycle, 100);
}

TEST(Expand, TellsTextThatCannotBeDispatched) {
    EXPECT_EQ(expand_error(".queue mem.e.0\nrepeat 3, 1, 0"),
              "queue mem.e.0, line 2: repeat needs a single instruction before it");
    EXPECT_EQ(expand_error(".queue mem.e.0\nread 0, E0\nrepeat 3, 1, 0\nrepeat 3, 1, 0"),
              "queue mem.e.0, line 4: repeat needs a single instruction before it");
    EXPECT_EQ(expand_error(".queue mem.e.0\nread 0, E0\nnop 1\nrepeat 3, 1, 0"),
              "queue mem.e.0, line 4: repeat needs a single instruction before it");
    EXPECT_EQ(expand_error(".queue mem.e.0\niterations 3\nread 0, E0\nrepeat 3, 1, 0"),
              "queue mem.e.0, line 4: repeat needs a single instruction before it");
    EXPECT_EQ(expand_error(".queue mem.e.0\niterations 3\nstep 0\nnotify"),
              "queue mem.e.0, line 4: loop registers are set, but the next instruction is no memory access");
    EXPECT_EQ(expand_error(".queue mem.e.0\nsync"), "queue mem.e.0, line 2: sync without a notify in any other queue");
}

TEST(Expand, WithoutLinesNamesTheInstruction) {
    Program program = assemble(".queue vxm.3\n@9 sync", default_target());
    program.lines.clear();
    EXPECT_EQ(error_of([&] { expand(program, Timing()); }),
              "queue vxm.3, instruction 1: sync without a notify in any other queue");
}
