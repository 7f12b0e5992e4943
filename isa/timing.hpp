// SPDX-License-Identifier: Apache-2.0
// The timing parameters of a chip as a value; rows in timing.def.
#pragma once
#include <cstdint>

namespace superlane::isa {

/// Cycles at tile 0. One member a row of timing.def, with the row's default.
struct Timing {
#define TIMING(member, key, value, mark, source, meaning) int member = value;
#include "isa/timing.def"
#undef TIMING

    /// Cycles from a DRAM read of so many vectors to the next one of its channel.
    int64_t dram_busy(int64_t vectors) const {
        const int64_t reading = vectors * dram_vector_interval;
        return reading + (reading * dram_closed + 99) / 100;
    }
};

}  // namespace superlane::isa
