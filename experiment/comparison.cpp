// SPDX-License-Identifier: Apache-2.0
// Runs the same requests on each machine, then again at other rates, and fills it with batches.
#include "experiment/comparison.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "models/cost.hpp"

namespace superlane::experiment {
namespace {

/// Steps of a pipeline share the requests; each token of a request takes a step's latency, or the whole round of steps
/// where these follow each other more slowly.
BatchPoint batch_point(const ServingMachine& machine, int64_t requests, int64_t context) {
    const int64_t steps = std::clamp<int64_t>(machine.pipeline_steps, 1, requests);
    serving::StepShape shape;
    for (int64_t i = 0; i < (requests + steps - 1) / steps; ++i) shape.add(context, 1);
    const serving::StepCost cost = machine.time->cost(shape);
    BatchPoint point{.requests = requests, .token_s = std::max(cost.latency_s, double(steps) * cost.interval_s)};
    point.usd_per_million_tokens = models::usd_per_million_tokens(machine.usd_per_hour, point.tokens_per_second());
    return point;
}

int64_t longest(const ComparisonOptions& options, const LlmConfig& model) {
    return std::max(longest_request(options.workload, model), options.batches.empty() ? 0 : options.batch_context + 1);
}

ComparedMachine compare(const ComparisonOptions& options, const MachineOptions& choice, const LlmConfig& model) {
    const ServingMachine machine =
        make_machine(choice, options.workload.model, [&] { return longest(options, model); });
    ComparedMachine result{.name = choice.name.empty() ? machine.description : choice.name,
                           .devices = machine.devices,
                           .usd_per_hour = machine.usd_per_hour};
    result.served = run_serve(options.workload, machine);
    for (const int64_t requests : options.batches)
        if (requests * (options.batch_context + 1) <= machine.kv_tokens)
            result.by_batch.push_back(batch_point(machine, requests, options.batch_context));
    ServeOptions other = options.workload;
    other.generated_arrivals = true;
    for (const double rate : options.rates) {
        other.arrivals.requests_per_s = rate;
        result.by_rate.push_back(run_serve(other, machine));
    }
    return result;
}

}  // namespace

ComparisonResult run_comparison(const ComparisonOptions& options, const std::function<void(const std::string&)>& tell) {
    const LlmConfig model = find_llm(options.workload.model);
    ComparisonResult result;
    Digest digest;
    for (const MachineOptions& choice : options.machines) {
        if (tell) tell(choice.name);
        result.machines.push_back(compare(options, choice, model));
        const ComparedMachine& machine = result.machines.back();
        digest.text(machine.name).number(machine.usd_per_hour).text(machine.served.digest);
        for (const BatchPoint& point : machine.by_batch) digest.number(point.requests).number(point.token_s);
        for (const ServeResult& each : machine.by_rate) digest.text(each.digest);
    }
    result.digest = digest.hex();
    return result;
}

}  // namespace superlane::experiment
