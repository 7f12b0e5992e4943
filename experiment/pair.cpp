// SPDX-License-Identifier: Apache-2.0
// Puts together two pools: replicas of the weights, memory devices, the network between them, what all cost.
#include "experiment/pair.hpp"

#include "base/error.hpp"
#include "models/cost.hpp"
#include "serving/gpu_step_time.hpp"

namespace superlane::experiment {
namespace {

constexpr int64_t chips_per_port = 8;  // assumed: one network port for a node of chips

/// What holds the weights: one replica, and all of them.
struct WeightPool {
    std::shared_ptr<const serving::StepTime> time;
    std::string description;
    int64_t ports = 1, devices = 1;
    double usd_per_hour = 0, idle_watts = 0;
};

WeightPool gpu_weights(const MachineOptions& options, const LlmConfig& model) {
    const auto [count, name] = device_count(options.gpu);
    const int replicas = serving::offload_replicas(options.batches);
    if (count % replicas != 0)
        throw user_error(options.batches, " batches in flight take ", replicas,
                         " replicas of the weights, among which ", count, " ", name, " cannot be shared evenly");
    const models::Gpu gpu = models::load_gpu(name, options.overrides);
    const int tp = count / replicas;
    WeightPool pool{std::make_shared<serving::GpuWeights>(gpu, model, options.dtype, tp),
                    std::to_string(count) + " x " + gpu.name, tp, count};
    pool.idle_watts = serving::idle_watts(gpu, count);
    if (!options.prices.empty()) pool.usd_per_hour = count * models::load_prices(options.prices).usd_per_hour(gpu.name);
    return pool;
}

/// Chips that are never asked about a context: compiled for the shortest.
WeightPool chip_weights(const MachineOptions& options, const std::string& model) {
    if (options.batches > 2)
        throw user_error(options.batches, " batches in flight take ", options.batches - 1,
                         " replicas of the weights; a system is one: at most 2");
    MachineOptions chips = options;
    chips.memory.clear();
    chips.context = 2;
    ServingMachine machine = make_machine(chips, model, [] { return int64_t(2); });
    WeightPool pool{std::move(machine.time), machine.description,
                    (machine.devices + chips_per_port - 1) / chips_per_port, machine.devices};
    pool.usd_per_hour = machine.usd_per_hour;
    pool.idle_watts = machine.idle_watts;
    return pool;
}

}  // namespace

serving::StepCost PairTime::cost(const serving::StepShape& shape) const {
    const serving::OffloadParts parts = time_.parts(shape);
    weights_s_ += parts.weights_s;
    memory_s_ += parts.memory_s;
    return time_.cost(parts);
}

ServingMachine make_pair(const MachineOptions& options, const std::string& model) {
    const LlmConfig llm = find_llm(model);
    if (options.batches < 1) throw user_error("pipeline batches ", options.batches, ": must be at least 1");
    const auto [count, name] = device_count(options.memory);
    const WeightPool weights = options.gpu.empty() ? chip_weights(options, model) : gpu_weights(options, llm);
    serving::OffloadOptions pair;
    pair.weights = weights.time;
    pair.ports = int(weights.ports);
    pair.memory = models::load_gpu(name);
    pair.memory_devices = count;
    pair.dtype = options.gpu.empty() ? "fp16" : options.dtype;
    pair.network = models::find_pool_network(options.network);
    pair.batches = options.batches;
    pair.overlap = options.overlap;
    auto time = std::make_unique<PairTime>(pair, llm);
    const serving::MemoryPool& pool = time->pair().pool();
    ServingMachine machine;
    machine.description = weights.description + " with " + std::to_string(count) + " x " + pair.memory.name +
                          " for attention, " + options.network;
    machine.error_meaning = "of the pool of the weights";
    machine.kv_element_bytes = pool.kv_element_bytes();
    machine.kv_tokens = pool.kv_tokens();
    machine.page_tokens = int64_t(pair.memory.page_tokens);
    machine.pipeline_steps = options.batches;
    machine.even_steps = true;
    machine.idle_watts = weights.idle_watts + serving::idle_watts(pair.memory, count);
    machine.usd_per_hour = weights.usd_per_hour;
    machine.devices = weights.devices + count;
    if (!options.prices.empty())
        machine.usd_per_hour += count * models::load_prices(options.prices).usd_per_hour(pair.memory.name);
    machine.time = std::move(time);
    return machine;
}

}  // namespace superlane::experiment
