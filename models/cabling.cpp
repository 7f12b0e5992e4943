// SPDX-License-Identifier: Apache-2.0
// Kinds of topology as lists of cables. Every node is cabled as every other, so that chips can run the same program.
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "models/topology.hpp"

namespace superlane::models {
namespace {

constexpr int most_chips = 16384;

void need_links(const System& system, int links, const std::string& where) {
    if (links > system.chip.geometry.links)
        throw user_error(where, ": topology '", system.topology.kind, "' needs ", links, " links a chip, and chip '",
                         system.chip.name, "' has ", system.chip.geometry.links, " (c2c.links)");
}

void set_chips(System& system, int64_t chips, const std::string& where) {
    if (chips > most_chips)
        throw user_error(where, ": ", chips, " chips are too many (allowed: up to ", most_chips, ")");
    system.chips = int(chips);
    system.chips_per_node = std::min(system.topology.chips_per_node, system.chips);
    system.nodes_per_rack = system.topology.nodes_per_rack;
}

/// Links of a chip to the others of its node.
int inside_links(const Topology& t) { return (t.chips_per_node - 1) * t.cables_per_pair; }

/// Link q * (n - 1) + p of chip i goes to chip (i + p + 1) mod n of its node: cable q of the pair.
void connect_nodes(System& system, int nodes) {
    const int n = system.topology.chips_per_node;
    for (int node = 0; node < nodes; ++node)
        for (int i = 0; i < n; ++i)
            for (int j = i + 1; j < n; ++j)
                for (int q = 0; q < system.topology.cables_per_pair; ++q) {
                    const int base = q * (n - 1);
                    system.cables.push_back(
                        {{Port{node * n + i, base + j - i - 1}, Port{node * n + j, base + n - 1 - (j - i)}}});
                }
}

/// Groups of equal size, connected all to all by as many cables as fit evenly into `links` links of each chip.
struct Groups {
    int first_chip, count, size;  ///< group g has the chips from first_chip + g * size on
    int first_link, links;
    bool interleaved = false;  ///< cables of one offset on chips far apart, instead of neighbours
};

/// Hands out the free links of a group's chips; every group gets the same.
class FreeLinks {
public:
    explicit FreeLinks(const Groups& g) : groups_(g), used_(size_t(g.size), 0) {}
    /// A chip with `wanted` free links, looked for from `chip` on; -1 when there is none.
    int chip_with(int wanted, int chip) const {
        for (int i = 0; i < groups_.size; ++i) {
            const int candidate = (chip + i) % groups_.size;
            if (used_[size_t(candidate)] + wanted <= groups_.links) return candidate;
        }
        return -1;
    }
    Port take(int chip) { return {chip, groups_.first_link + used_[size_t(chip)]++}; }

private:
    Groups groups_;
    std::vector<int> used_;
};

void connect_groups(System& system, const Groups& g, const std::string& where) {
    if (g.count < 2) return;
    const int each = g.size * g.links / (g.count - 1), pairs = (g.count - 1) / 2;
    if (each < 1)
        throw user_error(where, ": topology '", system.topology.kind, "': ", g.count, " groups of ", g.size,
                         " chips need ", g.count - 1, " links out of each, and there are ", g.size * g.links);
    const auto plug = [&](int group, Port a, int offset, Port b) {
        a.chip += g.first_chip + group * g.size;
        b.chip += g.first_chip + (group + offset) % g.count * g.size;
        system.cables.push_back({{a, b}});
    };
    FreeLinks free(g);
    for (int offset = 1; offset <= pairs; ++offset)
        for (int q = 0; q < each; ++q) {
            const int slot = g.interleaved ? q * pairs + offset - 1 : (offset - 1) * each + q;
            const int chip = free.chip_with(2, slot % g.size);  // both signs on one chip, where it has two links left
            const Port up = free.take(chip >= 0 ? chip : free.chip_with(1, 0));
            const Port down = free.take(chip >= 0 ? chip : free.chip_with(1, 0));
            for (int group = 0; group < g.count; ++group) plug(group, up, offset, down);
        }
    if (g.count % 2 == 0)
        for (int q = 0; q < each; ++q) {
            const Port port = free.take(free.chip_with(1, (pairs * each + q) % g.size));
            for (int group = 0; group < g.count / 2; ++group) plug(group, port, g.count / 2, port);
        }
}

void cable_node(System& system, const std::string& where) {
    const Topology& t = system.topology;
    need_links(system, inside_links(t), where);
    set_chips(system, t.chips_per_node, where);
    connect_nodes(system, 1);
}

void cable_dragonfly(System& system, const std::string& where) {
    const Topology& t = system.topology;
    need_links(system, inside_links(t) + t.outside_links, where);
    set_chips(system, int64_t(t.nodes) * t.chips_per_node, where);
    connect_nodes(system, t.nodes);
    connect_groups(system, {0, t.nodes, t.chips_per_node, inside_links(t), t.outside_links}, where);
}

void cable_dragonfly_racks(System& system, const std::string& where) {
    const Topology& t = system.topology;
    const int first = inside_links(t), in_rack = t.outside_links / 2, rack_chips = t.nodes_per_rack * t.chips_per_node;
    need_links(system, first + t.outside_links, where);
    set_chips(system, int64_t(t.racks) * rack_chips, where);
    connect_nodes(system, t.racks * t.nodes_per_rack);
    for (int rack = 0; rack < t.racks; ++rack)
        connect_groups(system, {rack * rack_chips, t.nodes_per_rack, t.chips_per_node, first, in_rack, true}, where);
    connect_groups(system, {0, t.racks, rack_chips, first + in_rack, t.outside_links - in_rack}, where);
}

/// Even chips carry the offsets +1 -1 +3 -3, odd ones +2 -2 +4 -4, chip i to chip i; packed: chip d - 1 all of +d, to
/// chip d + 3, which has all of -d.
void cable_quadfour(System& system, const std::string& where) {
    const Topology& t = system.topology;
    const int n = t.chips_per_node, first = inside_links(t);
    if (n != 8) throw user_error(where, ": topology 'quadfour' needs topology.chips_per_node = 8, not ", n);
    if (t.ring != 0 && t.nodes < 5)
        throw user_error(where, ": topology 'quadfour': a ring needs at least 5 nodes, not topology.nodes = ", t.nodes);
    need_links(system, first + 4, where);
    set_chips(system, int64_t(t.nodes) * n, where);
    connect_nodes(system, t.nodes);
    for (int node = 0; node < t.nodes; ++node)
        for (int offset = 1; offset <= 4; ++offset) {
            if (t.ring == 0 && node + offset >= t.nodes) break;
            const int other = (node + offset) % t.nodes, link = first + (offset > 2 ? 2 : 0);
            for (int q = 0; q < 4; ++q) {
                const int chip = 2 * q + (offset % 2 == 0 ? 1 : 0);
                if (t.packed != 0)
                    system.cables.push_back(
                        {{Port{node * n + offset - 1, first + q}, Port{other * n + offset + 3, first + q}}});
                else
                    system.cables.push_back({{Port{node * n + chip, link}, Port{other * n + chip, link + 1}}});
            }
        }
}

/// Link 2d goes one chip on along dimension d, link 2d + 1 one back.
void connect_torus(System& system, const std::vector<int>& dimensions) {
    for (int chip = 0; chip < system.chips; ++chip) {
        int stride = 1;
        for (size_t d = 0; d < dimensions.size(); stride *= dimensions[d], ++d) {
            const int place = chip / stride % dimensions[d];
            if (dimensions[d] == 1) continue;
            const int other = chip + ((place + 1) % dimensions[d] - place) * stride;
            system.cables.push_back({{Port{chip, 2 * int(d)}, Port{other, 2 * int(d) + 1}}});
        }
    }
}

void cable_ring(System& system, const std::string& where) {
    if (system.topology.chips < 2)
        throw user_error(where, ": topology 'ring' needs topology.chips of at least 2, not ", system.topology.chips);
    need_links(system, 2, where);
    set_chips(system, system.topology.chips, where);
    connect_torus(system, {system.chips});
}

void cable_torus(System& system, const std::string& where) {
    const std::vector<int>& dimensions = system.topology.dimensions;
    if (dimensions.empty()) throw user_error(where, ": topology 'torus' needs 'dimensions', such as [4, 4]");
    need_links(system, 2 * int(dimensions.size()), where);
    int64_t chips = 1;
    for (const int length : dimensions) chips = std::min<int64_t>(chips * length, most_chips + 1);
    set_chips(system, chips, where);
    connect_torus(system, dimensions);
}

/// Ports that an edge names are taken first; the others get the lowest free link of their chip, in order.
void cable_edges(System& system, const std::string& where) {
    const Topology& t = system.topology;
    if (t.edges.empty()) throw user_error(where, ": topology 'edges' needs 'edges', such as [[0, 1], [1, 2]]");
    set_chips(system, t.chips, where);
    std::set<Port> used;
    for (const auto& edge : t.edges)
        if (edge.size() == 4) used.insert({Port{edge[0], edge[1]}, Port{edge[2], edge[3]}});
    const auto free_port = [&](int chip) {
        Port port{chip, 0};
        while (!used.insert(port).second) ++port.link;
        return port;
    };
    for (const auto& edge : t.edges) {
        if (edge.size() == 4) {
            system.cables.push_back({{Port{edge[0], edge[1]}, Port{edge[2], edge[3]}}});
            continue;
        }
        const Port a = free_port(edge[0]), b = free_port(edge[1]);
        system.cables.push_back({{a, b}});
    }
}

}  // namespace

std::span<const TopologyKind> topology_kinds() {
    static const std::string_view chips = "topology.chips", size = "topology.chips_per_node",
                                  pair = "topology.cables_per_pair", nodes = "topology.nodes",
                                  out = "topology.outside_links", rack = "topology.nodes_per_rack";
    static const TopologyKind kinds[] = {
        {"node", "chips fully connected", {size, pair, rack}, cable_node},
        {"dragonfly", "nodes all to all", {size, pair, nodes, out, rack}, cable_dragonfly},
        {"dragonfly-racks",
         "racks all to all, in each of them nodes all to all",
         {size, pair, out, rack, "topology.racks"},
         cable_dragonfly_racks},
        {"quadfour",
         "nodes in a row, each to the four before and after",
         {size, pair, nodes, rack, "topology.ring", "topology.packed"},
         cable_quadfour},
        {"ring", "chips in a ring", {chips, size, rack}, cable_ring},
        {"torus", "chips in a torus of given dimensions", {size, rack}, cable_torus},
        {"edges", "a list of cables", {chips, size, rack}, cable_edges},
    };
    return kinds;
}

}  // namespace superlane::models
