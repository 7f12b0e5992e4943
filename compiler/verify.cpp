// SPDX-License-Identifier: Apache-2.0
// Checks a schedule by brute force: every use becomes a row of a table; no two rows may be equal.
#include <algorithm>
#include <tuple>

#include "base/error.hpp"
#include "compiler/problem.hpp"

namespace superlane::compiler {
namespace {

using Row = std::tuple<int, int, int64_t, int, int>;  // kind, resource, cycle, position, task

void expect_no_two_equal(std::vector<Row>& rows, const char* what) {
    std::sort(rows.begin(), rows.end());
    const auto key = [](const Row& row) {
        return std::tuple(std::get<0>(row), std::get<1>(row), std::get<2>(row), std::get<3>(row));
    };
    for (size_t i = 1; i < rows.size(); ++i)
        SUPERLANE_CHECK(key(rows[i - 1]) != key(rows[i]), what, "resource", std::get<1>(rows[i]), "cycle",
                        std::get<2>(rows[i]), "position", std::get<3>(rows[i]), "tasks", std::get<4>(rows[i - 1]),
                        std::get<4>(rows[i]));
    rows.clear();
}

}  // namespace

void verify(const Problem& problem, const Schedule& schedule) {
    problem.check();
    const auto& tasks = problem.tasks();
    SUPERLANE_CHECK(schedule.start.size() == tasks.size());
    for (size_t i = 0; i < tasks.size(); ++i)
        SUPERLANE_CHECK(schedule.start[i] >= tasks[i].earliest, "task", i, "before cycle", tasks[i].earliest);
    for (size_t i = 0; i < tasks.size(); ++i)
        for (const Task::After& after : tasks[i].after)
            SUPERLANE_CHECK(schedule.start[i] >= schedule.start[size_t(after.task)] + after.lag, "task", i,
                            "too soon after", after.task);

    std::vector<Row> rows;
    for (size_t i = 0; i < tasks.size(); ++i)
        for (const Issue& issue : tasks[i].issues)
            for (int k = 0; k < issue.count; ++k)
                rows.emplace_back(0, issue.queue, schedule.start[i] + issue.at + int64_t(k) * issue.interval,
                                  isa::row_of(issue.instruction.opcode).unit == isa::Unit::Mem && k > 0
                                      ? 1 + int(issue.instruction.opcode)
                                      : 0,
                                  int(i));
    for (size_t i = 0; i < tasks.size(); ++i)
        for (const Hold& hold : tasks[i].holds)
            for (int k = 0; k < hold.length; ++k)
                rows.emplace_back(0, hold.queue, schedule.start[i] + hold.at + k, 0, int(i));
    expect_no_two_equal(rows, "queue slot used twice:");

    for (size_t i = 0; i < tasks.size(); ++i)
        for (const Flow& flow : tasks[i].flows)
            for (int k = 0; k < flow.count; ++k)
                for (int position = flow.first; position <= flow.last; ++position)
                    rows.emplace_back(1, int(flow.direction) * 64 + flow.stream,
                                      schedule.start[i] + flow.diagonal + int64_t(k) * flow.interval, position, int(i));
    expect_no_two_equal(rows, "stream register used twice:");

    const isa::Geometry& g = problem.chip().geometry;
    const int turnaround = problem.chip().timing.mem_turnaround;
    for (size_t i = 0; i < tasks.size(); ++i)
        for (const BankUse& use : tasks[i].banks)
            for (int k = 0; k < use.count; ++k)
                rows.emplace_back(int(use.write), use.slice, schedule.start[i] + use.at + int64_t(k) * use.interval, 0,
                                  int(i));
    expect_no_two_equal(rows, "memory port used twice:");

    // A bank in which a word changes at w is closed to reads from w to w + turnaround - 1.
    std::vector<std::tuple<int, int64_t, bool>> banks;
    for (size_t i = 0; i < tasks.size(); ++i)
        for (const BankUse& use : tasks[i].banks)
            for (int k = 0; k < use.count; ++k)
                for (int bank = 0; bank < g.banks; ++bank) {
                    if (!use.all_banks && bank != (use.address + k * use.step) / g.words_per_bank()) continue;
                    const int64_t cycle = schedule.start[i] + use.at + int64_t(k) * use.interval;
                    for (int closed = 0; closed < (use.write ? turnaround : 1); ++closed)
                        banks.emplace_back(use.slice * g.banks + bank, cycle + closed, use.write);
                }
    std::sort(banks.begin(), banks.end());
    for (size_t i = 1; i < banks.size(); ++i) {
        const auto& [bank, cycle, write] = banks[i];
        const auto& [bank_before, cycle_before, write_before] = banks[i - 1];
        SUPERLANE_CHECK(!(bank == bank_before && cycle == cycle_before && write != write_before), "bank conflict: bank",
                        bank, "cycle", cycle);
    }
}

}  // namespace superlane::compiler
