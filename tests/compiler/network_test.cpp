// SPDX-License-Identifier: Apache-2.0
// Rows over links, byte by byte: none is read before it is there, nor overwritten before it has left.
#include "compiler/network.hpp"

#include <gtest/gtest.h>

#include "compiler/vector_task.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

constexpr int latency = 226;

class Rows : public testing::Test {
protected:
    static VectorRegion region(Side side, int slice) {
        return {side, 4, {slice, slice + 1, slice + 2, slice + 3}, 0, 4, false};
    }
    int copy(const VectorRegion& from, const VectorRegion& to) {
        VectorTask task(problem_, 1);
        task.write(task.read(from, DType::F32, 0), to, 0);
        return problem_.add(task.finish());
    }
    /// Cycle in which a scheduled task uses the bank of byte `byte`.
    int64_t used(const Schedule& schedule, int task, const VectorRegion& region, int byte, bool write) const {
        const int slice = int(region.side) * problem_.chip().geometry.mem_slices + region.slices[size_t(byte)];
        for (const BankUse& use : problem_.tasks()[size_t(task)].banks)
            if (use.slice == slice && use.write == write) return schedule.start[size_t(task)] + use.at;
        ADD_FAILURE() << "no such use of slice " << slice;
        return 0;
    }

    Problem problem_{models::Chip{}};
    Network network_{problem_, latency};
    const isa::Timing timing_{};
    const VectorRegion out_ = region(Side::West, 40), in_ = region(Side::East, 40), inner_ = region(Side::West, 0);
};

}  // namespace

TEST_F(Rows, ARowIsTakenInTheCycleInWhichTheLongestCableHasBroughtItsLastVector) {
    const SentRow sent = network_.send(out_, 0, {0});
    const int received = network_.receive(1, in_, 0, sent);
    const Schedule schedule = schedule_asap(problem_);
    const int64_t last_sent = schedule.start[size_t(sent.task)] + 3 * timing_.c2c_vector_interval;
    EXPECT_EQ(schedule.start[size_t(received)] + 3, last_sent + timing_.c2c_send + latency);
}

TEST_F(Rows, NoByteIsReadBeforeItWasReceived) {
    const int received = network_.receive_paced(1, in_, 0, 0);
    const int reader = copy(in_, inner_);
    const Schedule schedule = schedule_asap(problem_);
    for (int byte = 0; byte < 4; ++byte)
        EXPECT_GE(used(schedule, reader, in_, byte, false),
                  used(schedule, received, in_, byte, true) + timing_.mem_turnaround)
            << byte;
}

TEST_F(Rows, NoByteIsOverwrittenBeforeItWasSent) {
    const SentRow sent = network_.send(out_, 0, {0, 2});
    const int writer = copy(inner_, out_);
    const Schedule schedule = schedule_asap(problem_);
    for (int byte = 0; byte < 4; ++byte)
        EXPECT_GT(used(schedule, writer, out_, byte, true), used(schedule, sent.task, out_, byte, false)) << byte;
}

TEST_F(Rows, RowsOfALinkFollowEachOtherAtItsInterval) {
    const VectorRegion other = region(Side::East, 36);
    const SentRow first = network_.send(out_, 0, {0}), second = network_.send(other, 0, {3, 0});
    const int taken = network_.receive(1, in_, 0, second), after = network_.receive(1, in_, 1, first);
    const Schedule schedule = schedule_asap(problem_);
    EXPECT_EQ(schedule.start[size_t(second.task)],
              schedule.start[size_t(first.task)] + 4 * timing_.c2c_vector_interval);
    EXPECT_GE(schedule.start[size_t(after)], schedule.start[size_t(taken)] + 4);
}
