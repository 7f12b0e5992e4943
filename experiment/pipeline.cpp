// SPDX-License-Identifier: Apache-2.0
// Entries of steps into the pipeline, from their schedules.
#include "experiment/pipeline.hpp"

#include <algorithm>

namespace superlane::experiment {

PreparedStep Pipeline::compile(const std::vector<compiler::StepRow>& rows, const std::string& scheduler) const {
    PreparedStep prepared{compile_step(plan_, system_, rows, scheduler), {}};
    for (const auto& compiled : prepared.step.compiled) {
        auto& programs = prepared.programs.emplace_back();
        for (const auto& program : compiled.programs) programs.push_back(sim::prepare(system_.chip, program));
    }
    return prepared;
}

/// What a cable allows: its vectors keep their order and distance, and those of the step before that are not taken yet
/// wait in the FIFO beside this one's. Cycles are counted from the entries of the two steps.
int64_t Pipeline::cable_gap(const Link& before, const Link& after) const {
    if (before.sent->empty() || after.sent->empty()) return 0;
    const int64_t begins = after.sender_start + after.sent->front();
    int64_t gap = before.sender_start + before.sent->back() + system_.chip.timing.c2c_vector_interval - begins;
    const size_t room = size_t(system_.chip.fifo_vectors), vectors = before.taken->size();
    for (size_t n = 0; n < after.sent->size(); ++n) {
        const size_t may_wait = n + 1 < room ? room - n - 1 : 0;
        if (may_wait >= vectors) continue;
        gap = std::max(
            gap, before.taker_start + (*before.taken)[vectors - 1 - may_wait] - after.sender_start - (*after.sent)[n]);
    }
    return gap;
}

/// Cycles from one step's entry to the next one's.
int64_t Pipeline::gap(const SystemStep& before, const SystemStep& after) const {
    int64_t gap = 0;
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
        gap = std::max(gap, before.start[i] + before.stage(i).cycles - after.start[i]);
        if (i == 0) continue;
        const auto link = [&](const SystemStep& step, size_t cable) {
            return Link{step.start[i - 1], step.start[i], &step.stage(i - 1).out_cycles[cable],
                        &step.stage(i).in_cycles[cable]};
        };
        for (size_t cable = 0; cable < before.stage(i).in_cycles.size(); ++cable)
            gap = std::max(gap, cable_gap(link(before, cable), link(after, cable)));
    }
    return gap;
}

int64_t Pipeline::interval(const std::vector<const PreparedStep*>& steps, int batches, int64_t host_cycles) const {
    int64_t interval = 0;
    for (size_t k = 0; k < steps.size(); ++k) {
        if (k > 0) interval = std::max(interval, gap(steps[k - 1]->step, steps[k]->step));
        if (batches > 0) interval = std::max(interval, (steps[k]->step.cycles + host_cycles + batches - 1) / batches);
    }
    return interval;
}

std::vector<sim::Launch> Pipeline::launches(const PreparedStep& step, int64_t entry) const {
    std::vector<sim::Launch> launches;
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
        const PlannedStage& stage = plan_.stages[i];
        const compiler::CompiledStep& own = step.step.stage(i);
        for (size_t rank = 0; rank < stage.group.chips.size(); ++rank)
            launches.push_back(
                {.chip = stage.group.chips[rank],
                 .start_cycle = entry + step.step.start[i],
                 .program = step.programs[size_t(step.step.of_stage[i])][size_t(own.program_of_rank[rank])],
                 .links = stage.group.links[rank],
                 .name = "stage " + std::to_string(i)});
    }
    return launches;
}

}  // namespace superlane::experiment
