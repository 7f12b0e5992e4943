// SPDX-License-Identifier: Apache-2.0
// Speed of a system: 576 chips as a pipeline of 72 stages of 8 chips; a stage streams weights for about 9,700 cycles
// while its chips exchange vectors, and hands on to the next.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <array>

#include "sim/system.hpp"
#include "tests/sim/weight_streaming.hpp"

namespace {

using namespace superlane;
using namespace superlane::test;

constexpr int stages = 72, node = 8, tiles = 430, handed_on = 8;
constexpr int onward = 7, back = 8;  ///< links to the next stage and from the one before; 0..6 lead into the node
constexpr int64_t stage_cycles = 9722;

models::System pipeline() {
    models::System system;
    system.name = "pipeline";
    system.chips = stages * node;
    system.chips_per_node = node;
    const int latency = system.chip.timing.c2c_latency;
    for (int stage = 0; stage < stages; ++stage)
        for (int a = 0; a < node; ++a) {
            const int chip = stage * node + a;
            for (int b = a + 1; b < node; ++b)
                system.cables.push_back({{{{chip, b - 1}, {stage * node + b, a}}}, {latency + a % 3, latency - b % 3}});
            if (stage + 1 < stages)
                system.cables.push_back({{{{chip, onward}, {chip + node, back}}}, {latency, latency}});
        }
    return system;
}

/// Vectors that pass the SXM on their way to the MXM go to all chips of the node, every second tile; the last ones go
/// on.
std::shared_ptr<const sim::PreparedProgram> stage_program(const models::Chip& chip, bool first, bool last) {
    ProgramBuilder program = weight_streaming_builder(chip, tiles);
    const int slack = chip.timing.c2c_send + chip.timing.c2c_latency + chip.timing.c2c_latency_spread;
    const auto send = [&](int64_t cycle, int link) {
        program.at(cycle, program.queues.c2c(east, link % 5), make(Opcode::Send, {.a = E(0), .index = link}));
    };
    const auto receive = [&](int64_t cycle, int link) {
        program.at(cycle, program.queues.c2c(west, link % 5),
                   make(Opcode::Receive, {.dst = E(16 + link), .index = link}));
    };
    for (int tile = 0; tile + 16 < tiles; tile += 2) {
        const int64_t cycle = streaming_start + int64_t(tile) * streaming_period - chip.timing.sxm_to_mxm;
        for (int link = 0; link < node - 1; ++link) {
            send(cycle + link, link);
            receive(cycle + link + slack, link);
        }
    }
    for (int i = 0; i < handed_on; ++i) {
        const int64_t cycle = streaming_start + int64_t(tiles - 16 + 2 * i) * streaming_period - chip.timing.sxm_to_mxm;
        if (!last) send(cycle, onward);
        if (!first) receive(10 + i, back);
    }
    return sim::prepare(chip, program.build());
}

/// `distinct` chips of a stage have programs of their own.
std::vector<sim::Launch> launches(const models::System& system, int distinct) {
    std::vector<std::array<std::shared_ptr<const sim::PreparedProgram>, 3>> programs(size_t(distinct),
                                                                                     {nullptr, nullptr, nullptr});
    for (auto& of_chip : programs)
        of_chip = {stage_program(system.chip, true, false), stage_program(system.chip, false, false),
                   stage_program(system.chip, false, true)};
    std::vector<sim::Launch> all;
    for (int chip = 0; chip < system.chips; ++chip) {
        const int stage = chip / node, place = stage == 0 ? 0 : stage + 1 == stages ? 2 : 1;
        all.push_back({chip, stage * stage_cycles, programs[size_t(chip % distinct)][size_t(place)], {}, {}});
    }
    return all;
}

void system_run(benchmark::State& state, int threads, bool deferred, bool share) {
    const models::System system = pipeline();
    const auto programs = launches(system, node);
    sim::SystemOptions options;
    options.chip.data = sim::Data::TimingOnly;
    options.threads = threads;
    options.deferred = deferred;
    options.share = share;
    sim::SystemMachine machine(system, options);
    sim::SystemResult result;
    for (auto _ : state) result = machine.run(programs);
    if (!result.hazards.empty()) state.SkipWithError(result.hazards[0].message().c_str());
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const double chip_cycles = double(stage_cycles) * system.chips;
    state.counters["cycles"] = double(result.cycles);
    state.counters["chip_cycles/s"] =
        benchmark::Counter(chip_cycles * double(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["vectors"] = double(result.counters.vectors_sent);
    state.counters["distinct"] = result.distinct_programs;
    state.counters["peak_MB"] = double(usage.ru_maxrss) / 1024;
}
#define SUPERLANE_SYSTEM_RUN(name, ...)              \
    BENCHMARK_CAPTURE(system_run, name, __VA_ARGS__) \
        ->Unit(benchmark::kMillisecond)              \
        ->MeasureProcessCPUTime()                    \
        ->UseRealTime()
SUPERLANE_SYSTEM_RUN(shared, 1, true, true);
SUPERLANE_SYSTEM_RUN(unshared_1_thread, 1, true, false);
SUPERLANE_SYSTEM_RUN(unshared_2_threads, 2, true, false);
SUPERLANE_SYSTEM_RUN(windows_1_thread, 1, false, false);
SUPERLANE_SYSTEM_RUN(windows_2_threads, 2, false, false);

}  // namespace

BENCHMARK_MAIN();
