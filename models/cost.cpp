// SPDX-License-Identifier: Apache-2.0
// Price sets and the arithmetic of cost.
#include "models/cost.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.hpp"
#include "models/data_path.hpp"
#include "models/json_file.hpp"

namespace superlane::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double hours_per_year = 8766, watts_per_kw = 1000, seconds_per_hour = 3600;
constexpr double mm2_per_cm2 = 100;

constexpr CostParameterRow cost_rows[] = {
#define COST(member, key, low, high, unit, mark, source, meaning) \
    CostParameterRow{key, low, high, unit, mark, source, meaning, &CostParameters::member},
#include "models/cost_parameters.def"
#undef COST
};

std::string joined(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

/// Members of an object, each a number.
template <class Take>
void each_number(const JsonObject& from, const std::string& key, Take take) {
    if (!from.has(key)) return;
    if (!from.at(key).is_object()) from.fail(key, "must be an object of name: number");
    for (const auto& [name, value] : from.at(key).items()) {
        if (!value.is_number()) throw user_error(from.where(), ": ", name, " must be a number, not ", brief(value));
        take(name, value.template get<double>());
    }
}

}  // namespace

std::span<const CostParameterRow> cost_parameters() { return cost_rows; }

bool is_cost_parameter(const std::string& key) {
    return std::any_of(std::begin(cost_rows), std::end(cost_rows),
                       [&](const CostParameterRow& row) { return row.key == key; });
}

void set_cost_parameter(PriceSet& prices, const std::string& key, double value, const std::string& where,
                        const std::string& origin) {
    std::vector<std::string> keys;
    for (const CostParameterRow& row : cost_rows) {
        keys.emplace_back(row.key);
        if (row.key != key) continue;
        if (!(value >= row.low && value <= row.high))
            throw user_error(where, ": ", key, " = ", value, " is not allowed: a number from ", row.low, " to ",
                             row.high, " (", row.unit, ")");
        prices.parameters.*row.member = value;
        prices.origins[key] = origin;
        return;
    }
    throw user_error(where, ": unknown parameter '", key, "'", nearest_hint(key, keys));
}

std::vector<std::string> price_set_names() { return data_names("prices"); }

PriceSet load_prices(const std::string& name_or_file) {
    fs::path file = name_or_file;
    if (file.extension() != ".json") {
        file = data_path("prices/" + name_or_file + ".json");
        if (!fs::exists(file))
            throw user_error("unknown price set '", name_or_file, "'", nearest_hint(name_or_file, price_set_names()),
                             "; a file must end in .json");
    }
    const std::string where = file.string();
    const json root = read_json_file(file);
    const JsonObject from(root, where);
    const std::vector<std::string> keys = {"name", "description",  "source",    "date",
                                           "mark", "usd_per_hour", "parameters"};
    for (const auto& [key, value] : root.items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            throw user_error(where, ": unknown key '", key, "'", nearest_hint(key, keys));
    PriceSet prices;
    prices.name = from.text_or("name", file.stem().string());
    prices.description = from.text_or("description", "");
    prices.source = from.text("source");
    prices.date = from.text("date");
    prices.mark = from.choice("mark", {"P", "S", "D", "A"});
    each_number(from, "usd_per_hour", [&](const std::string& device, double usd) {
        if (!(usd > 0)) throw user_error(where, ": usd_per_hour: ", device, " = ", usd, ": must be more than 0");
        prices.devices[device] = usd;
    });
    each_number(from, "parameters", [&](const std::string& key, double value) {
        set_cost_parameter(prices, key, value, where, prices.name);
    });
    return prices;
}

double PriceSet::usd_per_hour(const std::string& device) const {
    if (const auto found = devices.find(device); found != devices.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [name_, usd] : devices) names.push_back(name_);
    throw user_error("price set '", name, "' has no price for '", device, "'", nearest_hint(device, names),
                     names.empty() ? "; it has no prices of devices" : "; it has " + joined(names));
}

double dies_per_wafer(const CostParameters& cost, double die_mm2) {
    const double side = std::sqrt(die_mm2) + cost.scribe_mm, area = side * side;
    const double diameter = cost.wafer_mm - 2 * cost.wafer_edge_mm;
    const double whole = std::numbers::pi * diameter * diameter / 4 / area;
    return std::max(0.0, std::floor(whole - std::numbers::pi * diameter / std::sqrt(2 * area)));
}

double die_yield(const CostParameters& cost, double die_mm2) {
    return std::pow(1 + cost.defects_per_cm2 * die_mm2 / mm2_per_cm2 / cost.cluster, -cost.cluster);
}

ChipCost chip_cost(const CostParameters& cost, double die_mm2, double watts, double dram_usd) {
    ChipCost result;
    result.dies = dies_per_wafer(cost, die_mm2);
    if (result.dies < 1) throw user_error("a die of ", die_mm2, " mm2 does not fit a wafer of ", cost.wafer_mm, " mm");
    result.yield = die_yield(cost, die_mm2);
    result.die_usd = cost.wafer_usd / (result.dies * result.yield);
    result.package_usd = cost.package_usd;
    result.board_usd = cost.board_usd;
    result.dram_usd = dram_usd;
    result.owning_usd_per_hour =
        cost.over_cost * (result.chip_usd() + result.dram_usd + result.board_usd) / (cost.life_years * hours_per_year);
    result.power_usd_per_hour = (watts + cost.system_watts) / watts_per_kw * cost.pue * cost.usd_per_kwh;
    result.beyond_reticle = die_mm2 > cost.reticle_mm2;
    return result;
}

double usd_per_million_tokens(double usd_per_hour, double tokens_per_second) {
    return usd_per_hour * 1e6 / (seconds_per_hour * tokens_per_second);
}

}  // namespace superlane::models
