// SPDX-License-Identifier: Apache-2.0
// Runs pair and baseline on the same requests.
#include "experiment/offload.hpp"

#include <cmath>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/pair.hpp"

namespace superlane::experiment {
namespace {

/// Of a port of the compute pool.
double gb_per_s_needed(const PairTime& time, const serving::OffloadParts& parts) {
    return serving::needed_bytes_per_s(parts.bytes, parts.weights_s, parts.attention_s) / 1e9 / time.pair().ports();
}

serving::StepShape alike(int64_t requests, int64_t context) {
    serving::StepShape shape;
    for (int64_t i = 0; i < requests; ++i) shape.add(context, 1);
    return shape;
}

/// A step as the mean of the run, which says where time goes.
void add_mean_step(const OffloadRunOptions& options, const PairTime& time, OffloadResult& result) {
    const serving::Timeline::Interval total = result.pair.served.timeline.total();
    const double batches = options.workload.machine.batches;
    result.step_requests = std::max<int64_t>(1, std::llround(result.pair.mean_requests() / batches));
    result.context = std::max<int64_t>(
        1, std::llround(total.kv_page_seconds * result.pair.server.page_tokens / total.request_seconds));
    result.parts = time.pair().parts(alike(result.step_requests, result.context));
    result.gb_per_s_needed = gb_per_s_needed(time, result.parts);
}

void add_use(const OffloadRunOptions& options, const PairTime& time, OffloadResult& result) {
    const double elapsed_s = result.pair.served.elapsed_s();
    result.compute_busy = time.weights_s() / (elapsed_s * serving::offload_replicas(options.workload.machine.batches));
    result.memory_busy = time.memory_s() / elapsed_s;
    SUPERLANE_CHECK(result.compute_busy <= 1 + 1e-9 && result.memory_busy <= 1 + 1e-9, result.compute_busy,
                    result.memory_busy);
}

FaultCost fault_cost(const OffloadRunOptions& options, const ServeResult& with) {
    ServeOptions workload = options.workload;
    workload.server.faults.clear();
    const ServeResult without = run_serve(workload);
    return {with.served.elapsed_s() - without.served.elapsed_s(),
            with.served.computed_tokens - without.served.computed_tokens, with.usd - without.usd};
}

}  // namespace

std::vector<BandwidthPoint> needed_bandwidth(const MachineOptions& pair, const std::string& model) {
    constexpr int64_t most_requests = 512, most_context = 16384;
    const ServingMachine machine = make_pair(pair, model);
    const auto& time = dynamic_cast<const PairTime&>(*machine.time);
    std::vector<BandwidthPoint> points;
    for (int64_t context = 512; context <= most_context; context *= 2)
        for (int64_t requests = 8; requests <= most_requests; requests *= 2)
            points.push_back({requests, context, gb_per_s_needed(time, time.pair().parts(alike(requests, context)))});
    return points;
}

OffloadRunOptions with_better_batches(OffloadRunOptions options) {
    int& batches = options.workload.machine.batches;
    if (batches != better_batches) return options;
    ServeOptions workload = options.workload;
    workload.server.faults.clear();
    const auto speed = [&](int some) {
        workload.machine.batches = some;
        return run_serve(workload).tokens_per_second();
    };
    batches = speed(2) > speed(1) ? 2 : 1;
    return options;
}

OffloadResult run_offload(const OffloadRunOptions& options) {
    OffloadResult result;
    const ServeOptions& workload = options.workload;
    const ServingMachine pair = make_pair(workload.machine, workload.model);
    const auto& time = dynamic_cast<const PairTime&>(*pair.time);
    result.pair = run_serve(workload, pair);
    result.pair_usd_per_hour = pair.usd_per_hour;
    add_use(options, time, result);
    add_mean_step(options, time, result);
    Digest digest;
    digest.text(result.pair.digest);
    if (!options.baseline.gpu.empty()) {
        ServeOptions beside = workload;
        beside.machine = options.baseline;
        beside.server.faults.clear();
        const ServingMachine baseline = make_machine(beside.machine, beside.model, [] { return int64_t(0); });
        result.baseline_usd_per_hour = baseline.usd_per_hour;
        result.baseline = run_serve(beside, baseline);
        digest.text(result.baseline->digest);
    }
    if (!workload.server.faults.empty()) result.faults = fault_cost(options, result.pair);
    result.digest = digest.hex();
    return result;
}

}  // namespace superlane::experiment
