// SPDX-License-Identifier: Apache-2.0
// Trees of cables, slots of links, and programs of collectives, without simulating them.
#include "compiler/collective.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"

using namespace superlane;
using namespace superlane::compiler;
using models::System;
using testing::HasSubstr;

namespace {

System made(const std::string& kind, int chips, const std::vector<int>& dimensions = {}) {
    models::Topology topology;
    topology.kind = kind;
    topology.chips = topology.chips_per_node = chips;
    topology.dimensions = dimensions;
    if (kind != "node") topology.chips_per_node = 1;
    return models::build_system(kind, models::load_chip("mini"), topology, "test");
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
    Loads loads(graph.edges().size());
    const Tree tree = *shortest_tree(graph, 17, loads, 1);
    EXPECT_EQ(tree.depth, graph.distances(17));
    EXPECT_EQ(tree.height, 3);
}

TEST(Trees, APackagedTreeEntersEveryNodeOnce) {
    const System system = models::load_system("tsp-v1-rack");
    const CableGraph graph(system);
    Loads loads(graph.edges().size());
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
    Loads loads(graph.edges().size());
    for (int root = 0; root < graph.members(); ++root) ASSERT_TRUE(packaged_tree(graph, root, false, loads, 1));
    // Every tree uses 263 cables both ways: on average 263 * 264 / edges * 2.
    const double mean = 2.0 * 263 * 264 / double(graph.edges().size());
    EXPECT_LT(double(*std::max_element(loads.begin(), loads.end())), 2.2 * mean);
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
    for (const char* name : {"tsp-v1-node", "tsp-v1-rack"}) {
        const System system = models::load_system(name);
        for (const CollectiveKind kind :
             {CollectiveKind::AllReduce, CollectiveKind::AllGather, CollectiveKind::ReduceScatter,
              CollectiveKind::Broadcast, CollectiveKind::Send}) {
            const Collective c = compile_collective(system, {.kind = kind, .bytes = 256 * 1024});
            const std::string what =
                std::string(name) + " " + collective_names()[size_t(kind)] + " " + c.plan.algorithm;
            EXPECT_GE(c.cycles, c.plan.bound) << what;
            EXPECT_LT(double(c.cycles), 1.1 * double(c.plan.estimate)) << what;
            EXPECT_GT(double(c.cycles), 0.9 * double(c.plan.estimate)) << what;
            EXPECT_GE(c.cycles, busiest(c) * system.chip.timing.c2c_vector_interval) << what;
        }
    }
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
