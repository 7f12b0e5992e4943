// SPDX-License-Identifier: Apache-2.0
// One chip's part of a collective as a program: its steps become tasks that start no sooner than settled and, where
// another chip waits for them, hardly later.
#pragma once
#include <string>

#include "compiler/emit.hpp"
#include "compiler/row_store.hpp"
#include "compiler/transfers.hpp"

namespace superlane::compiler {

/// Where the host puts a chip's rows and finds the result; the same on all chips.
struct CollectiveRows {
    isa::DType type = isa::DType::I8;  ///< of sums
    int width = 1;
    RowStore input, output;  ///< the same rows when nothing is added
    RowShelves shelves;      ///< what is left of SRAM
    bool in_place = false;
    bool scattered = false;  ///< a root's output rows are counted from its first
};

/// Rows that wait for the others that they are added to: a few groups of slices, further inward than the data.
RowStore staging(RowShelves& shelves, int rows);

/// Cycles of the tasks that collective_program makes. `slack`: how late a Send may be.
ChipDelays chip_delays(const models::Chip& chip, const CollectiveRows& rows, int latency_cycles, int degree, int slack);

struct CollectiveProgram {
    Problem problem;
    Schedule schedule;
    std::vector<int> links;  ///< by the program's link number: the chip's
    int64_t late = 0;        ///< cycles by which the latest Send is behind its step
};

/// Links are numbered in the order of their first use, so that chips which do the same have the same program.
/// `member` is one of part 0.
CollectiveProgram collective_program(const models::Chip& chip, const CollectiveRows& rows, const CableGraph& graph,
                                     const CollectivePlan& plan, const std::vector<Step>& steps, int member);
/// What the program depends on: equal text, equal program but for the names of links.
std::string collective_key(const CollectiveRows& rows, const CableGraph& graph, const CollectivePlan& plan,
                           const std::vector<Step>& steps, int member, std::vector<int>& links);

}  // namespace superlane::compiler
