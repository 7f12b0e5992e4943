// SPDX-License-Identifier: Apache-2.0
// When rows leave members of the trees of a collective, and when they must, seen from the end.
#pragma once
#include <cstdint>
#include <vector>

#include "compiler/transfers.hpp"

namespace superlane::compiler {

/// A cycle for each row of each job and each member of its tree, by which way it goes over the edge above the member.
class Starts {
public:
    Starts(const CableGraph& graph, const CollectivePlan& plan);
    int32_t& of(int job, int row, int member, bool up) { return cycles_[size_t(up)][place(job, row, member)]; }
    int32_t of(int job, int row, int member, bool up) const { return cycles_[size_t(up)][place(job, row, member)]; }

private:
    size_t place(int job, int row, int member) const {
        return (first_[size_t(job)] + size_t(row)) * members_ + size_t(member);
    }
    size_t members_;
    std::vector<size_t> first_;  ///< by job: rows before it
    std::vector<int32_t> cycles_[2];
};

/// How long before the last one each can go when time runs backwards, those first that went last (forward-backward
/// improvement, Li and Willis 1992).
Starts reversed_starts(const CableGraph& graph, const CollectivePlan& plan, const ChipDelays& delays,
                       const Starts& starts);

}  // namespace superlane::compiler
