// SPDX-License-Identifier: Apache-2.0
// Joins chip, price set and speed.
#include "experiment/cost_report.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/gpu.hpp"
#include "models/system.hpp"

namespace superlane::experiment {
namespace {

/// --set takes parameters of the cost and of the chip or system alike.
std::vector<std::string> take_cost_overrides(const CostOptions& options, models::PriceSet& prices) {
    std::vector<std::string> others;
    for (const std::string& text : options.overrides) {
        const auto [key, value] = models::parse_override(text);
        if (models::is_cost_parameter(key))
            models::set_cost_parameter(prices, key, value, "--set " + text, "--set");
        else
            others.push_back(text);
    }
    return others;
}

void price_chip(const models::Chip& chip, CostReport& report) {
    report.area = models::chip_area(chip);
    report.power = models::chip_power(chip);
    report.cost = models::chip_cost(report.prices.parameters, models::sum(report.area), models::sum(report.power),
                                    models::dram_usd(chip));
    report.usd_per_hour = double(report.devices) * report.cost.usd_per_hour();
}

Json contributors_json(const std::vector<models::Contributor>& contributors) {
    Json json = Json::object();
    for (const models::Contributor& one : contributors) json[std::string(one.name)] = one.amount;
    json["total"] = models::sum(contributors);
    return json;
}

}  // namespace

CostReport cost_of(const CostOptions& options) {
    if (options.count < 1 || options.count > 1000000)
        throw user_error("--count ", options.count, ": must be from 1 to 1000000");
    if (!(options.tokens_per_second >= 0)) throw user_error("--tokens-per-second must not be negative");
    CostReport report;
    report.devices = options.count;
    if (!options.prices.empty()) report.prices = models::load_prices(options.prices);
    const std::vector<std::string> others = take_cost_overrides(options, report.prices);
    if (options.what == "chip") {
        const models::Chip chip = models::load_chip(options.name, others);
        report.name = report.device = chip.name;
        price_chip(chip, report);
    } else if (options.what == "system") {
        const models::System system = models::load_system(options.name, others);
        report.name = system.name;
        report.device = system.chip.name;
        report.devices *= system.chips;
        price_chip(system.chip, report);
    } else if (options.what == "gpu") {
        report.name = report.device = models::load_gpu(options.name, others).name;
        if (options.prices.empty())
            throw user_error("cost gpu needs --prices: GPUs are priced by the hour, in a price set");
        report.priced_by_set = true;
        report.usd_per_hour = double(report.devices) * report.prices.usd_per_hour(report.name);
    } else {
        throw user_error("cost ", options.what, ": must be chip, system or gpu",
                         nearest_hint(options.what, {"chip", "system", "gpu"}));
    }
    if (options.tokens_per_second > 0)
        report.usd_per_million_tokens = models::usd_per_million_tokens(report.usd_per_hour, options.tokens_per_second);
    return report;
}

Json cost_json(const CostReport& report, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["name"] = report.name;
    json["device"] = report.device;
    json["devices"] = report.devices;
    if (!report.prices.name.empty())
        json["prices"] = {{"name", report.prices.name},
                          {"source", report.prices.source},
                          {"date", report.prices.date},
                          {"mark", report.prices.mark}};
    if (!report.priced_by_set) {
        json["area_mm2"] = contributors_json(report.area);
        json["power_w"] = contributors_json(report.power);
        json["dies_per_wafer"] = report.cost.dies;
        json["yield"] = report.cost.yield;
        json["die_usd"] = report.cost.die_usd;
        json["chip_usd"] = report.cost.chip_usd();
        if (report.cost.dram_usd > 0) json["dram_usd"] = report.cost.dram_usd;
        json["owning_usd_per_hour"] = report.cost.owning_usd_per_hour;
        json["power_usd_per_hour"] = report.cost.power_usd_per_hour;
        for (const models::CostParameterRow& row : models::cost_parameters()) {
            const auto origin = report.prices.origins.find(std::string(row.key));
            json["parameters"][std::string(row.key)] = {
                {"value", report.prices.parameters.*row.member},
                {"origin", origin == report.prices.origins.end() ? "default" : origin->second},
                {"unit", row.unit},
                {"mark", row.mark},
                {"source", row.source}};
        }
    }
    json["usd_per_hour"] = report.usd_per_hour;
    if (report.usd_per_million_tokens > 0) json["usd_per_million_tokens"] = report.usd_per_million_tokens;
    return json;
}

}  // namespace superlane::experiment
