// SPDX-License-Identifier: Apache-2.0
// Speed of the engine on weight streaming: 64 weight vectors a cycle into four planes, 2,000 tiles of 320 x 320 int8.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdlib>
#include <new>
#include <random>

#include "sim/machine.hpp"
#include "tests/sim/weight_streaming.hpp"

namespace {
size_t live_bytes = 0, peak_bytes = 0;
}

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // both are replaced, by malloc and free

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

constexpr int tiles_per_plane = 500;

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
    const auto program = sim::prepare(chip, weight_streaming(chip, tiles_per_plane));
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
    const isa::Program program = weight_streaming(chip, tiles_per_plane);
    for (auto _ : state) benchmark::DoNotOptimize(sim::prepare(chip, program));
}
BENCHMARK(preparation)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
