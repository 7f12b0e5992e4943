// SPDX-License-Identifier: Apache-2.0
// How long the compiler takes: one Llama-2-7B layer, a decode step of the shipped model, a product; cycles of the
// result beside.
#include <benchmark/benchmark.h>

#include "compiler/gemm.hpp"
#include "compiler/llama.hpp"

namespace {

using namespace superlane;
using namespace superlane::compiler;

void report(benchmark::State& state, int64_t cycles, uint64_t text_bytes) {
    state.counters["program_cycles"] = double(cycles);
    state.counters["text_bytes"] = double(text_bytes);
}

void layer_7b(benchmark::State& state) {
    LlmConfig config = find_llm("llama-2-7b");
    config.layers = 1;
    const LlamaOptions options{.int8 = true, .context = 512, .embedding = false, .head = false};
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), config, options);
    CompiledStep step;
    for (auto _ : state) step = compiler.compile({{0, 511}});
    report(state, step.cycles, step.program().instruction_bytes());
}
BENCHMARK(layer_7b)->Unit(benchmark::kMillisecond);

void tiny_step(benchmark::State& state) {
    const LlmConfig config = find_llm(SUPERLANE_SOURCE_DIR "/examples/tiny-llama");
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), config, {.context = 256});
    CompiledStep step;
    for (auto _ : state) step = compiler.compile({{.request = 0, .position = 200, .feed_back = true, .logits = true}});
    report(state, step.cycles, step.program().instruction_bytes());
}
BENCHMARK(tiny_step)->Unit(benchmark::kMillisecond);

void product_4096(benchmark::State& state) {
    const models::Chip chip = models::load_chip("tsp-v1");
    Gemm gemm;
    for (auto _ : state) gemm = compile_gemm(chip, 1, 4096, 4096, false, {});
    report(state, gemm.cycles, gemm.program.instruction_bytes());
    state.counters["share_of_stream_bound"] =
        double(gemm.useful_weight_bytes) / double(gemm.cycles) / chip.stream_bytes_per_cycle();
}
BENCHMARK(product_4096)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
