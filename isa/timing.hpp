// SPDX-License-Identifier: Apache-2.0
// The timing parameters of a chip as a value; rows in timing.def.
#pragma once

namespace superlane::isa {

/// Cycles at tile 0. One member a row of timing.def, with the row's default.
struct Timing {
#define TIMING(member, key, value, mark, source, meaning) int member = value;
#include "isa/timing.def"
#undef TIMING
};

}  // namespace superlane::isa
