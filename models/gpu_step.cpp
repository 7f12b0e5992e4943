// SPDX-License-Identifier: Apache-2.0
// Time of a step on a GPU; every formula stands in docs/gpus.md under the name of its function.
#include <algorithm>
#include <cmath>

#include "models/gpu.hpp"

namespace superlane::models {
namespace {

constexpr double row_bytes = 2;  // activations are fp16 whatever the weights are

double round_up(double value, double unit) { return std::ceil(value / unit) * unit; }

/// Two limits that kernels near the knee feel both of.
double knee(double memory_s, double math_s) { return std::sqrt(memory_s * memory_s + math_s * math_s); }

double peak_flops(const Gpu& gpu, const GpuWork& work) {
    return 1e12 * (work.dtype.fp8_math ? gpu.fp8_tflops : gpu.fp16_tflops);
}

/// Key tokens seen by all query tokens of one request, in a layer that sees `window` (0 = all).
double seen_pairs(const StepGroup& group, int64_t window) {
    const double first = double(group.context) + 1, last = double(group.context + group.new_tokens);
    if (window == 0 || last <= double(window)) return (first + last) / 2 * double(group.new_tokens);
    if (first >= double(window)) return double(window) * double(group.new_tokens);
    const double growing = double(window) - first + 1;
    return (first + double(window)) / 2 * growing + double(window) * (double(group.new_tokens) - growing);
}

/// Attention of one layer.
double layer_attention(const Gpu& gpu, const GpuWork& work, std::span<const StepGroup> groups, int64_t window) {
    double bytes = 0, flops = 0;
    for (const StepGroup& group : groups) {
        const double held = double(group.context + group.new_tokens);
        const double read = window == 0 ? held : std::min(held, double(window + group.new_tokens - 1));
        bytes += double(group.requests) * round_up(read, gpu.page_tokens) * work.kv_bytes;
        flops += double(group.requests) * seen_pairs(group, window) * work.flops_per_pair;
    }
    if (flops == 0) return 0;
    return knee(bytes / (gpu.memory_bytes_per_s() * gpu.attention_bandwidth_share),
                flops / (gpu.fp16_tflops * 1e12 * gpu.attention_compute_share)) +
           1e-6 * gpu.attention_ramp_us;
}

}  // namespace

double gemm_seconds(const Gpu& gpu, const GpuWork& work, const GpuGemm& gemm, double tokens) {
    if (tokens <= 0) return 0;
    double matrices = 1, rows = tokens;  // rows: of each matrix
    if (gemm.experts > 0) {              // experts that uniform choices hit, and what each of them gets
        matrices = gemm.experts * (1 - std::pow(1 - double(gemm.active) / gemm.experts, tokens));
        rows = tokens * gemm.active / matrices;
    }
    const double weights = gemm.inputs * gemm.outputs;
    const double bytes =
        matrices * (weights * work.dtype.weight_bytes + rows * (gemm.inputs + gemm.outputs) * row_bytes);
    const double flops = matrices * 2 * weights * round_up(rows, gpu.gemm_tile_tokens);
    return gemm.count * (knee(bytes / (gpu.memory_bytes_per_s() * gpu.gemm_bandwidth_share),
                              flops / (peak_flops(gpu, work) * gpu.gemm_compute_share)) +
                         1e-6 * gpu.gemm_ramp_us);
}

double layers_gemm_seconds(const Gpu& gpu, const GpuWork& work, double tokens) {
    double seconds = 0;
    for (const GpuGemm& gemm : work.gemms) seconds += gemm_seconds(gpu, work, gemm, tokens);
    return seconds;
}

double attention_seconds(const Gpu& gpu, const GpuWork& work, std::span<const StepGroup> groups) {
    double seconds = 0;
    if (work.windowed_layers > 0) seconds += work.windowed_layers * layer_attention(gpu, work, groups, work.window);
    const int full = work.layers - work.windowed_layers;
    if (full > 0) seconds += full * layer_attention(gpu, work, groups, 0);
    return seconds;
}

double all_reduce_seconds(const Gpu& gpu, int devices, double bytes) {
    if (devices <= 1) return 0;
    const double on_links = 2.0 * (devices - 1) / devices * bytes;
    return 1e-6 * gpu.all_reduce_us + on_links / (gpu.link_gb_per_s * 1e9 * gpu.all_reduce_share);
}

double kernels_seconds(const Gpu& gpu, const GpuWork& work, double tokens) {
    const double moved = tokens * work.kernel_bytes / (gpu.memory_bytes_per_s() * gpu.kernel_bandwidth_share);
    return work.layers * std::max(1e-6 * gpu.kernel_us * work.kernels, moved);
}

StepSeconds gpu_step(const Gpu& gpu, const GpuWork& work, std::span<const StepGroup> groups) {
    double tokens = 0, requests = 0;
    for (const StepGroup& group : groups) {
        tokens += double(group.requests) * double(group.new_tokens);
        requests += double(group.requests);
    }
    if (tokens == 0) return {};
    StepSeconds step;
    step.gemm = layers_gemm_seconds(gpu, work, tokens) + gemm_seconds(gpu, work, work.head, requests);
    step.attention = attention_seconds(gpu, work, groups);
    step.all_reduce = 2 * work.layers * all_reduce_seconds(gpu, work.tp, tokens * work.all_reduce_bytes);
    step.overhead = kernels_seconds(gpu, work, tokens) + 1e-6 * gpu.step_us;
    return step;
}

}  // namespace superlane::models
