// SPDX-License-Identifier: Apache-2.0
// Runs a SystemRun in SystemC time.
#pragma once
#include "sim/system_run.hpp"

namespace superlane::sim {

/// One process, window by window; the chips of a window advance on `threads` threads, outside SystemC.
void run_system_fast(SystemRun& run, int threads);
/// One process for each slice of each chip that has a program.
void run_system_kernel(SystemRun& run, int slices);

}  // namespace superlane::sim
