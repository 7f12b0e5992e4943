// SPDX-License-Identifier: Apache-2.0
// Bisection: the fewest cables between two halves of whole racks, nodes or chips, and the closed forms that are known.
#include <algorithm>
#include <bit>
#include <map>

#include "models/network.hpp"

namespace superlane::models {
namespace {

constexpr int most_units_for_all_halves = 16;

/// Cables between units.
using Weights = std::vector<std::map<int, int64_t>>;

/// Every half of neighbours, by moving one unit out and one in.
int64_t least_window(const Weights& weights, int half) {
    const int units = int(weights.size());
    std::vector<bool> inside(weights.size(), false);
    int64_t cut = 0;
    const auto flip = [&](int unit) {
        for (const auto& [other, cables] : weights[size_t(unit)])
            cut += inside[size_t(other)] == inside[size_t(unit)] ? cables : -cables;
        inside[size_t(unit)] = !inside[size_t(unit)];
    };
    for (int unit = 0; unit < half; ++unit) flip(unit);
    int64_t least = cut;
    for (int start = 0; start + 1 < units; ++start) {
        flip(start);
        flip((start + half) % units);
        least = std::min(least, cut);
    }
    return least;
}

int64_t least_half(const Weights& weights, int half) {
    int64_t least = -1;
    for (uint32_t mask = 0; mask < (1u << weights.size()); ++mask) {
        if (std::popcount(mask) != half) continue;
        int64_t cut = 0;
        for (size_t unit = 0; unit < weights.size(); ++unit)
            for (const auto& [other, cables] : weights[unit])
                if ((mask >> unit & 1) != 0 && (mask >> other & 1) == 0) cut += cables;
        if (least < 0 || cut < least) least = cut;
    }
    return least;
}

/// n groups all to all: floor(n / 2) * ceil(n / 2) pairs are cut.
int64_t all_to_all(int64_t groups, int64_t cables) { return groups / 2 * ((groups + 1) / 2) * cables; }

int64_t closed_form(const System& system) {
    const Topology& t = system.topology;
    if (system.chips < 2) return -1;
    if (t.kind == "node") return all_to_all(t.chips_per_node, t.cables_per_pair);
    if (t.kind == "dragonfly" && t.nodes > 1)
        return all_to_all(t.nodes, t.chips_per_node * t.outside_links / (t.nodes - 1));
    if (t.kind == "dragonfly-racks" && t.racks > 1)
        return all_to_all(
            t.racks, t.nodes_per_rack * t.chips_per_node * (t.outside_links - t.outside_links / 2) / (t.racks - 1));
    // A cut between two neighbours in the row crosses d of the spans of d nodes, four cables each.
    if (t.kind == "quadfour" && t.nodes >= (t.ring != 0 ? 16 : 8)) return (t.ring != 0 ? 2 : 1) * 4 * (1 + 2 + 3 + 4);
    if (t.kind == "ring" && system.chips_per_node == 1) return 2;
    if (t.kind == "torus" && system.chips_per_node == 1) {
        const int longest = *std::max_element(t.dimensions.begin(), t.dimensions.end());
        if (longest % 2 == 0) return 2 * system.chips / longest;
    }
    return -1;
}

}  // namespace

Bisection bisection(const System& system) {
    Bisection found;
    int unit_chips = 1;
    found.unit = "chip";
    if (system.topology.kind == "dragonfly-racks" && system.racks() > 1)
        found.unit = "rack", unit_chips = system.chips_per_node * system.nodes_per_rack;
    else if (system.nodes() > 1 && system.chips_per_node > 1)
        found.unit = "node", unit_chips = system.chips_per_node;
    found.units = (system.chips + unit_chips - 1) / unit_chips;
    found.half = found.units / 2;
    Weights weights{size_t(found.units)};
    for (const Cable& cable : system.cables) {
        const int a = cable.ends[0].chip / unit_chips, b = cable.ends[1].chip / unit_chips;
        if (a == b) continue;
        ++weights[size_t(a)][b];
        ++weights[size_t(b)][a];
    }
    const bool all = found.units <= most_units_for_all_halves;
    found.cables = all ? least_half(weights, found.half) : least_window(weights, found.half);
    found.method = all ? "all halves" : "all halves of neighbours";
    found.formula = closed_form(system);
    return found;
}

}  // namespace superlane::models
