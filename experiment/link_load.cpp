// SPDX-License-Identifier: Apache-2.0
// Vectors by link of the simulator, with the chip at the other end of the cable.
#include "experiment/link_load.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace superlane::experiment {

std::vector<LinkLoad> link_loads(const sim::SystemResult& run, const models::System& system, int64_t steps) {
    std::map<std::pair<int, int>, int> other;
    for (const models::Cable& cable : system.cables)
        for (const int end : {0, 1})
            other[{cable.ends[size_t(end)].chip, cable.ends[size_t(end)].link}] = cable.ends[size_t(1 - end)].chip;
    std::vector<LinkLoad> loads;
    for (const auto& link : run.links)
        loads.push_back({link.chip, other.at({link.chip, link.link}), link.vectors / steps});
    return loads;
}

Json to_json(const std::vector<LinkLoad>& loads) {
    Json list = Json::array();
    for (const LinkLoad& load : loads) list.push_back({load.from, load.to, load.vectors});
    return list;
}

}  // namespace superlane::experiment
