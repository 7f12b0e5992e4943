// SPDX-License-Identifier: Apache-2.0
// What `run --show` asks for: one region a byte of the element, and the element's type.
#pragma once
#include <string>
#include <vector>

#include "experiment/program_run.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {

/// UserError, before the run, when a request names no region of the program or the bytes do not make the type.
void check_shown(const std::string& request, const isa::Program& program);
/// "y", "lo+hi=f16", "b0+b1+b2+b3=f32": values of every word.
ShownRegion read_shown(const std::string& request, const isa::Program& program, const sim::Machine& machine);

}  // namespace superlane::experiment
