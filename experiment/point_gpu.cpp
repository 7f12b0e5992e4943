// SPDX-License-Identifier: Apache-2.0
// Design points on GPUs: one step of a model by the roofline model, priced by the hour.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/point.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane::experiment {
namespace {

bool is_gpu_parameter(const std::string& name) {
    for (const models::GpuParameterRow& row : models::gpu_parameters())
        if (row.key == name) return true;
    return false;
}

}  // namespace

GpuStepOptions gpu_point(const nlohmann::json& values, const std::string& where) {
    const JsonObject from(values, where);
    GpuStepOptions options;
    options.gpu = from.text("gpu");
    options.model = from.text("model");
    options.dtype = from.text_or("dtype", options.dtype);
    options.tp = int(from.integer_or("tp", options.tp, 1, 1024));
    options.batch = from.integer_or("batch", options.batch, 1, 1 << 20);
    options.context = from.integer_or("context", 256, 1, 1 << 24);
    options.new_tokens = from.integer_or("new_tokens", options.new_tokens, 1, options.context);
    const std::vector<std::string> own = {"gpu", "model", "dtype", "tp", "batch", "context", "new_tokens", "prices"};
    for (const auto& [name, value] : values.items()) {
        if (value.is_null()) continue;
        if (is_gpu_parameter(name)) {
            if (!value.is_number()) from.fail(name, "is not a number");
            options.overrides.push_back(name + "=" + plain_number(value));
        } else if (std::find(own.begin(), own.end(), name) == own.end()) {
            throw user_error(where, ": axis '", name, "' is not of a point with 'gpu'", nearest_hint(name, own));
        }
    }
    return options;
}

Json resolved_gpu_json(const GpuStepOptions& options, const models::PriceSet& prices) {
    const models::Gpu gpu = models::load_gpu(options.gpu, options.overrides);
    Json json = {{"version", full_version()}, {"model", superlane::to_json(find_llm(options.model))}};
    json["options"] = {{"dtype", options.dtype},
                       {"tp", options.tp},
                       {"batch", options.batch},
                       {"context", options.context},
                       {"new_tokens", options.new_tokens}};
    Json parameters = Json::object();
    for (const models::GpuParameterRow& row : models::gpu_parameters())
        parameters[std::string(row.key)] = gpu.*row.member;
    json["parameters"] = std::move(parameters);
    if (!prices.name.empty()) json["usd_per_hour"] = prices.usd_per_hour(gpu.name);
    return json;
}

Json gpu_metrics(const GpuStepOptions& options, const models::PriceSet& prices) {
    const GpuStepResult result = time_gpu_step(options);
    if (result.kv_tokens > result.kv_capacity_tokens)
        throw user_error("model '", options.model, "' with ", result.kv_tokens,
                         " tokens of keys and values does not fit ", options.tp, " x ", result.gpu.name,
                         ": there is room for ", std::max<int64_t>(0, result.kv_capacity_tokens));
    Json metrics = gpu_step_json(options, result, {});
    for (const char* name : {"version", "command", "gpu", "model", "dtype", "parameters"}) metrics.erase(name);
    const double speed = result.tokens_per_second(options);
    metrics["latency_us_per_token"] = 1e6 * result.step.total();
    metrics["throughput_tokens_per_second"] = speed;
    if (prices.name.empty()) return metrics;
    metrics["usd_per_hour"] = options.tp * prices.usd_per_hour(result.gpu.name);
    metrics["usd_per_million_tokens"] = models::usd_per_million_tokens(metrics["usd_per_hour"], speed);
    return metrics;
}

}  // namespace superlane::experiment
