// SPDX-License-Identifier: Apache-2.0
// Groups in systems: every link of a program is a cable to the chip it is meant for.
#include "compiler/placement.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"

using namespace superlane;
using namespace superlane::compiler;
using testing::HasSubstr;

namespace {

std::string complaint(const models::System& system, int tp, int pp) {
    try {
        place_groups(system, tp, pp);
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

LlamaOptions options_of(const PlacedGroup& group) {
    return {.chips = int(group.chips.size()), .in = group.in, .out = group.out};
}

void expect_peers(const models::System& system, const PlacedGroup& group) {
    const LlamaOptions options = options_of(group);
    const LinkNumbers numbers(options);
    for (int rank = 0; rank < options.chips; ++rank) {
        const auto peers = system.peers(group.chips[size_t(rank)]);
        ASSERT_EQ(group.links[size_t(rank)].size(), size_t(numbers.count()));
        for (int offset = 1; offset < options.chips; ++offset) {
            const int link = group.links[size_t(rank)][size_t(numbers.peer(offset))];
            EXPECT_EQ(peers[size_t(link)].port.chip, group.chips[size_t((rank + offset) % options.chips)]);
        }
    }
}

/// Cable for cable from a stage's gateways to those of the next; the number of gateways.
int expect_boundary(const models::System& system, const PlacedGroup& from, const PlacedGroup& to) {
    EXPECT_EQ(from.out, to.in);
    const LlamaOptions sends = options_of(from), takes = options_of(to);
    const LinkNumbers out(sends), in(takes);
    int gateways = 0;
    for (int rank = 0; rank < sends.chips; ++rank)
        for (int cable = 0; cable < from.out.cables; ++cable) {
            const int link = from.links[size_t(rank)][size_t(out.out(cable))];
            const int other = to.links[size_t(rank)][size_t(in.in(cable))];
            const bool gateway = rank % from.out.period == from.out.base;
            EXPECT_EQ(link >= 0, gateway);
            EXPECT_EQ(other >= 0, gateway);
            if (!gateway) continue;
            gateways += cable == 0;
            const models::Port peer = system.peers(from.chips[size_t(rank)])[size_t(link)].port;
            EXPECT_EQ(peer, (models::Port{to.chips[size_t(rank)], other}));
        }
    return gateways;
}

void expect_chain(const models::System& system, int tp, int pp) {
    SCOPED_TRACE(system.name + " tp " + std::to_string(tp) + " pp " + std::to_string(pp));
    const auto groups = place_groups(system, tp, pp);
    ASSERT_EQ(groups.size(), size_t(pp));
    std::set<int> chips;
    for (size_t i = 0; i < groups.size(); ++i) {
        for (const int chip : groups[i].chips) {
            EXPECT_EQ(system.node_of(chip), system.node_of(groups[i].chips[0]));
            EXPECT_TRUE(chips.insert(chip).second) << "a chip in two groups";
        }
        expect_peers(system, groups[i]);
        if (i == 0) continue;
        EXPECT_EQ(expect_boundary(system, groups[i - 1], groups[i]), tp / groups[i].in.period);
    }
    EXPECT_EQ(groups.front().in.cables, 0);
    EXPECT_EQ(groups.back().out.cables, 0);
}

}  // namespace

TEST(Placement, ChainsInANode) {
    const models::System node = models::load_system("tsp-v1-node");
    for (const auto& [tp, pp] : {std::pair(1, 1), {1, 8}, {2, 4}, {4, 2}, {8, 1}, {2, 3}}) expect_chain(node, tp, pp);
}

TEST(Placement, ChainsOverNodesUseGateways) {
    for (const char* name : {"16", "24"}) {
        const models::System system = models::load_system(name);
        for (const int tp : {1, 2, 4, 8}) expect_chain(system, tp, system.chips / tp);
    }
    const models::System large = models::load_system("tsp-v1-576");
    expect_chain(large, 8, 9);
    expect_chain(large, 8, 60);
    EXPECT_GT(place_groups(large, 8, 9)[1].in.period, 1) << "cables between nodes are fewer than their chips";
}

TEST(Placement, GroupsWithATakenChipAreLeftOut) {
    const models::System system = models::load_system("16");
    const std::vector<int> taken = {0, 1, 2, 3, 6};
    for (const int tp : {1, 2, 4, 8})
        for (const PlacedGroup& group : place_groups(system, tp, 1, taken))
            for (const int chip : group.chips)
                EXPECT_EQ(std::count(taken.begin(), taken.end(), chip), 0) << tp << " chip " << chip;
    EXPECT_EQ(place_groups(system, 2, 1, taken)[0].chips, (std::vector<int>{4, 5}));
    EXPECT_EQ(place_groups(system, 4, 1, taken)[0].chips[0] / 8, 1);
    EXPECT_THROW(place_groups(system, 8, 2, taken), UserError);
}

TEST(Placement, ManyCablesOfAPairAreTakenInOneOrderAtBothEnds) {
    models::Topology pair;
    pair.kind = "edges";
    pair.chips = 2;
    pair.chips_per_node = 1;
    pair.edges = {{0, 0, 1, 3}, {0, 1, 1, 2}, {0, 5, 1, 1}};
    const models::System system = models::build_system("pair", models::load_chip("tsp-v1"), pair, "pair");
    expect_chain(system, 1, 2);
    EXPECT_EQ(place_groups(system, 1, 2)[0].out.cables, 3);
}

TEST(Placement, WhatCannotBePlacedIsRefused) {
    EXPECT_THAT(complaint(models::load_system("tsp-v1-node"), 3, 2), HasSubstr("tp must divide 8"));
    EXPECT_THAT(complaint(models::load_system("16"), 8, 3),
                HasSubstr("pp 3 x tp 8 need 24 chips; system '16' has 16 in 2 groups of 8"));
}
