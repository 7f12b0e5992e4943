// SPDX-License-Identifier: Apache-2.0
// From a schedule to instruction text.
#pragma once
#include "compiler/problem.hpp"
#include "isa/program.hpp"

namespace superlane::compiler {

/// The text of every queue of the chip with this rank. Neighbouring bursts that continue each other become one Repeat
/// or address loop.
isa::Program emit(const Problem& problem, const Schedule& schedule, int rank = 0);

/// Length of that program as the schedule has it, by the definition in docs/machine_model.md, cycles at tile 0.
int64_t scheduled_cycles(const Problem& problem, const Schedule& schedule, int rank = 0);

/// First and last cycle of each operation, in order of Problem::operations.
struct OperationSpan {
    std::string name;
    int64_t first = 0, last = -1;
};
std::vector<OperationSpan> operation_spans(const Problem& problem, const Schedule& schedule);

}  // namespace superlane::compiler
