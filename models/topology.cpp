// SPDX-License-Identifier: Apache-2.0
// What every list of cables must fulfil, drawn latencies, and systems cut from others.
#include "models/topology.hpp"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "models/counter_random.hpp"

namespace superlane::models {
namespace {

std::string port_text(const Port& port) {
    return "link " + std::to_string(port.link) + " of chip " + std::to_string(port.chip);
}

/// "0-7, 9": ranges of a sorted list, the first few.
std::string ranges_text(const std::vector<int>& sorted) {
    std::string text;
    int shown = 0;
    for (size_t i = 0; i < sorted.size();) {
        size_t end = i + 1;
        while (end < sorted.size() && sorted[end] == sorted[end - 1] + 1) ++end;
        if (++shown > 4) return text + ", ...";
        text.append(i == 0 ? "" : ", ").append(std::to_string(sorted[i]));
        if (end - i > 1) text.append("-").append(std::to_string(sorted[end - 1]));
        i = end;
    }
    return text;
}

/// Chips not in `keep` go, with their cables; the others are numbered anew in its order.
System keep_chips(const System& system, const std::vector<int>& keep) {
    std::vector<int> number(size_t(system.chips), -1);
    for (size_t i = 0; i < keep.size(); ++i) number[size_t(keep[i])] = int(i);
    System kept = system;
    kept.chips = int(keep.size());
    if (kept.chips < system.chips) kept.topology.kind = "part";
    kept.cables.clear();
    for (Cable cable : system.cables) {
        for (Port& end : cable.ends) end.chip = number[size_t(end.chip)];
        if (cable.ends[0].chip >= 0 && cable.ends[1].chip >= 0) kept.cables.push_back(cable);
    }
    return kept;
}

}  // namespace

const TopologyKind& topology_kind(const std::string& name, const std::string& where) {
    std::vector<std::string> names;
    for (const TopologyKind& kind : topology_kinds()) {
        if (kind.name == name) return kind;
        names.emplace_back(kind.name);
    }
    std::string list;
    for (const std::string& each : names) list += (list.empty() ? "" : ", ") + each;
    throw user_error(where, ": unknown topology '", name, "'", nearest_hint(name, names), "; allowed: ", list);
}

bool reads_parameter(std::string_view kind, std::string_view key) {
    for (const TopologyKind& each : topology_kinds())
        if (each.name == kind) return std::find(each.reads.begin(), each.reads.end(), key) != each.reads.end();
    return false;
}

void check_cables(System& system, const std::string& where) {
    std::map<Port, Port> plugged;
    const int links = system.chip.geometry.links;
    for (Cable& cable : system.cables) {
        if (cable.ends[1] < cable.ends[0]) std::swap(cable.ends[0], cable.ends[1]);
        const auto& [a, b] = cable.ends;
        if (a.chip == b.chip)
            throw user_error(where, ": a cable from chip ", a.chip, " to itself (both ends must be different chips)");
        for (const Port& end : cable.ends) {
            if (end.chip < 0 || end.chip >= system.chips)
                throw user_error(where, ": chip ", end.chip, " of a cable does not exist (allowed: 0 to ",
                                 system.chips - 1, ", topology.chips = ", system.chips, ")");
            if (end.link < 0 || end.link >= links)
                throw user_error(where, ": ", port_text(end), " does not exist: chip '", system.chip.name, "' has ",
                                 links, " links (c2c.links; allowed: 0 to ", links - 1, ")");
            const Port& other = end == a ? b : a;
            const auto [at, fresh] = plugged.emplace(end, other);
            if (!fresh)
                throw user_error(where, ": ", port_text(end), " is used twice: by cables to chip ", at->second.chip,
                                 " and to chip ", other.chip);
        }
    }
    std::sort(system.cables.begin(), system.cables.end(),
              [](const Cable& a, const Cable& b) { return a.ends[0] < b.ends[0]; });
}

std::vector<std::vector<int>> connected_parts(const System& system) {
    boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS> graph(size_t(system.chips));
    for (const Cable& cable : system.cables)
        boost::add_edge(size_t(cable.ends[0].chip), size_t(cable.ends[1].chip), graph);
    std::vector<int> part(size_t(system.chips));
    std::vector<std::vector<int>> parts(size_t(boost::connected_components(graph, part.data())));
    for (int chip = 0; chip < system.chips; ++chip) parts[size_t(part[size_t(chip)])].push_back(chip);
    std::sort(parts.begin(), parts.end());
    return parts;
}

void check_connected(const System& system, const std::string& where) {
    const auto parts = connected_parts(system);
    if (parts.size() < 2) return;
    std::string list;
    for (size_t i = 0; i < parts.size() && i < 4; ++i) list += (i == 0 ? "chips " : "; chips ") + ranges_text(parts[i]);
    throw user_error(where, ": the topology is not connected, it falls into ", parts.size(), " parts: ", list,
                     parts.size() > 4 ? "; ..." : "");
}

void draw_latencies(System& system) {
    const int mean = system.chip.timing.c2c_latency, spread = system.chip.timing.c2c_latency_spread;
    const uint64_t seed = mix(uint64_t(system.latency_seed));
    for (Cable& cable : system.cables)
        for (size_t end = 0; end < 2; ++end) {
            const Port& sender = cable.ends[end];
            const double drawn =
                system.latency_sigma_cycles * bell(seed ^ mix(uint64_t(sender.chip)), uint64_t(sender.link));
            const int off = int(std::clamp<double>(std::nearbyint(drawn), -spread, spread));
            cable.latency_cycles[end] = std::max(1, mean + off);  // nothing arrives in the cycle in which it leaves
        }
}

System first_chips(const System& system, int chips) {
    std::vector<int> keep(size_t(std::min(chips, system.chips)));
    for (size_t i = 0; i < keep.size(); ++i) keep[i] = int(i);
    System cut = keep_chips(system, keep);
    cut.chips_per_node = std::min(cut.chips_per_node, cut.chips);
    return cut;
}

std::vector<int> usable_nodes(const System& system, const std::vector<int>& dead_chips) {
    std::vector<bool> dead(size_t(system.nodes()), false);
    for (const int chip : dead_chips) {
        if (chip < 0 || chip >= system.chips)
            throw user_error("system '", system.name, "': dead chip ", chip, " does not exist (allowed: 0 to ",
                             system.chips - 1, ")");
        dead[size_t(system.node_of(chip))] = true;
    }
    std::vector<int> usable;
    for (int node = 0; node < system.nodes(); ++node)
        if (!dead[size_t(node)]) usable.push_back(node);
    return usable;
}

std::vector<int> usable_chips(const System& system, const std::vector<int>& dead_chips) {
    std::vector<int> chips;
    for (const int node : usable_nodes(system, dead_chips))
        for (int i = 0; i < system.chips_per_node && node * system.chips_per_node + i < system.chips; ++i)
            chips.push_back(node * system.chips_per_node + i);
    return chips;
}

System without(const System& system, const std::vector<int>& dead_chips) {
    const std::vector<int> keep = usable_chips(system, dead_chips);
    if (keep.empty()) throw user_error("system '", system.name, "': no node is left without a dead chip");
    System kept = keep_chips(system, keep);
    check_connected(kept, "system '" + system.name + "' without its dead nodes");
    return kept;
}

}  // namespace superlane::models
