// SPDX-License-Identifier: Apache-2.0
// When every vector of a collective is sent, received and added, on all chips at once: link slots and arrivals are
// settled here; what happens inside a chip follows in collective_program.hpp.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compiler/trees.hpp"

namespace superlane::compiler {

/// Rows that go up a tree as sums, down it as they are, or first up and then down.
struct TreeJob {
    std::shared_ptr<const Tree> tree;
    int first_row = 0, rows = 0;
    bool up = false, down = false;
    /// Hops one vector makes one after the other.
    int hops() const { return (int(up) + int(down)) * tree->height; }
};

/// What goes up and down which trees. Jobs are those whose roots are in part 0 of the graph; the k-th part after it has
/// the same ones, their trees k parts further on and their rows k * `turn` further on, both counted around.
struct CollectivePlan {
    std::string algorithm;
    std::vector<TreeJob> jobs;
    Parts parts;
    int rows = 0, turn = 0;  ///< rows of the whole vector
    int64_t estimate = 0;    ///< cycles by the closed formula in docs/collectives.md
    int64_t bound = 0;       ///< cycles that no algorithm goes below

    /// Row of the whole vector that is row `row` of a job of part `part`.
    int row(const TreeJob& job, int row, int part) const { return (job.first_row + row + part * turn) % rows; }
    /// How a chip counts the rows: from the share of its own part on, so that chips of all parts have the same program.
    int local_row(int row, int part) const { return (row + parts.back(part) * turn) % rows; }
};

/// Cycles inside a chip, as its tasks have them, from one end of a transfer to the other.
struct ChipDelays {
    int width = 1;              ///< vectors of a row, one after the other on a link
    int64_t first_send = 0;     ///< earliest Send of a program
    int forward = 0;            ///< Receive to the earliest Send of the same vector
    int sent_to_receive = 0;    ///< Send to the Receive at the other end, whatever the cable
    int interval = 1;           ///< between vectors of a link
    int at_once = 1;            ///< Sends, and Receives, that a chip dispatches in one cycle
    int operands_per_task = 1;  ///< received vectors that one task adds
    /// By how many received rows are added: Receive of operand i to the start of the task, start to the Send of the
    /// sum.
    struct Add {
        std::vector<int> operand;  ///< [0]: of the sum so far, from the start of the task that made it
        int sum = 0;
    };
    std::vector<Add> add;
};

/// Cycles from a Send to the Send of the sum that it enters, for a member with so many children.
/// (collective_bound.cpp)
int64_t up_hop(const ChipDelays& delays, int children);

/// What a chip does, in order of cycles. A Receive's edge leads to this chip, a Send's away from it.
struct Step {
    enum class Kind : uint8_t { Send, Receive, Add };
    int64_t cycle = 0;
    int job = 0, row = 0;  ///< row of the job
    int edge = -1;         ///< of part 0
    int part = 0;          ///< whose job it is, counted from the chip's own part on
    uint16_t operand = 0;  ///< Receive upwards: which child; Add: the first of the children that it adds
    uint8_t byte = 0;
    Kind kind = Kind::Send;
    bool up = false;
    uint16_t lead = 0;  ///< Add: cycles by which it starts before the Receive of what it reads last
};

struct TransferSchedule {
    std::vector<std::vector<Step>> steps;  ///< by member of a part, each after what it needs
    std::vector<int64_t> sent;             ///< vectors by edge of a part
    int64_t last = 0;                      ///< cycle of the last step
};

/// Earliest-first over all links: of the vectors that wait for one the one with most hops before it goes first, or rows
/// take turns as well; then the one that is farthest from the end in the same schedule of reversed time. Whichever ends
/// soonest.
TransferSchedule schedule_transfers(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays);

}  // namespace superlane::compiler
