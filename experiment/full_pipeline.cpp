// SPDX-License-Identifier: Apache-2.0
// Runs steps of all batches in flight, round after round, and reads throughput from the cycles in which tokens leave.
#include "experiment/full_pipeline.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace superlane::experiment {
namespace {

/// Links during `steps` steps that took `cycles`.
void add_links(const sim::SystemResult& run, int64_t steps, int64_t cycles, const models::System& system,
               SystemFigures& figures) {
    const models::Chip& chip = system.chip;
    figures.links = link_loads(run, system, steps);
    int64_t vectors = 0, most = 0;
    for (const auto& link : run.links) {
        vectors += link.vectors;
        most = std::max(most, link.vectors);
    }
    figures.c2c_bytes = vectors / steps * chip.lanes();
    const double slots = double(cycles) / chip.timing.c2c_vector_interval;
    if (!run.links.empty()) figures.link_utilisation = double(vectors) / double(run.links.size()) / slots;
    figures.fullest_link_utilisation = double(most) / slots;
    figures.distinct_programs = run.distinct_programs;
}

}  // namespace

sim::SystemOptions machine_options(const DecodeOptions& options, const DecodeSetup& setup) {
    return {.chip = {.engine = engine_of(options.engine),
                     .data = setup.timing_only ? sim::Data::TimingOnly : sim::Data::Functional,
                     .chrome_trace_file = options.trace_file,
                     .vcd_file = options.vcd_file},
            .threads = options.threads,
            .share = options.share};
}

sim::SystemResult simulate(sim::SystemMachine& machine, const std::vector<sim::Launch>& launches,
                           const std::string& what) {
    sim::SystemResult run = machine.run(launches);
    if (!run.hazards.empty())
        throw InternalError(what + ": the compiled programs have a hazard: " + run.hazards[0].message());
    SUPERLANE_CHECK(!run.stopped, what, "was stopped");
    return run;
}

double host_us(const DecodeOptions& options, const DecodeSetup& setup, size_t rows) {
    const models::System& system = *options.system;
    const double in = options.host_embedding ? setup.model.hidden * (options.wide_exchange ? 4.0 : 2.0) : 4.0;
    return 2 * system.pcie_latency_us + double(rows) * (in + 4.0) / (system.pcie_gbytes_per_s * 1e3);
}

int64_t host_cycles(const DecodeOptions& options, const DecodeSetup& setup, size_t rows) {
    const models::System& system = *options.system;
    return std::max(int64_t(std::ceil(host_us(options, setup, rows) * system.chip.clock_mhz)),
                    int64_t(system.scheduled_latency_cycles()) + 1);
}

SystemFigures full_pipeline(const DecodeOptions& options, const DecodeSetup& setup, const SystemPlan& plan,
                            const std::vector<const PreparedStep*>& round, const sim::SystemResult& alone) {
    const models::System& system = *options.system;
    const Pipeline pipeline(system, plan);
    const int batches = int(round.size());
    const size_t rows = size_t(setup.batch());
    const int64_t host = host_cycles(options, setup, rows);
    std::vector<const PreparedStep*> order = round;
    order.insert(order.end(), round.begin(), round.end());
    const SystemStep& last = round.back()->step;
    SystemFigures figures{.chips = plan.chips(), .split = plan.split};
    figures.host_us = host_us(options, setup, rows);
    figures.latency_us = 1e6 * chip_seconds(system.chip, double(last.cycles)) + figures.host_us;
    figures.interval_cycles = pipeline.interval(order, batches, host);
    for (const PreparedStep* step : round)
        figures.longest_stage_cycles = std::max(figures.longest_stage_cycles, step->step.longest_stage);
    figures.batches_that_fill =
        int((last.cycles + host + figures.longest_stage_cycles - 1) / figures.longest_stage_cycles);
    figures.requests_in_flight = batches * int(rows);
    int64_t period = figures.interval_cycles;  // of one batch: a step, and the host
    if (batches == 1) {
        add_links(alone, 1, alone.cycles, system, figures);
    } else {
        std::vector<sim::Launch> launches;
        for (size_t k = 0; k < order.size(); ++k)
            for (sim::Launch& launch : pipeline.launches(*order[k], int64_t(k) * figures.interval_cycles))
                launches.push_back(std::move(launch));
        sim::SystemOptions timing = machine_options(options, setup);
        timing.chip.data = sim::Data::TimingOnly;
        sim::SystemMachine machine(system, timing);
        const sim::SystemResult run = simulate(machine, launches, "the full pipeline");
        period = run.ends.back() - run.ends[run.ends.size() / 2 - 1];
        add_links(run, int64_t(order.size()), int64_t(order.size()) * figures.interval_cycles, system, figures);
    }
    figures.throughput_tokens_per_second = figures.requests_in_flight / chip_seconds(system.chip, double(period));
    return figures;
}

int batches_that_fit(const DecodeOptions& options, const DecodeSetup& setup) {
    const models::System& system = *options.system;
    compiler::LlamaOptions one = setup.compiler_options(options);
    const SystemPlan plan = plan_system(system, setup.model, one, options.split);
    one.prefill_rows = plan.stages[0].options.prefill_rows;  // more batches are not worth shorter steps
    std::vector<compiler::StepRow> rows;
    for (int r = 0; r < setup.batch(); ++r)
        rows.push_back(
            {.request = r, .position = setup.first_position(r) + options.tokens - 1, .logits = !setup.partial});
    const SystemStep step = compile_step(plan, system, rows, options.scheduler);
    const int64_t host = host_cycles(options, setup, rows.size());
    Split again = options.split;  // more stages where their number is left open
    again.tp = plan.split.tp;
    const auto fits = [&](int batches) {
        one.contexts.clear();
        for (int i = 0; i < batches; ++i)
            one.contexts.insert(one.contexts.end(), setup.contexts.begin(), setup.contexts.end());
        try {
            plan_system(system, setup.model, one, again);
            return true;
        } catch (const UserError&) {
            return false;
        }
    };
    int fitting = 1, more = int((step.cycles + host + step.longest_stage - 1) / step.longest_stage) + 1;
    if (fits(more - 1)) return more - 1;
    while (more - fitting > 1) {
        const int middle = (fitting + more) / 2;
        (fits(middle) ? fitting : more) = middle;
    }
    return fitting;
}

}  // namespace superlane::experiment
