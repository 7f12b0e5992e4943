// SPDX-License-Identifier: Apache-2.0
// A scheduling problem: tasks in program order, and what must stand before what. A schedule: one start cycle a task.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/task.hpp"
#include "models/chip.hpp"

namespace superlane::compiler {

/// The question. Tasks are added in program order; the last write of a cell before a read is the one it must see.
class Problem {
public:
    explicit Problem(const models::Chip& chip);

    const models::Chip& chip() const { return chip_; }
    const isa::QueueMap& queues() const { return queues_; }
    const isa::Floorplan& plan() const { return plan_; }

    /// Names the operation that the tasks added from now on belong to. A name that comes again (in the next layer) is
    /// an operation of its own, so that its span says when it ran.
    void begin_operation(const std::string& name);
    /// Keeps the last inward streams free of vector tasks, for maps that stand on them as long as weights flow.
    void reserve_inward(int streams) { reserved_inward_ = streams; }
    int reserved_inward() const { return reserved_inward_; }
    /// Adds a task, derives its dependencies from its accesses; returns its index.
    int add(Task task);

    const std::vector<Task>& tasks() const { return tasks_; }
    /// Of instruction text that the tasks take, no less than emit() will make of them.
    int64_t text_bytes() const { return text_bytes_; }
    const std::vector<std::string>& operations() const { return operations_; }

    /// Cell of an SRAM word, of an activation slot, of an accumulator slot.
    uint32_t word_cell(Side side, int slice, int address) const;
    uint32_t activation_cell(Side side, int plane, int slot) const;
    uint32_t accumulator_cell(Side side, int plane, int slot) const;

    /// InternalError when a task is malformed: queue, stream or position out of range, dependency on a later task.
    void check() const;

private:
    struct Reader {
        int task, at;
    };
    struct Cell {
        int writer = -1;
        int changed = 0, settled = 0;
        std::vector<Reader> readers;
    };
    void depend(Task& task, int self, const Access& access);
    void check_banks(const Task& task) const;

    models::Chip chip_;
    isa::QueueMap queues_;
    isa::Floorplan plan_;
    std::vector<Task> tasks_;
    std::vector<std::string> operations_;
    std::unordered_map<uint32_t, Cell> cells_;  // looked up only, never walked
    int operation_ = 0, reserved_inward_ = 0;
    int64_t text_bytes_ = 0;
};

/// The answer.
struct Schedule {
    std::vector<int64_t> start;  ///< cycle of each task of the problem
    std::string scheduler;       ///< "asap", "list" or "random:SEED"
};

/// InternalError unless every dependency holds and nothing is used twice. Slow and simple on purpose: it shares no code
/// with the schedulers.
void verify(const Problem& problem, const Schedule& schedule);

/// Program order, each task at its earliest legal cycle.
Schedule schedule_asap(const Problem& problem);
/// The task with the longest chain of dependencies behind it first.
Schedule schedule_list(const Problem& problem);
/// A random order that respects dependencies, with random pauses: a legal schedule drawn from a seed.
Schedule schedule_random(const Problem& problem, uint64_t seed);
/// By name: asap, list, random, random:SEED. UserError for others.
Schedule schedule(const Problem& problem, const std::string& scheduler);

}  // namespace superlane::compiler
