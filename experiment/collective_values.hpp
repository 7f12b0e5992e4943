// SPDX-License-Identifier: Apache-2.0
// Seeded values of a collective, and what they must become: sums in the order of the plan, on the host.
#pragma once
#include "compiler/collective.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {

void write_inputs(sim::SystemMachine& machine, const compiler::Collective& collective, uint64_t seed);
/// InternalError at the first value that is not what it must be; the number of rows compared.
int64_t check_outputs(const sim::SystemMachine& machine, const compiler::Collective& collective, uint64_t seed);

}  // namespace superlane::experiment
