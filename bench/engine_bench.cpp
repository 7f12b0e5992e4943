// SPDX-License-Identifier: Apache-2.0
// Speed of the engine on weight streaming: 64 weight vectors a cycle into four planes, 2,000 tiles of 320 x 320 int8.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <random>

#include "sim/machine.hpp"
#include "tests/sim/program_builder.hpp"

namespace {
size_t live_bytes = 0, peak_bytes = 0;
}

void* operator new(size_t size) {
    void* memory = std::malloc(size);
    if (!memory) throw std::bad_alloc();
    live_bytes += malloc_usable_size(memory);
    peak_bytes = std::max(peak_bytes, live_bytes);
    return memory;
}
void operator delete(void* memory) noexcept {
    live_bytes -= malloc_usable_size(memory);
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace {

using namespace superlane;
using namespace superlane::test;

constexpr int tiles_per_plane = 500, period = 22, group = 4;

/// Per plane and tile: a burst of 20 on each of 16 streams, then one activation on the first of them, install, product. The
/// accumulator sums `group` tiles; each sum is written back to four slices.
isa::Program weight_streaming(const models::Chip& chip) {
    ProgramBuilder program(chip);
    const isa::Floorplan plan = chip.floorplan();
    const isa::Timing& t = chip.timing;
    const int in_flight = t.mxm_activation_in + t.mxm_multiply;
    for (const Side side : {west, east}) {
        const auto leave = [&](int64_t cycle, int slice) { return cycle - std::abs(plan.mxm_in(side) - plan.mem(side, slice)) - t.mem_read; };
        for (int plane = 0; plane < 2; ++plane)
            for (int tile = 0; tile < tiles_per_plane; ++tile) {
                const int64_t load = 64 + int64_t(tile) * period;  // first LW
                for (int k = 0; k < 16; ++k) {
                    const int slice = plane * 16 + k;
                    program.at(leave(load, slice), program.mem(side, slice), read(tile % 400 * 20, isa::stream(side, slice)), 20, 1, 1);
                }
                program.at(load, program.weights(side, plane), lw(isa::stream(side, plane * 16), 16), 20);
                const int64_t enter = load + 20 + period;  // in the gap of the next tile's weights
                program.at(load + 21, program.activations(side, plane), iw());
                const int slice = 40 + plane;
                program.at(leave(enter, slice), program.mem(side, slice), read(tile, isa::stream(side, plane * 16)));
                program.at(enter, program.activations(side, plane), abc(isa::stream(side, plane * 16)));
                const int64_t sum = enter + in_flight;
                program.at(sum, program.accumulate(side, plane), tile % group == 0 ? acc_set(0) : acc_add(0));
                if (tile % group != group - 1) continue;
                const Side inward = isa::opposite(side);
                program.at(sum + 1, program.accumulate(side, plane), emit(0, isa::stream(inward, plane * 4)));
                for (int k = 0; k < 4; ++k) {
                    const int to = 32 + plane * 4 + k;
                    const int64_t cycle = sum + 1 + t.mxm_accumulate_out + std::abs(plan.mxm_out(side) - plan.mem(side, to));
                    program.at(cycle, program.mem(side, to), write(4096 + tile / group, isa::stream(inward, plane * 4 + k)));
                }
            }
    }
    return program.build();
}

void fill(sim::Machine& machine) {
    const models::Chip& chip = machine.chip();
    std::mt19937 random(1);
    std::vector<uint8_t> bytes(size_t(chip.lanes()) * 8000);
    for (uint8_t& byte : bytes) byte = uint8_t(random());
    for (const Side side : {west, east})
        for (int slice = 0; slice < 42; ++slice) machine.write(side, slice, 0, bytes);
}

void engine(benchmark::State& state, sim::Engine engine, sim::Data data) {
    const models::Chip chip;
    const auto program = sim::prepare(chip, weight_streaming(chip));
    const size_t before = live_bytes;
    peak_bytes = live_bytes;
    sim::Options options;
    options.engine = engine;
    options.data = data;
    sim::Machine machine(chip, options);
    if (data == sim::Data::Functional) fill(machine);
    sim::RunResult result;
    for (auto _ : state) {
        result = machine.run(program);
        benchmark::DoNotOptimize(result);
    }
    if (!result.hazards.empty()) state.SkipWithError(result.hazards[0].message().c_str());
    const double cycles = double(result.cycles) * double(state.iterations());
    state.counters["chip_cycles"] = double(result.cycles);
    state.counters["chip_cycles/s"] = benchmark::Counter(cycles, benchmark::Counter::kIsRate);
    state.counters["MAC/s"] = benchmark::Counter(double(result.counters.macs_int8()) * double(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["instruction_cycles"] = double(result.counters.instructions);
    state.counters["chip_bytes"] = double(peak_bytes - before);  // machine, run and SystemC, without the program
}
BENCHMARK_CAPTURE(engine, fast_timing, sim::Engine::Fast, sim::Data::TimingOnly)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(engine, fast_functional, sim::Engine::Fast, sim::Data::Functional)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(engine, kernel_timing, sim::Engine::Kernel, sim::Data::TimingOnly)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(engine, kernel_functional, sim::Engine::Kernel, sim::Data::Functional)->Unit(benchmark::kMillisecond);

void preparation(benchmark::State& state) {
    const models::Chip chip;
    const isa::Program program = weight_streaming(chip);
    for (auto _ : state) benchmark::DoNotOptimize(sim::prepare(chip, program));
}
BENCHMARK(preparation)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
