// SPDX-License-Identifier: Apache-2.0
// Reads design points through the reader of workload files, and says what decides their figures.
#include "experiment/point.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/workload.hpp"
#include "models/json_file.hpp"
#include "models/system.hpp"

namespace superlane::experiment {
namespace {

struct PointAxis {
    const char *name, *place, *value, *meaning;
};
constexpr PointAxis point_axes[] = {
#define AXIS(name, place, value, meaning) {#name, place, value, meaning},
#include "experiment/point_axes.def"
#undef AXIS
};
constexpr const char* prices_axis = "prices";
constexpr int default_context = 256;

template <class Row>
Axis parameter_axis(const Row& row, const char* table, double value) {
    return {.name = std::string(row.key),
            .table = table,
            .unit = std::string(row.unit),
            .value = plain_number(value),
            .meaning = std::string(row.meaning),
            .mark = std::string(row.mark),
            .numeric = true,
            .low = row.low,
            .high = row.high};
}

template <class Row, class Owner>
Axis whole_or_not(const Row& row, const char* table, const Owner& defaults) {
    Axis axis = parameter_axis(row, table, row.get(defaults));
    axis.whole = row.whole;
    return axis;
}

/// Where a value goes in the workload file; a system given as a number is its number of chips.
void put_value(nlohmann::json& workload, const std::string& name, const nlohmann::json& value) {
    for (const PointAxis& axis : point_axes)
        if (name == axis.name) {
            const bool chips = name == "system" && value.is_number_integer();
            workload[nlohmann::json::json_pointer(axis.place)] = chips ? nlohmann::json(value.dump()) : value;
            return;
        }
    workload["parameters"][name.starts_with("chip.") ? name.substr(5) : name] = value;
}

/// A point without a position is a token at the end of its context.
void give_defaults(nlohmann::json& workload) {
    workload["workload"] = 1;
    workload["options"]["timing_only"] = true;
    nlohmann::json& decode = workload["decode"];
    if (!decode.contains("tokens")) decode["tokens"] = 1;
    if (!decode.contains("batch")) decode["batch"] = 1;
    if (!workload["options"].contains("context")) workload["options"]["context"] = default_context;
    const nlohmann::json &context = workload["options"]["context"], &tokens = decode["tokens"];
    if (!decode.contains("position") && context.is_number_integer() && tokens.is_number_integer())
        decode["position"] = std::max(int64_t(0), context.get<int64_t>() - tokens.get<int64_t>());
}

void check_axis_name(const std::string& name, const std::string& where) {
    std::vector<std::string> names;
    for (const Axis& axis : all_axes()) names.push_back(axis.name);
    const auto known = [&](const std::string& text) {
        return std::find(names.begin(), names.end(), text) != names.end();
    };
    if (!known(name) && !(name.starts_with("chip.") && known(name.substr(5))))
        throw user_error(where, ": unknown axis '", name, "'", nearest_hint(name, names),
                         "; `superlane describe axes` lists them");
}

void set_prices(models::PriceSet& prices, const nlohmann::json& values, const std::string& where) {
    const JsonObject from(values, where);
    if (from.has(prices_axis)) prices = models::load_prices(from.text(prices_axis));
    for (const auto& [name, value] : values.items()) {
        if (value.is_null() || !models::is_cost_parameter(name)) continue;
        if (!value.is_number()) from.fail(name, "is not a number");
        models::set_cost_parameter(prices, name, value, where, "point");
    }
}

/// Cables with their latencies: what names and parameters of a topology come to.
std::string wiring(const models::System& system) {
    Digest digest;
    digest.number(system.chips).number(system.chips_per_node).number(system.nodes_per_rack);
    for (const models::Cable& cable : system.cables)
        for (size_t end = 0; end < 2; ++end)
            digest.number(cable.ends[end].chip).number(cable.ends[end].link).number(cable.latency_cycles[end]);
    return digest.hex();
}

template <class Row, class Owner>
void add_values(Json& json, std::span<const Row> rows, const Owner& owner) {
    for (const Row& row : rows) {
        const double value = row.get(owner);
        json[std::string(row.key)] = row.whole ? Json(int64_t(std::llround(value))) : Json(value);
    }
}

Json options_json(const DecodeOptions& options) {
    Json json = to_json(options);
    for (const char* name : {"model", "engine", "system", "compare", "calibrated", "timing_only"}) json.erase(name);
    if (json.contains("speculation")) json["speculation"].erase("draft");
    for (const SplitMember& member : split_members)  // on one chip a split is 1, or a mistake that its key must tell
        json["split"][member.name] = std::max(options.split.*member.value, options.system ? 0 : 1);
    json["in_flight"] = options.in_flight;
    return json;
}

}  // namespace

std::vector<Axis> all_axes() {
    std::vector<Axis> axes;
    for (const PointAxis& row : point_axes)
        axes.push_back({.name = row.name, .table = "point", .value = row.value, .meaning = row.meaning});
    axes.push_back({.name = prices_axis, .table = "point", .value = "none", .meaning = "a price set or its JSON file"});
    axes.push_back({.name = "gpu",
                    .table = "gpu",
                    .value = "none",
                    .meaning = "a GPU by name or its JSON file, instead of chips"});
    axes.push_back({.name = "new_tokens",
                    .table = "gpu",
                    .value = "1",
                    .meaning = "on a GPU: tokens of each request in the step"});
    for (const auto& row : models::chip_parameters()) axes.push_back(whole_or_not(row, "chip", models::Chip()));
    for (const auto& row : models::system_parameters()) axes.push_back(whole_or_not(row, "system", models::System()));
    const models::CostParameters cost;
    for (const auto& row : models::cost_parameters()) axes.push_back(parameter_axis(row, "cost", cost.*row.member));
    const models::Gpu gpu;
    for (const auto& row : models::gpu_parameters()) axes.push_back(parameter_axis(row, "gpu", gpu.*row.member));
    return axes;
}

Json axes_json() {
    Json all = Json::array();
    for (const Axis& axis : all_axes()) {
        Json json = {{"name", axis.name}, {"table", axis.table}, {"default", axis.value}, {"meaning", axis.meaning}};
        if (axis.numeric)
            json.update({{"unit", axis.unit},
                         {"low", axis.low},
                         {"high", axis.high},
                         {"whole", axis.whole},
                         {"mark", axis.mark}});
        all.push_back(std::move(json));
    }
    return all;
}

Point parse_point(const nlohmann::json& values, const std::string& where) {
    const JsonObject from(values, where);
    for (const auto& [name, value] : values.items()) check_axis_name(name, where);
    Point point;
    set_prices(point.prices, values, where);
    if (from.has("gpu")) {
        point.gpu = gpu_point(values, where);
        return point;
    }
    nlohmann::json workload;
    for (const auto& [name, value] : values.items())
        if (!value.is_null() && name != prices_axis && !models::is_cost_parameter(name))
            put_value(workload, name, value);
    give_defaults(workload);
    point.decode = std::get<DecodeOptions>(parse_workload(workload, where));
    return point;
}

Json resolved_json(const Point& point) {
    if (point.gpu) return resolved_gpu_json(*point.gpu, point.prices);
    const DecodeOptions& options = point.decode;
    Json json = {{"version", full_version()}, {"model", superlane::to_json(find_llm(options.model))}};
    if (!options.speculation.draft.empty()) json["draft"] = superlane::to_json(find_llm(options.speculation.draft));
    json["options"] = options_json(options);
    Json parameters = Json::object();
    add_values(parameters, models::chip_parameters(), options.chip);
    if (options.system) {
        add_values(parameters, models::system_parameters(), *options.system);
        json["wiring"] = wiring(*options.system);
    }
    for (const models::CostParameterRow& row : models::cost_parameters())
        parameters[std::string(row.key)] = point.prices.parameters.*row.member;
    json["parameters"] = std::move(parameters);
    return json;
}

std::string point_key(const Json& resolved) { return Digest().text(resolved.dump()).hex(); }

}  // namespace superlane::experiment
