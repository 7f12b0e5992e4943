// SPDX-License-Identifier: Apache-2.0
// Traces for chrome://tracing and Perfetto: chips as processes, the queues of their slices as tracks, bursts as events.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/log.hpp"

namespace superlane::sim {

/// A program on a chip, and the system cycles at which its cycles happen.
struct TracedProgram {
    int chip = 0;
    std::string name;  ///< an event over the whole program on a track of its own; empty = none
    const PreparedProgram* program = nullptr;
    Clock clock;
    const std::vector<TraceRecord>* records = nullptr;  ///< sorted: values taken become arrows from who drove them
};

/// UserError if the file cannot be written.
void write_chrome_trace(const std::string& file, const models::Chip& chip, const std::vector<TracedProgram>& programs);

}  // namespace superlane::sim
