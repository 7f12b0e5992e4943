// SPDX-License-Identifier: Apache-2.0
// Runs a Core in SystemC time: one cycle is one nanosecond of simulated time, whatever the chip's clock.
#pragma once
#include "sim/core.hpp"

namespace superlane::sim {

/// One process, window by window. Any exception of the core comes out unchanged.
void run_fast(Core& core, int window_cycles);
/// One process a slice; with `vcd_file`, a waveform of how many elements each slice dispatches at a time.
void run_kernel(Core& core, int window_cycles, const std::string& vcd_file);

}  // namespace superlane::sim
