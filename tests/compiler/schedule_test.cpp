// SPDX-License-Identifier: Apache-2.0
// The scheduling problem, its schedulers, and the verifier that trusts none of them.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "compiler/emit.hpp"
#include "compiler/lowering.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

/// Adds pairs of vectors, each sum feeding the next: a chain with some freedom around it.
struct Chain {
    explicit Chain(int links) : chip(models::load_chip("tsp-v1")), problem(chip), memory(chip), lowering(problem) {
        const VectorRegion other = memory.vectors("other", Side::East, 0, 4, links, true);
        const VectorRegion sums = memory.vectors("sums", Side::West, 0, 4, links + 1, false);
        for (int i = 0; i < links; ++i) {
            VectorTask task = lowering.vector_task(1);
            task.write(
                task.op(Opcode::Add, DType::F32, task.read(sums, DType::F32, i), task.read(other, DType::F32, i)), sums,
                i + 1);
            problem.add(task.finish());
            VectorTask copy = lowering.vector_task(3);
            copy.write(copy.read(other, DType::F32, 0, 0), memory.vectors("copy", Side::East, 1 + i % 4, 4, 3, false),
                       0);
            problem.add(copy.finish());
        }
    }
    models::Chip chip;
    Problem problem;
    Memory memory;
    Lowering lowering;
};

}  // namespace

TEST(Schedule, ALinkOfTheChainTakesWhatTheEquationSays) {
    Chain chain(2);
    const Schedule schedule = schedule_asap(chain.problem);
    // Read, through the VXM, back to the same slice in group 0: 12 + 2 * 0 cycles from Read to next possible Read.
    EXPECT_EQ(schedule.start[2] - schedule.start[0], 12);
}

TEST(Schedule, EverySchedulerIsLegal) {
    const Chain chain(20);
    for (const char* name : {"asap", "list", "random:1", "random:2", "random:77"})
        EXPECT_NO_THROW(verify(chain.problem, schedule(chain.problem, name))) << name;
}

TEST(Schedule, RandomOnesDifferAndRepeat) {
    const Chain chain(20);
    EXPECT_EQ(schedule_random(chain.problem, 5).start, schedule_random(chain.problem, 5).start);
    EXPECT_NE(schedule_random(chain.problem, 5).start, schedule_random(chain.problem, 6).start);
}

TEST(Verify, SeesATaskThatStartsTooSoon) {
    const Chain chain(3);
    Schedule schedule = schedule_asap(chain.problem);
    schedule.start[2] -= 1;
    EXPECT_THROW(verify(chain.problem, schedule), InternalError);
}

TEST(Verify, SeesTwoTasksInOnePlace) {
    const Chain chain(6);
    Schedule schedule = schedule_asap(chain.problem);
    schedule.start[1] = schedule.start[3];  // both read the same slices for three cycles
    EXPECT_THROW(verify(chain.problem, schedule), InternalError);
}

TEST(Schedule, AnUnknownSchedulerIsRefusedWithTheNearest) {
    const Chain chain(1);
    try {
        schedule(chain.problem, "lst");
        FAIL();
    } catch (const UserError& error) {
        EXPECT_STREQ(error.what(), "unknown scheduler 'lst': asap, list, random or random:SEED (nearest: 'list')");
    }
}

TEST(Emit, JoinsBurstsThatContinueEachOther) {
    const models::Chip chip = models::load_chip("tsp-v1");
    Problem problem(chip);
    Lowering lowering(problem);
    Memory memory(chip);
    const VectorRegion from = memory.vectors("from", Side::West, 0, 4, 64, true);
    const VectorRegion to = memory.vectors("to", Side::West, 1, 4, 64, false);
    for (int i = 0; i < 8; ++i) {
        VectorTask task(problem, 8);  // no rotation: the same streams and ALU
        task.write(task.read(from, DType::F32, 8 * i), to, 8 * i);
        problem.add(task.finish());
    }
    const Schedule schedule = schedule_asap(problem);
    const isa::Program program = emit(problem, schedule);
    const auto bursts = isa::expand(program, chip.timing);
    const auto& reads = bursts[size_t(problem.queues().mem(Side::West, 0))];
    ASSERT_EQ(reads.size(), 1u);
    EXPECT_EQ(reads[0].count, 64u);
    EXPECT_EQ(scheduled_cycles(problem, schedule),
              reads[0].last_cycle() + 1 + 4 + 3 + 2 + 1 + 2);  // read, entry, op, exit, a hop, write
}
