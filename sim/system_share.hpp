// SPDX-License-Identifier: Apache-2.0
// Timing of a system in which many chips run the same program.
#pragma once
#include <optional>

#include "sim/system_run.hpp"

namespace superlane::sim {

/// Simulates every program once and checks the links by the cycles of their Sends and Receives, which no other chip can move.
/// Nothing when a hazard came up: which chips it stops, and when, only a run of all chips tells.
std::optional<SystemResult> run_shared(const models::System& system, const SystemOptions& options, std::vector<LaunchRun> launches);

}  // namespace superlane::sim
