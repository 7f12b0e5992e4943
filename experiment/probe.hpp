// SPDX-License-Identifier: Apache-2.0
// Measures the machine as a practitioner does: an instruction is tried cycle by cycle until it runs without a hazard.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/chip.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {

class Probe {
public:
    explicit Probe(const models::Chip& chip);

    /// Puts assembly text at a cycle of a queue; further lines (a repeat) follow it.
    Probe& at(int64_t cycle, const std::string& queue, const std::string& text);
    /// The first cycle from `from` on at which the text causes no hazard; it stays there.
    int64_t first(int64_t from, const std::string& queue, const std::string& text);
    /// The program as it stands.
    sim::RunResult run();

private:
    models::Chip chip_;
    sim::Machine machine_;
    std::map<std::string, std::multimap<int64_t, std::string>> queues_;
};

}  // namespace superlane::experiment
