// SPDX-License-Identifier: Apache-2.0
// What a system can hold, compute and carry: the figures of `superlane describe system`.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "experiment/result.hpp"
#include "models/network.hpp"
#include "models/system.hpp"

namespace superlane::experiment {

struct SystemFacts {
    models::Network::Traffic traffic;
    models::Bisection bisection;
    int fewest_links = 0, most_links = 0;  ///< that a chip uses
    int least_latency = 0, most_latency = 0;
    double mean_latency = 0;
    int64_t sram_bytes = 0;
    double stream_bytes_per_s = 0, int8_ops_per_s = 0, fp16_flops_per_s = 0;  ///< of all chips
    double link_bytes_per_s = 0, global_bytes_per_s_per_chip = 0;             ///< one direction
    double bisection_bytes_per_s = 0;                                         ///< one direction
};
SystemFacts facts_of(const models::System& system);

/// Every parameter of the system itself with its origin.
Json system_parameters_json(const models::System& system);
/// Figures, and every parameter of system and chip with its origin.
Json system_json(const models::System& system, const SystemFacts& facts, const std::vector<std::string>& command);

}  // namespace superlane::experiment
