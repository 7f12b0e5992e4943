// SPDX-License-Identifier: Apache-2.0
// What a chip, a system of chips or GPUs cost by the hour and by the token, and a chip's area and power by contributor.
#pragma once
#include "experiment/result.hpp"
#include "models/chip_cost.hpp"
#include "models/cost.hpp"

namespace superlane::experiment {

struct CostOptions {
    std::string what, name;  ///< chip, system or gpu, and which
    std::string prices;      ///< "" = what the parameters give; a GPU needs a set
    std::vector<std::string> overrides;
    int64_t count = 1;
    double tokens_per_second = 0;  ///< of all devices together; 0 = not asked
};

struct CostReport {
    std::string name, device;  ///< device: the system's chip, else the name
    int64_t devices = 1;
    models::PriceSet prices;
    bool priced_by_set = false;                    ///< a GPU: the rest but the price is empty
    std::vector<models::Contributor> area, power;  ///< of one chip, mm2 and W
    models::ChipCost cost;                         ///< of one chip
    double usd_per_hour = 0;                       ///< of all devices
    double usd_per_million_tokens = 0;             ///< 0 = not asked
};

/// UserError for what is unknown, out of range or without a price.
CostReport cost_of(const CostOptions& options);
Json cost_json(const CostReport& report, const std::vector<std::string>& command);

}  // namespace superlane::experiment
