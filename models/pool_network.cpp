// SPDX-License-Identifier: Apache-2.0
// The table of pool_networks.def.
#include "models/pool_network.hpp"

#include <vector>

#include "base/error.hpp"

namespace superlane::models {
namespace {

constexpr PoolNetwork networks[] = {
#define NETWORK(name, round_trip_us, gb_per_s, mark, source, meaning) \
    PoolNetwork{name, round_trip_us, gb_per_s, mark, source, meaning},
#include "models/pool_networks.def"
#undef NETWORK
};

}  // namespace

std::span<const PoolNetwork> pool_networks() { return networks; }

const PoolNetwork& find_pool_network(const std::string& name) {
    std::vector<std::string> names;
    std::string list;
    for (const PoolNetwork& network : networks) {
        if (network.name == name) return network;
        names.emplace_back(network.name);
        list += (list.empty() ? "" : ", ") + names.back();
    }
    throw user_error("unknown network '", name, "' (allowed: ", list, ")", nearest_hint(name, names));
}

}  // namespace superlane::models
