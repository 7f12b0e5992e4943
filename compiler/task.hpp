// SPDX-License-Identifier: Apache-2.0
// A task: instructions with fixed distances in time, and everything they occupy. The scheduler only chooses its start.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "isa/instruction.hpp"

namespace superlane::compiler {

using isa::Side;

/// One instruction `count` times, `interval` cycles apart, its index moved by `step`. Cycles are relative to the task.
struct Issue {
    int queue = 0;
    int at = 0;
    int count = 1;
    int interval = 1;
    int step = 0;
    isa::Instruction instruction;
};

/// A value that travels on a stream from the position where it is driven to its last tap, `count` of them.
struct Flow {
    Side direction = Side::East;
    int stream = 0;
    int64_t diagonal = 0;  ///< of element 0, relative to the task
    int count = 1;
    int interval = 1;
    int first = 0, last = 0;  ///< positions, first <= last whatever the direction
};

/// A use of a storage cell (SRAM word, MXM slot): `count` cells `step` apart, one each `interval` cycles. From these
/// follow the dependencies between tasks.
struct Access {
    uint32_t cell = 0;
    int step = 1;
    int count = 1;
    int interval = 1;
    int at = 0;       ///< cycle at which the cell is read, or first changes
    int settled = 0;  ///< write: first cycle at which a reader sees it
    bool write = false;
};

/// Cycles in which a queue may take nothing else, beyond those of its issues (the second plane of a pair), in which an
/// ALU's output carries a result, or in which a link is busy with a vector.
struct Hold {
    int queue = 0;  ///< from QueueMap::size() on: the outputs of ALU 0, 1, ..., then links 0, 1, ... (sending)
    int at = 0;
    int length = 0;
};

/// Use of a MEM bank by an access burst. Bank of element i: that of word address + i * step.
struct BankUse {
    int slice = 0;  ///< side * mem_slices + slice
    int address = 0;
    int step = 1;
    int count = 1;
    int interval = 1;
    int at = 0;  ///< cycle of the bank access
    bool write = false;
    bool all_banks = false;
};

struct Task {
    int operation = 0;       ///< index into Problem::operations, for reports
    uint64_t ranks = ~0ull;  ///< chips of the group that do it, by bit; the others leave its place empty
    int64_t earliest = 0;    ///< start >= this: what happens elsewhere allows no sooner
    int64_t beyond = 0;      ///< cycles of what waits for it elsewhere: makes it urgent
    std::vector<Issue> issues;
    std::vector<Flow> flows;
    std::vector<Access> accesses;
    std::vector<Hold> holds;
    std::vector<BankUse> banks;
    struct After {
        int task;
        int lag;  ///< start >= start of that task + lag
    };
    std::vector<After> after;
};

}  // namespace superlane::compiler
