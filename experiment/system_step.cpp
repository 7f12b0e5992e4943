// SPDX-License-Identifier: Apache-2.0
// A step of a system: each stage's program for the arrivals that the stage before gives it.
#include <algorithm>
#include <climits>
#include <map>

#include "base/error.hpp"
#include "experiment/system_plan.hpp"

namespace superlane::experiment {
namespace {

constexpr int64_t arrival_step = 64;  // cycles; some vectors wait that long in a FIFO

/// Cycles from a stage's Send to the cycle in which the next stage can take the vector, whatever cable it is.
int64_t flight_cycles(const models::System& system) {
    return system.chip.timing.c2c_send + system.scheduled_latency_cycles();
}

/// When vectors of the stage before are there, counted from the first of them. In coarse steps, so that stages whose
/// neighbours differ by some cycles run the same program.
compiler::Arrivals arrivals_of(const compiler::CompiledStep& before) {
    int64_t first = INT64_MAX;
    for (const auto& cable : before.out_cycles)
        if (!cable.empty()) first = std::min(first, cable.front());
    compiler::Arrivals arrivals = before.out_cycles;
    for (auto& cable : arrivals)
        for (int64_t& cycle : cable) cycle = (cycle - first + arrival_step - 1) / arrival_step * arrival_step;
    return arrivals;
}

/// The first cycle in which a stage can begin: no vector may be taken before it has arrived.
int64_t stage_start(int64_t start_before, const compiler::CompiledStep& before, const compiler::CompiledStep& own,
                    int64_t flight) {
    int64_t start = 0;
    for (size_t cable = 0; cable < own.in_cycles.size(); ++cable) {
        SUPERLANE_CHECK(own.in_cycles[cable].size() == before.out_cycles[cable].size(), "vectors of cable", cable);
        for (size_t n = 0; n < own.in_cycles[cable].size(); ++n)
            start = std::max(start, start_before + before.out_cycles[cable][n] + flight - own.in_cycles[cable][n]);
    }
    return start;
}

/// The receiver begins `lead` cycles after the first vector could arrive that was sent in the sender's cycle 0.
void check_fifo(const std::vector<int64_t>& sent, const std::vector<int64_t>& taken, int64_t lead, int room,
                size_t rows) {
    size_t gone = 0;
    for (size_t n = 0; n < sent.size(); ++n) {
        while (gone < n && taken[gone] + lead <= sent[n]) ++gone;
        if (int(n - gone) >= room)
            throw user_error("a step of ", rows, " tokens leaves more than the ", room,
                             " vectors of c2c.fifo_vectors waiting at a stage: fewer tokens a step (--prefill-rows, "
                             "--batch)");
    }
}

}  // namespace

SystemStep compile_step(const SystemPlan& plan, const models::System& system,
                        const std::vector<compiler::StepRow>& rows, const std::string& scheduler) {
    SystemStep step;
    std::map<std::pair<int, compiler::Arrivals>, int> known;
    for (size_t i = 0; i < plan.stages.size(); ++i) {
        const int kind = plan.stages[i].kind;
        const compiler::LlamaCompiler& compiler = *plan.kinds[size_t(kind)];
        compiler::Arrivals arrivals;
        if (i > 0) arrivals = arrivals_of(step.stage(i - 1));
        const auto [found, fresh] = known.try_emplace({kind, arrivals}, int(step.compiled.size()));
        if (fresh) step.compiled.push_back(compiler.compile(rows, scheduler, arrivals));
        step.of_stage.push_back(found->second);
        const compiler::CompiledStep& own = step.stage(i);
        step.start.push_back(i == 0 ? 0
                                    : stage_start(step.start[i - 1], step.stage(i - 1), own, flight_cycles(system)));
        for (size_t cable = 0; cable < own.in_cycles.size(); ++cable)
            check_fifo(step.stage(i - 1).out_cycles[cable], own.in_cycles[cable],
                       step.start[i] - step.start[i - 1] - flight_cycles(system), int(system.chip.fifo_vectors),
                       rows.size());
        step.cycles = std::max(step.cycles, step.start[i] + own.cycles);
        step.longest_stage = std::max(step.longest_stage, own.cycles);
    }
    return step;
}

}  // namespace superlane::experiment
