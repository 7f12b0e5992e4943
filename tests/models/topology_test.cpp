// SPDX-License-Identifier: Apache-2.0
#include "models/topology.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "models/network.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using namespace superlane::models;

namespace {

Topology topology(const std::string& kind, int nodes = 1) {
    Topology t;
    t.kind = kind;
    t.nodes = nodes;
    return t;
}

System build(const Topology& t) { return build_system("test", Chip(), t, "test"); }

int diameter(const System& system) { return Network(system).uniform_traffic().diameter; }

/// Cables of a chip inside its node and out of it.
std::pair<int, int> links_of(const System& system, int chip) {
    std::pair<int, int> found;
    for (const System::Peer& peer : system.peers(chip))
        if (peer.port.chip >= 0)
            ++(system.node_of(peer.port.chip) == system.node_of(chip) ? found.first : found.second);
    return found;
}

/// Cables between two nodes.
std::map<std::pair<int, int>, int> node_cables(const System& system) {
    std::map<std::pair<int, int>, int> found;
    for (const Cable& cable : system.cables) {
        const int a = system.node_of(cable.ends[0].chip), b = system.node_of(cable.ends[1].chip);
        if (a != b) ++found[{std::min(a, b), std::max(a, b)}];
    }
    return found;
}

Topology quadfour(int nodes, int ring, int packed = 0) {
    Topology t = topology("quadfour", nodes);
    t.ring = ring;
    t.packed = packed;
    return t;
}

}  // namespace

TEST(Topology, NodeLinksAreNumberedRoundTheNode) {
    const System node = load_system("tsp-v1-node");
    EXPECT_EQ(node.cables.size(), 28u);
    const auto peers = node.all_peers();
    for (int chip = 0; chip < 8; ++chip)
        for (int link = 0; link < 7; ++link)
            EXPECT_EQ(peers[size_t(chip)][size_t(link)].port, (Port{(chip + link + 1) % 8, 6 - link}));
}

TEST(Topology, ChipsOfFullSystemsUseSevenLinksInsideAndFourOutside) {
    for (const char* name : {"tsp-v1-rack", "tsp-v1-264", "tsp-v1-10440"}) {
        const System system = load_system(name);
        for (const int chip : {0, 5, system.chips / 2, system.chips - 1})
            EXPECT_EQ(links_of(system, chip), std::make_pair(7, 4)) << name << " " << chip;
        EXPECT_EQ(system.cables.size(), size_t(system.chips) * 11 / 2) << name;
    }
    EXPECT_EQ(links_of(load_system("tsp-v1-576"), 300), std::make_pair(7, 4));  // fewer only at the ends of the row
    EXPECT_EQ(links_of(load_system("tsp-v1-576"), 0), std::make_pair(7, 2));
}

TEST(Topology, EveryNodeIsCabledAsEveryOther) {
    for (const char* name : {"tsp-v1-rack", "tsp-v1-264", "lpx-rack"})
        EXPECT_EQ(Network(load_system(name)).symmetry_period(), 8);
    EXPECT_EQ(Network(load_system("tsp-v1-10440")).symmetry_period(), 72);
    EXPECT_EQ(Network(load_system("tsp-v1-576", {"topology.ring=1"})).symmetry_period(), 8);
    EXPECT_EQ(Network(load_system("tsp-v1-576")).symmetry_period(), 576);
    for (int nodes = 2; nodes <= 33; ++nodes)
        EXPECT_EQ(8 % Network(build(topology("dragonfly", nodes))).symmetry_period(), 0) << nodes;
}

TEST(Topology, DragonflyJoinsAllNodesByAsManyCablesAsFit) {
    for (int nodes = 2; nodes <= 33; ++nodes) {
        const System system = build(topology("dragonfly", nodes));
        const auto cables = node_cables(system);
        EXPECT_EQ(cables.size(), size_t(nodes * (nodes - 1) / 2));
        for (const auto& [pair, count] : cables) EXPECT_EQ(count, 32 / (nodes - 1)) << nodes;
        EXPECT_LE(diameter(system), 3) << nodes;
        for (const Cable& cable : system.cables) {
            if (system.node_of(cable.ends[0].chip) == system.node_of(cable.ends[1].chip)) continue;
            ASSERT_EQ(cable.ends[0].chip % 8, cable.ends[1].chip % 8) << "chip i goes to chip i";
        }
    }
    Topology odd = topology("dragonfly", 3);  // a single outside link cannot carry both signs of an offset
    odd.outside_links = 1;
    for (const auto& [pair, count] : node_cables(build(odd))) EXPECT_EQ(count, 4);
}

TEST(Topology, RacksAreJoinedAllToAll) {
    const System system = load_system("tsp-v1-10440");
    std::map<std::pair<int, int>, int> racks;
    for (const auto& [nodes, cables] : node_cables(system)) {
        const bool same_rack = nodes.first / 9 == nodes.second / 9;
        EXPECT_TRUE(!same_rack || cables == 2);
        if (!same_rack) racks[{nodes.first / 9, nodes.second / 9}] += cables;
    }
    EXPECT_EQ(racks.size(), 145u * 144 / 2);
    for (const auto& [pair, count] : racks) ASSERT_EQ(count, 1);
    const auto peers = system.peers(2);  // chips i and i + 4 carry the node offsets +(i + 1) and -(i + 1) of the rack
    EXPECT_EQ(peers[7].port.chip, 3 * 8 + 2);
    EXPECT_EQ(peers[8].port.chip, (9 - 3) * 8 + 2);
    EXPECT_EQ(system.peers(6)[7].port.chip, 3 * 8 + 6);
}

