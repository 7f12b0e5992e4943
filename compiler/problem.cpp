// SPDX-License-Identifier: Apache-2.0
// Dependencies from accesses: true (read after write), anti (write after read) and output (write after write).
#include "compiler/problem.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/occupancy.hpp"

namespace superlane::compiler {

Problem::Problem(const models::Chip& chip)
    : chip_(chip), queues_(chip.geometry), plan_(chip.geometry, chip.timing), operations_{"start"} {}

void Problem::begin_operation(const std::string& name) {
    if (operations_.back() != name) operations_.push_back(name);
    operation_ = int(operations_.size()) - 1;
}

/// Schedulers keep tasks apart; what one task does at fixed distances is its builder's to get right: one read and one
/// write of a slice in a cycle, and those of different banks.
void Problem::check_banks(const Task& task) const {
    const int words = chip_.geometry.words_per_bank();
    for (size_t a = 0; a < task.banks.size(); ++a)
        for (size_t b = 0; b < a; ++b) {
            const BankUse &x = task.banks[a], &y = task.banks[b];
            if (x.slice != y.slice || x.all_banks || y.all_banks) continue;
            for (int i = 0; i < x.count; ++i) {
                const int since = x.at + i * x.interval - y.at, element = since / y.interval;
                if (since < 0 || since % y.interval != 0 || element >= y.count) continue;
                const bool same = (x.address + i * x.step) / words == (y.address + element * y.step) / words;
                SUPERLANE_CHECK(x.write != y.write && !same, "a task uses a port or bank twice: slice", x.slice,
                                "addresses", x.address, y.address, "operation", operations_[size_t(operation_)]);
            }
        }
}

int Problem::add(Task task) {
    const int self = int(tasks_.size());
    check_banks(task);
    task.operation = operation_;
    for (const Access& access : task.accesses)
        if (!access.write) depend(task, self, access);
    for (const Access& access : task.accesses)
        if (access.write) depend(task, self, access);
    // One lag for each earlier task: the tightest.
    std::sort(task.after.begin(), task.after.end(), [](const Task::After& x, const Task::After& y) {
        return std::pair(x.task, -x.lag) < std::pair(y.task, -y.lag);
    });
    const auto same = [](const Task::After& x, const Task::After& y) { return x.task == y.task; };
    task.after.erase(std::unique(task.after.begin(), task.after.end(), same), task.after.end());
    for (const Issue& issue : task.issues) text_bytes_ += text_records(issue) * int64_t(sizeof(isa::Instruction));
    tasks_.push_back(std::move(task));
    return self;
}

void Problem::depend(Task& task, int self, const Access& access) {
    for (int i = 0; i < access.count; ++i) {
        Cell& cell = cells_[access.cell + uint32_t(i * access.step)];
        const int at = access.at + i * access.interval;
        if (!access.write) {
            if (cell.writer >= 0 && cell.writer != self) task.after.push_back({cell.writer, cell.settled - at});
            cell.readers.push_back({self, at});
            continue;
        }
        if (cell.writer >= 0 && cell.writer != self) task.after.push_back({cell.writer, cell.changed + 1 - at});
        for (const Reader& reader : cell.readers)
            if (reader.task != self) task.after.push_back({reader.task, reader.at + 1 - at});
        cell.readers.clear();
        cell.writer = self;
        cell.changed = at;
        cell.settled = access.settled + i * access.interval;
    }
}

uint32_t Problem::word_cell(Side side, int slice, int address) const {
    const isa::Geometry& g = chip_.geometry;
    SUPERLANE_CHECK(slice >= 0 && slice < g.mem_slices && address >= 0 && address < g.words, slice, address);
    return uint32_t((int(side) * g.mem_slices + slice) * g.words + address);
}

uint32_t Problem::activation_cell(Side side, int plane, int slot) const {
    const isa::Geometry& g = chip_.geometry;
    SUPERLANE_CHECK(slot >= 0 && slot < g.activation_slots, slot);
    return uint32_t(2 * g.mem_slices * g.words + (int(side) * g.planes + plane) * g.activation_slots + slot);
}

uint32_t Problem::accumulator_cell(Side side, int plane, int slot) const {
    const isa::Geometry& g = chip_.geometry;
    SUPERLANE_CHECK(slot >= 0 && slot < g.accumulators, slot);
    return uint32_t(2 * g.mem_slices * g.words + 2 * g.planes * g.activation_slots +
                    (int(side) * g.planes + plane) * g.accumulators + slot);
}

void Problem::check() const {
    for (size_t self = 0; self < tasks_.size(); ++self) {
        const Task& task = tasks_[self];
        for (const Issue& issue : task.issues) {
            SUPERLANE_CHECK(issue.queue >= 0 && issue.queue < queues_.size(), issue.queue);
            SUPERLANE_CHECK(issue.count >= 1 && issue.interval >= 1, issue.count, issue.interval);
            SUPERLANE_CHECK(isa::unit_accepts(isa::row_of(issue.instruction.opcode).unit, queues_[issue.queue]),
                            queues_.name(issue.queue));
        }
        for (const Flow& flow : task.flows) {
            SUPERLANE_CHECK(flow.stream >= 0 && flow.stream < chip_.geometry.streams, flow.stream);
            SUPERLANE_CHECK(plan_.west_end() <= flow.first && flow.first <= flow.last && flow.last <= plan_.east_end(),
                            flow.first, flow.last);
        }
        for (const Task::After& after : task.after)
            SUPERLANE_CHECK(after.task >= 0 && after.task < int(self), after.task, self);
    }
}

}  // namespace superlane::compiler
