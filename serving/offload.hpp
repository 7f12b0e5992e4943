// SPDX-License-Identifier: Apache-2.0
// An offloaded pair as a machine: weights on one pool of devices, the KV cache and attention on another.
#pragma once
#include <memory>
#include <string>

#include "models/gpu.hpp"
#include "models/llm.hpp"
#include "models/pool_network.hpp"
#include "serving/pool_schedule.hpp"
#include "serving/step_time.hpp"

namespace superlane::serving {

/// A GPU group without its attention: the weight pool of a pair, or one replica of it.
class GpuWeights : public StepTime {
public:
    /// UserError when tp does not divide the model, or the weights do not fit.
    GpuWeights(models::Gpu gpu, const LlmConfig& model, const std::string& dtype, int tp);
    StepCost cost(const StepShape& shape) const override;

private:
    models::Gpu gpu_;
    models::GpuWork work_;
};

/// GPUs that hold the KV cache, split by heads.
class MemoryPool {
public:
    /// UserError when the devices cannot share the KV heads.
    MemoryPool(models::Gpu gpu, const LlmConfig& model, const std::string& dtype, int devices);
    double attention_s(const StepShape& shape) const;  ///< of all layers
    double merge_s() const { return 1e-6 * gpu_.kernel_us; }
    int64_t kv_tokens() const;
    int devices() const { return devices_; }
    const models::Gpu& gpu() const { return gpu_; }
    double kv_element_bytes() const { return work_.dtype.kv_bytes; }

private:
    models::Gpu gpu_;
    models::GpuWork work_;  ///< of one device
    int devices_;
};

struct OffloadOptions {
    /// One replica of the weights, on any machine: its step with empty caches is taken as everything but attention.
    std::shared_ptr<const StepTime> weights;
    int ports = 1;  ///< network ports of one replica: its devices
    models::Gpu memory;
    int memory_devices = 1;
    std::string dtype = "fp16";  ///< of the cache, as models::gpu_dtypes() say
    models::PoolNetwork network;
    int batches = 2;  ///< in flight; with more than one there is one replica fewer
    bool overlap = true;
};
/// Replicas of the weights for so many batches in flight.
constexpr int offload_replicas(int batches) { return batches > 1 ? batches - 1 : 1; }

/// Parts of one step when all batches in flight are alike.
struct OffloadParts {
    double weights_s = 0, attention_s = 0;  ///< t_m and t_a: one batch, all layers
    double memory_s = 0;                    ///< t_a and the merges: what the memory pool works
    double network_s = 0;                   ///< what the network adds to a batch alone, after overlap
    double alone_s = 0;                     ///< one batch in flight
    PoolTimes together;                     ///< all batches in flight
    double bytes = 0;                       ///< between the pools
    double weights_joules = 0;
};

class OffloadStepTime : public StepTime {
public:
    /// UserError when the memory devices cannot share the KV heads, or batches is below 1.
    OffloadStepTime(const OffloadOptions& options, const LlmConfig& model);

    /// latency: of a batch alone; interval: so that as many batches as there are in flight take the time that the
    /// schedule of them all says. A server with `batches` steps in flight then has the longer of both.
    StepCost cost(const StepShape& shape) const override { return cost(parts(shape)); }
    StepCost cost(const OffloadParts& parts) const;
    double error_bound() const override { return options_.weights->error_bound(); }
    OffloadParts parts(const StepShape& shape) const;
    const MemoryPool& pool() const { return pool_; }
    int ports() const { return options_.ports; }
    double bytes_per_token() const { return layers_ * (query_bytes_ + rows_bytes_ + result_bytes_); }

private:
    OffloadOptions options_;
    MemoryPool pool_;
    int layers_;
    double query_bytes_ = 0, rows_bytes_ = 0, result_bytes_ = 0, kept_bytes_ = 0;  ///< a token and layer
    std::vector<double> slice_shares_, late_shares_;                               ///< of a step without attention
};

/// Bytes a second between the pools with which the network takes `slowdown` of the time of a step without it.
double needed_bytes_per_s(double bytes, double weights_s, double attention_s, double slowdown = 0.2);

}  // namespace superlane::serving