TEST(Topology, QuadFourHasFourCablesToTheFourNodesBeforeAndAfter) {
    for (const int packed : {0, 1}) {
        const auto cables = node_cables(build(quadfour(12, 0, packed)));
        EXPECT_EQ(cables.size(), 11u + 10 + 9 + 8);
        for (const auto& [pair, count] : cables) EXPECT_TRUE(count == 4 && pair.second - pair.first <= 4);
        EXPECT_EQ(node_cables(build(quadfour(12, 1, packed))).size(), 48u);
    }
}

TEST(Topology, QuadFourDiameters) {
    // Published (SHIP): 9 nodes 3 hops, 17 nodes 5. A ring of packed cables has both.
    EXPECT_EQ(diameter(build(quadfour(9, 1, 1))), 3);
    EXPECT_EQ(diameter(build(quadfour(17, 1, 1))), 5);
    // Cables spread over chips, our default: better at 17 nodes. A row has no short way round.
    EXPECT_EQ(diameter(build(quadfour(9, 1))), 3);
    EXPECT_EQ(diameter(build(quadfour(17, 1))), 4);
    EXPECT_EQ(diameter(build(quadfour(9, 0))), 4);
    EXPECT_EQ(diameter(build(quadfour(17, 0))), 6);
    EXPECT_EQ(diameter(load_system("tsp-v1-576")), 20);
    EXPECT_EQ(diameter(load_system("tsp-v1-576", {"topology.ring=1"})), 11);
}

TEST(Topology, DragonflyDiameters) {
    EXPECT_EQ(diameter(load_system("tsp-v1-node")), 1);
    EXPECT_EQ(diameter(load_system("tsp-v1-rack")), 3);
    EXPECT_EQ(diameter(load_system("tsp-v1-264")), 3);  // published (ISCA22): 3
    EXPECT_EQ(diameter(load_system("lpx-rack")), 2);
}

TEST(Topology, RingAndTorus) {
    Topology ring = topology("ring");
    ring.chips = 10, ring.chips_per_node = 1;
    EXPECT_EQ(diameter(build(ring)), 5);
    Topology torus = topology("torus");
    torus.dimensions = {4, 6, 2}, torus.chips_per_node = 1;
    const System system = build(torus);
    EXPECT_EQ(system.cables.size(), 48u * 3);
    EXPECT_EQ(diameter(system), 2 + 3 + 1);
    for (int chip = 0; chip < system.chips; ++chip) {
        const auto peers = system.peers(chip);
        EXPECT_EQ(peers[0].port.link, 1);
        EXPECT_EQ(peers[2].port.chip, chip / 24 * 24 + (chip % 24 + 4) % 24);
    }
    EXPECT_EQ(bisection(system).formula, 2 * 48 / 6);
}

TEST(Topology, AnEdgeListFillsFreeLinksInOrder) {
    Topology t = topology("edges");
    t.chips = 3, t.chips_per_node = 1;
    t.edges = {{0, 1}, {0, 0, 2, 5}, {2, 1}};
    const System system = build(t);
    ASSERT_EQ(system.cables.size(), 3u);
    EXPECT_EQ(system.cables[0].ends, (std::array{Port{0, 0}, Port{2, 5}}));
    EXPECT_EQ(system.cables[1].ends, (std::array{Port{0, 1}, Port{1, 0}}));
    EXPECT_EQ(system.cables[2].ends, (std::array{Port{1, 1}, Port{2, 0}}));
}

TEST(MappedOut, ADeadChipTakesItsNodeAndTheOthersKeepTheirCables) {
    const System rack = load_system("tsp-v1-rack");
    EXPECT_EQ(usable_nodes(rack, {20, 17, 64}), (std::vector<int>{0, 1, 3, 4, 5, 6, 7}));
    const System seven = without(rack, {20, 17, 64});
    EXPECT_EQ(seven.chips, 56);
    EXPECT_EQ(seven.nodes(), 7);
    const std::vector<int> chips = usable_chips(rack, {20, 17, 64});
    EXPECT_EQ(chips[16], 24);
    for (const Cable& cable : seven.cables) {
        const Port was{chips[size_t(cable.ends[0].chip)], cable.ends[0].link};
        const System::Peer peer = rack.peers(was.chip)[size_t(was.link)];
        EXPECT_EQ(peer.port.chip, chips[size_t(cable.ends[1].chip)]);
        EXPECT_EQ(peer.latency_cycles, cable.latency_cycles[0]);
    }
    EXPECT_LE(diameter(seven), 3);
    EXPECT_EQ(without(rack, {}).chips, 72);
    EXPECT_EQ(bisection(seven).formula, -1);
}

TEST(MappedOut, ARowOfNodesGoesRoundOneThatIsDead) {
    const System row = load_system("tsp-v1-576");
    EXPECT_EQ(without(row, {100}).chips, 568);
    std::vector<int> four;
    for (int node = 30; node < 34; ++node) four.push_back(node * 8);
    EXPECT_NE(message_of([&] { without(row, four); }).find("falls into 2 parts: chips 0-239; chips 240-543"),
              std::string::npos);
    EXPECT_NE(message_of([&] { without(row, {576}); }).find("dead chip 576 does not exist"), std::string::npos);
    EXPECT_NE(message_of([&] { without(load_system("8"), {3}); }).find("no node is left"), std::string::npos);
}
