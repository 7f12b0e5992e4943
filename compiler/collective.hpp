// SPDX-License-Identifier: Apache-2.0
// Collectives: one program a chip, all begun in the same cycle, that together move and add rows over the links.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "compiler/collective_program.hpp"

namespace superlane::compiler {

enum class CollectiveKind { AllReduce, AllGather, ReduceScatter, Broadcast, Send };
/// "all-reduce" and so on, in order of the enum.
const std::vector<std::string>& collective_names();
/// UserError with the nearest name.
CollectiveKind collective_kind(const std::string& name);
/// All-reduce and reduce-scatter: only these have an element type.
bool adds(CollectiveKind kind);

struct CollectiveOptions {
    CollectiveKind kind = CollectiveKind::AllReduce;
    int64_t bytes = 0;  ///< of the whole vector: what each chip has before an all-reduce or reduce-scatter, or after an
                        ///< all-gather or broadcast
    std::string dtype = "fp16";  ///< of what is added: fp16 (every sum rounded to fp16), fp32, int32
    std::string algorithm = "auto";
    std::vector<int> chips;  ///< that take part, sorted; empty = all
    int from = 0, to = 1;    ///< chips: Broadcast's root, Send's ends
};

/// Algorithms of a collective, without "auto".
std::vector<std::string> collective_algorithms(CollectiveKind kind);

/// All chips' programs.
struct Collective {
    CollectiveOptions options;
    CableGraph graph;
    CollectiveRows rows;
    CollectivePlan plan;
    std::vector<isa::Program> programs;   ///< distinct ones
    std::vector<int64_t> program_cycles;  ///< scheduled, by distinct program
    std::vector<int> program_of;          ///< by member of the graph; parts of the plan repeat each other
    std::vector<std::vector<int>> links;  ///< by member: the chip's link of each link number of its program
    std::vector<int64_t> sent;            ///< vectors by edge of the graph
    int64_t cycles = 0;                   ///< of the longest
    int64_t instruction_bytes = 0;        ///< of the longest text
    int slack = 0;                        ///< cycles that a Send may be late, for which every Receive waits

    /// Rows of the member that the host fills before, and has after.
    struct Held {
        int first_row = 0, rows = 0;  ///< of the whole vector
    };
    Held before(int member) const;
    Held after(int member) const;
    RowPlace place_before(int member, int row) const;
    RowPlace place_after(int member, int row) const;
};

/// UserError when chips, size, type or algorithm do not go with the system, or SRAM or instruction memory is too small.
/// `check`: every program's schedule is verified by brute force.
Collective compile_collective(const models::System& system, const CollectiveOptions& options, bool check = false);

/// Rows of a collective that wants `rows`, and the parts that they are dealt to: as many parts as cost few rows more.
/// (collective_plan.cpp)
Parts deal_rows(const CollectiveOptions& options, const CableGraph& graph, int64_t& rows);
/// Jobs of the fastest algorithm by the closed formula, or of the one asked for.
CollectivePlan plan_collective(const models::System& system, const CollectiveOptions& options, const CableGraph& graph,
                               const Parts& parts, int rows, const ChipDelays& delays);
/// (collective_bound.cpp)
int64_t estimate_collective(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays);
int64_t bound_collective(const models::System& system, const CollectiveOptions& options, const CableGraph& graph,
                         int64_t vectors);

}  // namespace superlane::compiler
