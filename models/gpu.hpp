// SPDX-License-Identifier: Apache-2.0
// A GPU as a roofline with measured efficiency: its parameters, the work of a model on it, and the time of one step.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace superlane {
struct LlmConfig;
}

namespace superlane::models {

/// Where a value came from.
struct GpuOrigin {
    std::string file, source, date, mark;  ///< file: name of the device, or "--set"
};

/// A published measurement of the device, fitted on or kept aside.
struct GpuPoint {
    bool step = false;   ///< a whole decode step; else the GEMMs of all layers alone
    bool check = false;  ///< kept aside
    std::string model, source;
    int tp = 1;
    int64_t tokens = 1;   ///< of a step: requests, one token each
    int64_t context = 0;  ///< tokens in the cache of each request
    double ms = 0;
};

struct Gpu {
    std::string name, description;
    double memory_gb = 0;
    double memory_tb_per_s = 0;
    double memory_usable = 0.9;
    double fp16_tflops = 0;
    double fp8_tflops = 0;
    double watts = 0;
    double idle_share = 0.12;
    double link_gb_per_s = 31.5;
    double link_group = 8;
    double page_tokens = 16;
    double gemm_bandwidth_share = 0.95;
    double gemm_compute_share = 0.74;
    double gemm_ramp_us = 5.6;
    double gemm_tile_tokens = 64;
    double attention_bandwidth_share = 0.86;
    double attention_compute_share = 0.5;
    double attention_ramp_us = 12;
    double kernel_us = 4.2;
    double kernel_bandwidth_share = 0.6;
    double all_reduce_us = 40;
    double all_reduce_share = 0.74;
    double step_us = 0;
    std::map<std::string, GpuOrigin> origins;  ///< by key; keys not here have their default
    std::vector<std::string> fitted;           ///< keys that `fit_gpu` finds from the points
    std::vector<GpuPoint> points;

    double memory_bytes_per_s() const { return memory_tb_per_s * 1e12; }
};

/// One parameter as users see it.
struct GpuParameterRow {
    std::string_view key;
    double low, high;
    std::string_view unit, mark, source, meaning;
    double Gpu::*member;
};
std::span<const GpuParameterRow> gpu_parameters();
/// UserError headed by `where` with the nearest key.
const GpuParameterRow& gpu_parameter(const std::string& key, const std::string& where);

/// Names of the GPUs that ship (models/gpus/*.json), sorted.
std::vector<std::string> gpu_names();
/// By name or path of a JSON file, then `key=value` overrides in order. UserError names file, key, value, what is
/// allowed and the nearest name.
Gpu load_gpu(const std::string& name_or_file, const std::vector<std::string>& overrides = {});

/// How weights and KV cache are stored.
struct GpuDtype {
    std::string_view name;
    double weight_bytes, kv_bytes;
    bool fp8_math;
    std::string_view meaning;
};
std::span<const GpuDtype> gpu_dtypes();

/// A product on one device, done `count` times in a step. With experts, `active` of them for each token.
struct GpuGemm {
    double inputs = 0, outputs = 0, count = 0;
    int experts = 0, active = 0;
};

/// What one of `tp` devices does for a model: plain counts, from which a step costs nanoseconds to time.
struct GpuWork {
    std::string model;
    GpuDtype dtype;
    int tp = 1;
    std::vector<GpuGemm> gemms;  ///< of all layers
    GpuGemm head;                ///< on one row a request
    int layers = 0;
    int windowed_layers = 0;      ///< of them, those whose attention sees `window` tokens
    int64_t window = 0;           ///< tokens
    double kv_bytes = 0;          ///< a token and layer
    double flops_per_pair = 0;    ///< attention of one layer, for a query token and a key token that it sees
    double kernels = 0;           ///< small kernels of a layer
    double kernel_bytes = 0;      ///< that they move, a token and layer
    double all_reduce_bytes = 0;  ///< a token and all-reduce, of which a layer has two
    double weight_bytes = 0;      ///< stored
};

/// UserError when tp does not divide the model or exceeds the group, or when the dtype is unknown or has no peak here.
GpuWork gpu_work(const Gpu& gpu, const LlmConfig& model, const std::string& dtype, int tp);
/// Tokens of KV cache that fit beside the weights; at most 0 when the weights do not fit.
int64_t kv_capacity_tokens(const Gpu& gpu, const GpuWork& work);

/// Requests of a step that are alike.
struct StepGroup {
    int64_t requests = 1;
    int64_t context = 0;     ///< tokens of each in the cache before the step
    int64_t new_tokens = 1;  ///< of each in this step: 1 to decode, more to prefill
};

/// Parts of a step, one after another, in seconds.
struct StepSeconds {
    double gemm = 0, attention = 0, all_reduce = 0, overhead = 0;
    double total() const { return gemm + attention + all_reduce + overhead; }
};
StepSeconds gpu_step(const Gpu& gpu, const GpuWork& work, std::span<const StepGroup> groups);

/// The parts of the parts, for those who time an attention pool or a weight pool alone; seconds.
double gemm_seconds(const Gpu& gpu, const GpuWork& work, const GpuGemm& gemm, double tokens);
double layers_gemm_seconds(const Gpu& gpu, const GpuWork& work, double tokens);
double attention_seconds(const Gpu& gpu, const GpuWork& work, std::span<const StepGroup> groups);
double all_reduce_seconds(const Gpu& gpu, int devices, double bytes);
double kernels_seconds(const Gpu& gpu, const GpuWork& work, double tokens);

struct GpuResidual {
    GpuPoint point;
    double model_ms = 0;
    double error() const { return model_ms / point.ms - 1; }
};
std::vector<GpuResidual> gpu_residuals(const Gpu& gpu);
/// Root mean square of the relative errors; 0 without points.
double rms_error(const std::vector<GpuResidual>& residuals, bool check);
/// The values of `gpu.fitted` that minimise the mean squared relative error over the points not kept aside, to four
/// digits; started from the defaults, so the result does not depend on what the file holds.
std::map<std::string, double> fit_gpu(const Gpu& gpu);

}  // namespace superlane::models
