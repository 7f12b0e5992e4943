// SPDX-License-Identifier: Apache-2.0
// Runs a design point: the numbers of its result, and the area and price of its chips.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/point.hpp"
#include "models/chip_cost.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

/// Numbers by name, those of objects behind a point; texts and lists are no metrics.
void add_numbers(Json& metrics, const Json& json, const std::string& prefix) {
    for (const auto& [name, value] : json.items()) {
        if (value.is_object())
            add_numbers(metrics, value, prefix + name + ".");
        else if (value.is_number())
            metrics[prefix + name] = value;
    }
}

void add_cost(Json& metrics, const Point& point, const DecodeResult& result) {
    const models::Chip& chip = point.decode.chip;
    const double die = models::die_mm2(chip), watts = models::sum(models::chip_power(chip));
    const models::ChipCost cost = models::chip_cost(point.prices.parameters, die, watts);
    const int chips = result.system ? result.system->chips : 1;
    const double speed = result.system ? result.system->throughput_tokens_per_second : result.tokens_per_second(chip);
    metrics["die_mm2"] = die;
    metrics["area_mm2"] = die * chips;
    metrics["full_rate_watts"] = watts * chips;
    metrics["chip_usd"] = cost.chip_usd();
    metrics["usd_per_hour"] = cost.usd_per_hour() * chips;
    if (speed > 0)
        metrics["usd_per_million_tokens"] = models::usd_per_million_tokens(cost.usd_per_hour() * chips, speed);
}

}  // namespace

Json point_metrics(const Point& point) {
    if (point.gpu) return gpu_metrics(*point.gpu, point.prices);
    const DecodeResult result = run_decode(point.decode);
    Json json = result_json(point.decode, result, {});
    for (const char* name : {"simulator", "configuration", "parameters", "text", "tokens"}) json.erase(name);
    if (json.contains("speculation")) json["speculation"].erase("simulator");
    Json metrics = Json::object();
    add_numbers(metrics, json, "");
    metrics["cycles_per_token"] = result.mean_cycles();
    metrics["weight_bound_ratio"] = result.mean_cycles() / result.weight_bound(point.decode.chip);
    metrics["energy_per_token"] = result.energy_per_token();
    add_cost(metrics, point, result);
    return metrics;
}

Json evaluate_point(const std::string& text, const std::string& where, bool resolve) {
    try {
        const Point point = parse_point(parse_json(text, where), where);
        const Json resolved = resolved_json(point);
        Json json = {{"key", point_key(resolved)}, {"point", resolved}};
        if (!resolve) json["metrics"] = point_metrics(point);
        return json;
    } catch (const UserError& error) {
        return {{"error", error.what()}};
    } catch (const InternalError& error) {
        return {{"error", std::string("internal error: ") + error.what()}};
    }
}

}  // namespace superlane::experiment
