// SPDX-License-Identifier: Apache-2.0
// Prices: of devices by the hour from dated price sets, of a chip from wafer, yield and power, of tokens from both.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace superlane::models {

struct CostParameters {
    double wafer_usd = 6000;
    double wafer_mm = 300;
    double wafer_edge_mm = 3;
    double scribe_mm = 0.1;
    double reticle_mm2 = 858;
    double defects_per_cm2 = 0.1;
    double cluster = 3;
    double package_usd = 100;
    double board_usd = 1000;
    double over_cost = 1;
    double life_years = 4;
    double system_watts = 173;
    double pue = 1.3;
    double usd_per_kwh = 0.1;
};

struct CostParameterRow {
    std::string_view key;
    double low, high;
    std::string_view unit, mark, source, meaning;
    double CostParameters::*member;
};
std::span<const CostParameterRow> cost_parameters();

/// A market at a date (models/prices/*.json).
struct PriceSet {
    std::string name, description, source, date, mark;
    std::map<std::string, double> devices;  ///< USD an hour, rented
    CostParameters parameters;
    std::map<std::string, std::string>
        origins;  ///< key -> name of the set or "--set"; keys not here have their default

    /// UserError that names the set, what it has and the nearest when the device is not in it.
    double usd_per_hour(const std::string& device) const;
};
std::vector<std::string> price_set_names();
/// By name or path of a JSON file. UserError names file, key, value, what is allowed and the nearest name.
PriceSet load_prices(const std::string& name_or_file);
bool is_cost_parameter(const std::string& key);
void set_cost_parameter(PriceSet& prices, const std::string& key, double value, const std::string& where,
                        const std::string& origin);

/// Whole dies on a wafer: pi (d/2)^2 / S - pi d / sqrt(2 S), rounded down; d without the rim, S with scribe lines.
double dies_per_wafer(const CostParameters& cost, double die_mm2);
/// Share of good dies, negative binomial: (1 + D A / cluster)^-cluster.
double die_yield(const CostParameters& cost, double die_mm2);

/// What a chip costs to make and to run, by parts.
struct ChipCost {
    double dies = 0, yield = 0;
    double die_usd = 0, package_usd = 0, board_usd = 0, dram_usd = 0;
    double owning_usd_per_hour = 0, power_usd_per_hour = 0;
    bool beyond_reticle = false;
    double chip_usd() const { return die_usd + package_usd; }
    double usd_per_hour() const { return owning_usd_per_hour + power_usd_per_hour; }
};
/// `watts`: what the chip draws on average; `dram_usd`: devices beside it. UserError when no die fits the wafer.
ChipCost chip_cost(const CostParameters& cost, double die_mm2, double watts, double dram_usd = 0);

/// USD for a million tokens of a system at this price and speed.
double usd_per_million_tokens(double usd_per_hour, double tokens_per_second);

}  // namespace superlane::models
