// SPDX-License-Identifier: Apache-2.0
// What crossed each link of a system, for pictures of the network.
#pragma once
#include <cstdint>
#include <vector>

#include "experiment/result.hpp"
#include "models/system.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {

struct LinkLoad {
    int from = 0, to = 0;  ///< chips
    int64_t vectors = 0;
};

/// Of the links that carried anything, by chip and link; `steps`: how many steps of decode the run was.
std::vector<LinkLoad> link_loads(const sim::SystemResult& run, const models::System& system, int64_t steps);
/// [[from, to, vectors], ...]
Json to_json(const std::vector<LinkLoad>& loads);

}  // namespace superlane::experiment
