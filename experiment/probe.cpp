// SPDX-License-Identifier: Apache-2.0
// Assembles what was put together and runs it in timing mode.
#include "experiment/probe.hpp"

#include "base/error.hpp"
#include "isa/assembler.hpp"

namespace superlane::experiment {

Probe::Probe(const models::Chip& chip) : chip_(chip), machine_(chip, {.data = sim::Data::TimingOnly}) {}

Probe& Probe::at(int64_t cycle, const std::string& queue, const std::string& text) {
    queues_[queue].emplace(cycle, text);
    return *this;
}

int64_t Probe::first(int64_t from, const std::string& queue, const std::string& text) {
    constexpr int64_t far = 1000;  // more than any path over the chip
    for (int64_t cycle = from; cycle < from + far; ++cycle) {
        const auto tried = queues_[queue].emplace(cycle, text);
        if (run().hazards.empty()) return cycle;
        queues_[queue].erase(tried);
    }
    throw InternalError("probe: '" + text + "' in " + queue + " has a hazard at every cycle from " +
                        std::to_string(from) + " on");
}

sim::RunResult Probe::run() {
    std::string text;
    for (const auto& [queue, entries] : queues_) {
        text += ".queue " + queue + '\n';
        for (const auto& [cycle, instruction] : entries) text += '@' + std::to_string(cycle) + ' ' + instruction + '\n';
    }
    return machine_.run(isa::assemble(text, {chip_.name, chip_.digest(), chip_.geometry}, "probe"));
}

}  // namespace superlane::experiment
