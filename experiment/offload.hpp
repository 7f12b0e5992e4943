// SPDX-License-Identifier: Apache-2.0
// An offloaded pair under a stream of requests, beside GPUs that hold everything, and what faults cost it.
#pragma once
#include <optional>

#include "experiment/serve.hpp"
#include "serving/offload.hpp"

namespace superlane::experiment {

struct OffloadRunOptions {
    ServeOptions workload;    ///< its machine is the pair
    MachineOptions baseline;  ///< without gpu: none
};

/// Against the same run without faults.
struct FaultCost {
    double seconds = 0;
    int64_t tokens = 0;  ///< computed anew
    double usd = 0;
};

struct OffloadResult {
    ServeResult pair;
    std::optional<ServeResult> baseline;
    double compute_busy = 0, memory_busy = 0;  ///< shares of the run
    int64_t step_requests = 0, context = 0;    ///< of a step in the mean
    serving::OffloadParts parts;               ///< of such a step
    double gb_per_s_needed = 0;                ///< of a port, for such steps
    std::optional<FaultCost> faults;
    double pair_usd_per_hour = 0, baseline_usd_per_hour = 0;
    std::string digest;

    double throughput_ratio() const { return pair.tokens_per_second() / baseline->tokens_per_second(); }
    double batch_ratio() const { return pair.mean_requests() / baseline->mean_requests(); }
    double per_usd_ratio() const { return throughput_ratio() * baseline_usd_per_hour / pair_usd_per_hour; }
};

constexpr int better_batches = 0;  ///< of a machine: those of with_better_batches()
/// The options with one or two batches in flight, whichever serves more tokens/s; as they are where batches are given.
OffloadRunOptions with_better_batches(OffloadRunOptions options);

/// UserError names file, key or option.
OffloadResult run_offload(const OffloadRunOptions& options);

/// What a port of the compute pool needs for the network to take a fifth of a step.
struct BandwidthPoint {
    int64_t requests = 0, context = 0;
    double gb_per_s = 0;
};
/// Over requests and contexts by powers of two, by context, then by requests.
std::vector<BandwidthPoint> needed_bandwidth(const MachineOptions& pair, const std::string& model);
Json bandwidth_json(const std::vector<BandwidthPoint>& points, const std::vector<std::string>& command);

OffloadRunOptions offload_options(const nlohmann::json& result, const std::string& file);
Json result_json(const OffloadRunOptions& options, const OffloadResult& result,
                 const std::vector<std::string>& command);

}  // namespace superlane::experiment
