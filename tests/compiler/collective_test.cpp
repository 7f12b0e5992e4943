// SPDX-License-Identifier: Apache-2.0
// Trees of cables, slots of links, and programs of collectives, without simulating them.
#include "compiler/collective.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "compiler/branchings.hpp"

using namespace superlane;
using namespace superlane::compiler;
using models::System;
using testing::HasSubstr;

namespace {

System made(const std::string& kind, int chips, const std::vector<int>& dimensions = {},
            const std::string& chip = "mini") {
    models::Topology topology;
    topology.kind = kind;
    topology.chips = topology.chips_per_node = chips;
    topology.dimensions = dimensions;
    if (kind != "node") topology.chips_per_node = 1;
    return models::build_system(kind, models::load_chip(chip), topology, "test");
}

std::string complaint(const System& system, const CollectiveOptions& options) {
    try {
        compile_collective(system, options);
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

int64_t busiest(const Collective& c) { return *std::max_element(c.sent.begin(), c.sent.end()); }

}  // namespace

TEST(Trees, AShortestTreeHasTheDistancesOfTheGraph) {
    const CableGraph graph(models::load_system("tsp-v1-264"));
    Loads loads(graph, graph.parts(1), true);
    const Tree tree = *shortest_tree(graph, 17, loads, 1);
    EXPECT_EQ(tree.depth, graph.distances(17));
    EXPECT_EQ(tree.height, 3);
}

TEST(Trees, APackagedTreeEntersEveryNodeOnce) {
    const System system = models::load_system("tsp-v1-rack");
    const CableGraph graph(system);
    Loads loads(graph, graph.parts(1), true);
    const Tree tree = *packaged_tree(graph, 5, false, loads, 1);
    std::map<int, int> entries;
    for (const int edge : tree.down)
        if (edge >= 0 && graph.unit(1, graph.edge(edge).from) != graph.unit(1, graph.edge(edge).to))
            ++entries[graph.unit(1, graph.edge(edge).to)];
    EXPECT_EQ(entries.size(), 8u);
    for (const auto& [node, count] : entries) EXPECT_EQ(count, 1) << node;
}

TEST(Trees, RootsOfADragonflySpreadTheirLoad) {
    const CableGraph graph(models::load_system("tsp-v1-264"));
    Loads loads(graph, graph.parts(1), true);
    for (int root = 0; root < graph.members(); ++root) ASSERT_TRUE(packaged_tree(graph, root, false, loads, 1));
    // Every tree uses 263 cables both ways: on average 263 * 264 / edges * 2.
    const double mean = 2.0 * 263 * 264 / double(graph.edges().size());
    EXPECT_LT(double(loads.most()), 2.2 * mean);
}

TEST(Trees, PathsOfANodeShareNoCable) {
    const CableGraph graph(models::load_system("tsp-v1-node"));
    const std::vector<Tree> paths = disjoint_paths(graph, 0, 5, 100);
    ASSERT_EQ(paths.size(), 7u);
    EXPECT_EQ(paths[0].height, 1);
    std::set<int> used;
    for (const Tree& path : paths) {
        EXPECT_LE(path.height, 2);
        for (const int edge : path.down)
            if (edge >= 0) {
                EXPECT_TRUE(used.insert(edge).second);
            }
    }
}

TEST(Trees, BranchingsShareNoEdgeAndFillTheSmallestCut) {
    const System two_nodes = [] {
        models::Topology topology;
        topology.kind = "quadfour";
        topology.nodes = 2;
        topology.chips_per_node = 8;
        return models::build_system("row", models::load_chip("tsp-v1"), topology, "test");
    }();
    struct Case {
        System system;
        int cut, highest;
    };
    // In the row only four cables join the nodes; in a torus two more hops than the farthest chip has.
    for (const Case& c : {Case{models::load_system("tsp-v1-rack"), 11, 5}, Case{made("torus", 16, {4, 4}), 4, 6},
                          Case{made("ring", 5), 2, 4}, Case{two_nodes, 4, 4}}) {
        const CableGraph graph(c.system);
        EXPECT_EQ(smallest_cut(graph, 3), c.cut) << c.system.name;
        std::set<int> used;
        for (const Tree& tree : disjoint_branchings(graph, 3, c.cut)) {
            EXPECT_EQ(tree.root, 3);
            EXPECT_EQ(tree.order.size(), size_t(graph.members()));
            EXPECT_LE(tree.height, c.highest) << c.system.name;
            for (const int edge : tree.down)
                if (edge >= 0) {
                    EXPECT_TRUE(used.insert(edge).second) << c.system.name;
                }
        }
        EXPECT_EQ(used.size(), size_t(c.cut * (graph.members() - 1)));
    }
}

TEST(Trees, ARingGoesThroughAllMembers) {
    for (const System& system : {made("ring", 5), made("node", 4), made("torus", 8, {4, 2})}) {
        const CableGraph graph(system);
        const std::vector<int> ring = find_ring(graph);
        if (system.name == "torus") {
            EXPECT_TRUE(ring.empty());  // its order of chips is no ring, and no other is searched for
            continue;
        }
        ASSERT_EQ(ring.size(), size_t(system.chips));
        for (size_t i = 0; i < ring.size(); ++i)
            EXPECT_GE(graph.between(ring[i], ring[(i + 1) % ring.size()]), 0) << system.name;
        EXPECT_EQ(std::set<int>(ring.begin(), ring.end()).size(), ring.size());
    }
}

TEST(CollectivePrograms, VerifyInEveryAlgorithmAndTopology) {
    const std::vector<System> systems{made("node", 4), made("ring", 5), made("torus", 6, {3, 2})};
    for (const System& system : systems)
        for (size_t kind = 0; kind < collective_names().size(); ++kind)
            for (const std::string& algorithm : collective_algorithms(CollectiveKind(kind))) {
                CollectiveOptions options{.kind = CollectiveKind(kind), .bytes = 3000, .algorithm = algorithm};
                try {
                    const Collective c = compile_collective(system, options, true);
                    EXPECT_GE(c.cycles, c.plan.bound) << algorithm << " on " << system.name;
                } catch (const UserError& error) {
                    EXPECT_THAT(error.what(), HasSubstr("does not fit system")) << algorithm;
                    EXPECT_NE(system.name, "node") << error.what();
                }
            }
}

TEST(CollectivePrograms, ADirectAllReduceLoadsEveryLinkAlike) {
    const System system = made("node", 4);
    const int64_t row = 2 * system.chip.lanes();
    const Collective c =
        compile_collective(system, {.kind = CollectiveKind::AllReduce, .bytes = 12 * row, .algorithm = "direct"});
    for (const int64_t sent : c.sent) EXPECT_EQ(sent, 2 * 2 * 12 / 4);  // two bytes a lane, there and back, a quarter
}

TEST(CollectivePrograms, TheSameProgramServesChipsThatDoTheSame) {
    const Collective c = compile_collective(models::load_system("tsp-v1-rack"),
                                            {.kind = CollectiveKind::Broadcast, .bytes = 3200, .algorithm = "tree"});
    EXPECT_LE(c.programs.size(), 36u);  // of 72
}

TEST(CollectivePrograms, ManyVectorsTakeManyPaths) {
    const System system = models::load_system("tsp-v1-node");
    const auto paths = [&](int64_t bytes) {
        return compile_collective(system, {.kind = CollectiveKind::Send, .bytes = bytes, .from = 0, .to = 3})
            .plan.jobs.size();
    };
    EXPECT_EQ(paths(320), 1u);
    EXPECT_EQ(paths(2560), 1u);  // seven more vectors on the link take less than another hop
    EXPECT_EQ(paths(64000), 7u);
}

TEST(CollectivePrograms, LargeOnesTakeWhatTheFormulaSays) {
    const System node = models::load_system("tsp-v1-node");
    for (size_t kind = 0; kind < collective_names().size(); ++kind) {
        const Collective c = compile_collective(node, {.kind = CollectiveKind(kind), .bytes = 256 * 1024});
        const std::string what = collective_names()[kind] + " " + c.plan.algorithm;
        EXPECT_GE(c.cycles, c.plan.bound) << what;
        EXPECT_LT(double(c.cycles), 1.1 * double(c.plan.estimate)) << what;
        EXPECT_GT(double(c.cycles), 0.9 * double(c.plan.estimate)) << what;
        EXPECT_GE(c.cycles, busiest(c) * node.chip.timing.c2c_vector_interval) << what;
    }
}

TEST(SlowCollectives, LargeOnesAreWithinTenPercentOfTheBoundOfAnyAlgorithm) {
    const std::string chip = "tsp-v1";
    for (const System& system :
         {models::load_system("tsp-v1-rack"), made("ring", 16, {}, chip), made("torus", 16, {4, 4}, chip)})
        for (const CollectiveKind kind : {CollectiveKind::AllReduce, CollectiveKind::AllGather,
                                          CollectiveKind::ReduceScatter, CollectiveKind::Broadcast}) {
            const Collective c = compile_collective(system, {.kind = kind, .bytes = 1 << 20});
            const std::string what = system.name + " " + collective_names()[size_t(kind)] + " " + c.plan.algorithm;
            EXPECT_GE(c.cycles, c.plan.bound) << what;
            EXPECT_LT(double(c.cycles), 1.1 * double(c.plan.bound)) << what;
        }
}

TEST(SlowCollectives, AllReducesOverQuadFourAreWithinTenPercentOfTheBound) {
    const auto quadfour = [](int nodes, int ring) {
        return models::load_system(
            "tsp-v1-576", {"topology.nodes=" + std::to_string(nodes), "topology.ring=" + std::to_string(ring)});
    };
    struct Case {
        System system;
        int64_t bytes;
    };
    for (const auto& [system, bytes] : {Case{quadfour(72, 1), 2 << 20}, Case{quadfour(5, 0), 1 << 20}}) {
        const Collective c = compile_collective(system, {.bytes = bytes});
        EXPECT_GE(c.cycles, c.plan.bound) << system.chips;
        EXPECT_LT(double(c.cycles), 1.1 * double(c.plan.bound)) << system.chips << " " << c.plan.algorithm;
    }
}

TEST(CollectivePrograms, AlikePartsOfASystemShareTheirPrograms) {
    const std::map<std::string, int> parts{
        {"tsp-v1-node", 8}, {"tsp-v1-rack", 9}, {"tsp-v1-264", 33}, {"tsp-v1-576", 1}, {"tsp-v1-10440", 145}};
    for (const auto& [name, count] : parts) {
        const CableGraph graph(models::load_system(name));
        EXPECT_EQ(graph.most_parts(), count) << name;
    }
    const Collective c = compile_collective(models::load_system("tsp-v1-264"), {.bytes = 128 * 1024}, true);
    EXPECT_EQ(c.plan.parts.count, 33);
    EXPECT_EQ(c.plan.rows % 33, 0);
    EXPECT_LE(c.programs.size(), 8u);
}

TEST(CollectiveErrors, NameWhatIsAllowed) {
    const System node = made("node", 4), ring = made("ring", 5);
    EXPECT_THAT(complaint(node, {.bytes = 0}), HasSubstr("bytes = 0 must be at least 1"));
    EXPECT_THAT(complaint(node, {.bytes = 64, .algorithm = "rign"}), HasSubstr("(nearest: 'ring')"));
    EXPECT_THAT(complaint(node, {.bytes = 64, .dtype = "fp33"}), HasSubstr("(nearest: 'fp32')"));
    EXPECT_THAT(complaint(ring, {.bytes = 64, .algorithm = "direct"}),
                HasSubstr("it needs a cable between each two chips"));
    EXPECT_THAT(complaint(node, {.bytes = int64_t(1) << 33}), HasSubstr("B of SRAM of chip 'mini'"));
    EXPECT_THAT(complaint(node, {.bytes = 64, .chips = {1, 9}}), HasSubstr("chip 9 is not in system"));
    EXPECT_THAT(complaint(node, {.bytes = 64, .chips = {2}}), HasSubstr("at least two chips"));
    EXPECT_THAT(complaint(node, {.kind = CollectiveKind::Send, .bytes = 64, .from = 2, .to = 2}),
                HasSubstr("from and to are both chip 2"));
    EXPECT_THAT(complaint(node, {.kind = CollectiveKind::Send, .bytes = 64, .from = 0, .to = 7}),
                HasSubstr("to = 7 is no chip"));
    EXPECT_THROW(collective_kind("all-reduse"), UserError);
}
