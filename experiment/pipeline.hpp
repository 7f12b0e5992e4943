// SPDX-License-Identifier: Apache-2.0
// Steps one behind the other through the stages: when each may enter, and what is launched on which chip.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "experiment/system_plan.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {

/// A compiled step with its programs as the simulator takes them, by SystemStep::compiled.
struct PreparedStep {
    SystemStep step;
    std::vector<std::vector<std::shared_ptr<const sim::PreparedProgram>>> programs;
};

class Pipeline {
public:
    Pipeline(const models::System& system, const SystemPlan& plan) : system_(system), plan_(plan) {}

    PreparedStep compile(const std::vector<compiler::StepRow>& rows, const std::string& scheduler) const;

    /// The least cycles between one step's entry and the next that all of them allow: no stage may begin before it has
    /// ended the step before, nor may vectors of two steps meet in a cable. Each of `batches` batches takes part in
    /// every `batches`-th step and is with the host for `host_cycles` in between; 0 = no step waits for another's
    /// token.
    int64_t interval(const std::vector<const PreparedStep*>& steps, int batches, int64_t host_cycles) const;

    /// Chips by stage and rank, each beginning when its stage does.
    std::vector<sim::Launch> launches(const PreparedStep& step, int64_t entry) const;

private:
    /// One cable in one step: when its vectors are sent and taken, in cycles of the two programs.
    struct Link {
        int64_t sender_start, taker_start;
        const std::vector<int64_t>*sent, *taken;
    };
    int64_t cable_gap(const Link& before, const Link& after) const;
    int64_t gap(const SystemStep& before, const SystemStep& after) const;

    const models::System& system_;
    const SystemPlan& plan_;
};

}  // namespace superlane::experiment
