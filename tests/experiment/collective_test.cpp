// SPDX-License-Identifier: Apache-2.0
// Collectives simulated: run_collective itself checks cycles, hazards and every value, and throws when one is wrong.
#include "experiment/collective.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "base/error.hpp"

using namespace superlane;
using namespace superlane::experiment;
using compiler::CollectiveKind;

namespace {

CollectiveRun on(const models::System& system, CollectiveKind kind, const std::string& algorithm = "auto",
                 const std::string& dtype = "fp16") {
    CollectiveRun run;
    run.system = system;
    run.options.kind = kind;
    run.options.algorithm = algorithm;
    run.options.dtype = dtype;
    return run;
}

models::System small(const std::string& kind) {
    models::Topology topology;
    topology.kind = kind;
    topology.chips = topology.chips_per_node = kind == "node" ? 6 : 5;
    if (kind != "node") topology.chips_per_node = 1;
    if (kind == "torus") topology.dimensions = {3, 3};
    if (kind == "dragonfly") {
        topology.chips_per_node = 4;
        topology.nodes = 3;
        topology.outside_links = 2;
    }
    return models::build_system(kind, models::load_chip("mini"), topology, "test");
}

}  // namespace

TEST(Collectives, AreExactInEveryAlgorithmTopologyAndType) {
    std::mt19937 random(7);
    // What needs cables that are not there.
    const std::map<std::string, std::set<std::string>> refused = {{"node", {}},
                                                                  {"ring", {"direct", "exchange"}},
                                                                  {"torus", {"direct", "exchange", "ring"}},
                                                                  {"dragonfly", {"direct", "exchange", "ring"}}};
    for (const char* kind : {"node", "ring", "torus", "dragonfly"}) {
        const models::System system = small(kind);
        for (size_t c = 0; c < compiler::collective_names().size(); ++c)
            for (const std::string& algorithm : compiler::collective_algorithms(CollectiveKind(c)))
                for (const char* dtype : {"fp16", "fp32", "int32"}) {
                    if (c > 0 && c != 2 && std::string(dtype) != "fp16") continue;  // only sums have a type
                    CollectiveRun run = on(system, CollectiveKind(c), algorithm, dtype);
                    run.options.to = int(random() % unsigned(system.chips - 1)) + 1;
                    try {
                        const CollectivePoint point = run_collective(run, 1 + int64_t(random() % 6000));
                        EXPECT_TRUE(point.checked);
                        EXPECT_GE(point.cycles, point.bound_cycles);
                        EXPECT_FALSE(refused.at(kind).contains(algorithm)) << kind << " " << algorithm;
                    } catch (const UserError& error) {
                        EXPECT_THAT(error.what(), testing::HasSubstr("does not fit system")) << kind;
                        EXPECT_TRUE(refused.at(kind).contains(algorithm)) << kind << " " << algorithm;
                    }
                }
    }
}

TEST(Collectives, TakeTheSameCyclesInBothEnginesAndDataModes) {
    CollectiveRun run = on(small("dragonfly"), CollectiveKind::AllReduce);
    const CollectivePoint fast = run_collective(run, 5000);
    run.engine = "kernel";
    const CollectivePoint kernel = run_collective(run, 5000);
    run.timing_only = true;
    run.engine = "fast";
    const CollectivePoint timing = run_collective(run, 5000);
    run.share = false;
    run.threads = 2;
    const CollectivePoint unshared = run_collective(run, 5000);
    EXPECT_EQ(fast.cycles, kernel.cycles);
    EXPECT_EQ(fast.cycles, timing.cycles);
    EXPECT_EQ(timing.cycles, unshared.cycles);
    EXPECT_TRUE(kernel.checked);
    EXPECT_FALSE(timing.checked);
}

TEST(Collectives, OverSomeChipsLeaveTheOthersAlone) {
    CollectiveRun run = on(small("node"), CollectiveKind::AllReduce);
    run.options.chips = {1, 2, 5};
    EXPECT_TRUE(run_collective(run, 2000).checked);
}

TEST(Collectives, TheFirstOrderIsWithinTenPercentOfTheBoundInANode) {
    const models::System node = models::load_system("tsp-v1-node");
    for (size_t c = 0; c < compiler::collective_names().size(); ++c) {
        CollectiveRun run = on(node, CollectiveKind(c));
        run.timing_only = true;
        const CollectivePoint point = run_collective(run, 1 << 20);
        EXPECT_LT(double(point.cycles), 1.1 * double(point.bound_cycles)) << compiler::collective_names()[c];
        EXPECT_GE(point.cycles, point.bound_cycles);
    }
}

TEST(Collectives, OfLinksFasterThanAChipFeedsThemAreExactToo) {
    for (const auto& [interval, kind] :
         {std::pair(1, CollectiveKind::AllReduce), {2, CollectiveKind::AllReduce}, {2, CollectiveKind::Broadcast}}) {
        CollectiveRun run = on(models::load_system("tsp-v1-node"), kind);
        run.system.chip.timing.c2c_vector_interval = interval;
        const CollectivePoint point = run_collective(run, 32 << 10);
        EXPECT_TRUE(point.checked);
        EXPECT_LE(point.deepest_fifo, int(run.system.chip.fifo_vectors));
    }
}

TEST(Sizes, AreRead) {
    EXPECT_EQ(parse_size("--bytes", "32K"), 32768);
    EXPECT_EQ(parse_sizes("--sizes", "1K:8K"), (std::vector<int64_t>{1024, 2048, 4096, 8192}));
    EXPECT_EQ(parse_sizes("--sizes", "5,1M"), (std::vector<int64_t>{5, 1 << 20}));
    for (const char* bad : {"", "0", "-3", "12Q", "1K:", "8K:1K", "1,,2"})
        EXPECT_THROW(parse_sizes("--sizes", bad), UserError) << bad;
}
