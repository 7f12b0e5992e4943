// SPDX-License-Identifier: Apache-2.0
// Timing of a system whose chips are simulated one by one, and whose links are compared afterwards.
#pragma once
#include <optional>

#include "sim/system_run.hpp"

namespace superlane::sim {

/// Simulates every launch alone, or with options.share every program once, and checks the links by the cycles of their
/// Sends and Receives, which no other chip can move. Nothing when a hazard came up: which chips it stops, and when,
/// only a run of all chips window by window tells.
std::optional<SystemResult> run_deferred(const models::System& system, const SystemOptions& options,
                                         std::vector<LaunchRun> launches);

}  // namespace superlane::sim
