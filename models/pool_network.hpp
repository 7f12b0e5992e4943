// SPDX-License-Identifier: Apache-2.0
// Networks between a compute pool and a memory pool.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace superlane::models {

struct PoolNetwork {
    std::string_view name;
    double round_trip_us = 0, gb_per_s = 0;  ///< GB/s: of one device's port, each direction
    std::string_view mark, source, meaning;

    double one_way_s() const { return 1e-6 * round_trip_us / 2; }
    double bytes_per_s() const { return 1e9 * gb_per_s; }
};
std::span<const PoolNetwork> pool_networks();
/// UserError with the list and the nearest.
const PoolNetwork& find_pool_network(const std::string& name);

}  // namespace superlane::models
