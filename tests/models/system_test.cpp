// SPDX-License-Identifier: Apache-2.0
#include "models/system.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "models/topology.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using namespace superlane::models;

namespace {

/// The message of loading a system of this text.
std::string refused_system(const std::string& text) {
    const Scratch scratch;
    scratch.write("mine.json", text);
    return message_of([&] { load_system((scratch / "mine.json").string()); });
}

System load_text(const std::string& text, const std::vector<std::string>& overrides = {}) {
    const Scratch scratch;
    scratch.write("mine.json", text);
    return load_system((scratch / "mine.json").string(), overrides);
}

#define EXPECT_IN(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

}  // namespace

TEST(System, EveryShippedOneLoads) {
    EXPECT_EQ(system_names(), (std::vector<std::string>{"lpx-rack", "tsp-v1-10440", "tsp-v1-264", "tsp-v1-576",
                                                        "tsp-v1-node", "tsp-v1-rack"}));
    const std::map<std::string, int> chips = {{"lpx-rack", 256},   {"tsp-v1-10440", 10440}, {"tsp-v1-264", 264},
                                              {"tsp-v1-576", 576}, {"tsp-v1-node", 8},      {"tsp-v1-rack", 72}};
    for (const auto& [name, count] : chips) {
        const System system = load_system(name);
        EXPECT_EQ(system.chips, count) << name;
        EXPECT_EQ(system.name, name);
        EXPECT_EQ(system.chips_per_node, 8) << name;
    }
    EXPECT_EQ(load_system("tsp-v1-576").racks(), 8);
    EXPECT_EQ(load_system("tsp-v1-10440").racks(), 145);
}

TEST(System, ElevenLinksOfAChipCarry235GigabytesBothWays) {
    const System system = load_system("tsp-v1-264");
    EXPECT_NEAR(system.link_bytes_per_s() / 1e9, 10.667, 0.001);
    EXPECT_NEAR(2 * 11 * system.link_bytes_per_s() / 1e9, 235, 0.5);
}

TEST(System, EveryValueKeepsItsOrigin) {
    const std::string text = R"({"name": "mine", "inherits": "tsp-v1-rack", "chip": "mini",
        "parameters": {"topology.nodes": 5, "c2c.latency": 300}})";
    const System system = load_text(text, {"link.latency_seed=7", "chip.mem.read=2"});
    EXPECT_EQ(system.chips, 40);
    EXPECT_EQ(system.chip.name, "mini");
    EXPECT_EQ(system.chip.timing.c2c_latency, 300);
    EXPECT_EQ(system.chip.origins.at("c2c.latency"), "mine");
    EXPECT_EQ(system.chip.origins.at("superlanes"), "mini");
    EXPECT_EQ(system.chip.origins.at("mem.read"), "--set");
    EXPECT_EQ(system.origins.at("topology.nodes"), "mine");
    EXPECT_EQ(system.origins.at("link.latency_seed"), "--set");
    EXPECT_FALSE(system.origins.contains("host.latency_us"));
}

TEST(System, AnotherTopologyForgetsTheInheritedOne) {
    const System system =
        load_text(R"({"inherits": "tsp-v1-576", "topology": "ring", "parameters": {"topology.chips": 6}})");
    EXPECT_EQ(system.chips, 6);
    EXPECT_EQ(system.chips_per_node, 1);
    EXPECT_FALSE(system.origins.contains("topology.nodes"));
}

TEST(System, ANumberIsTheFirstChipsOfTheSmallestThatHasThem) {
    const System one = load_system("1"), five = load_system("5"), hundred = load_system("100");
    EXPECT_TRUE(one.cables.empty());
    EXPECT_EQ(five.cables.size(), 10u);
    EXPECT_EQ(five.peers(2)[0].port, (Port{3, 3}));
    EXPECT_EQ(hundred.nodes(), 13);
    const System whole = load_system("tsp-v1-264");
    for (const Cable& cable : hundred.cables) {
        const auto same = [&](const Cable& c) {
            return c.ends == cable.ends && c.latency_cycles == cable.latency_cycles;
        };
        EXPECT_TRUE(std::any_of(whole.cables.begin(), whole.cables.end(), same));
    }
    EXPECT_EQ(load_system("72").cables.size(), load_system("tsp-v1-rack").cables.size());
    EXPECT_EQ(load_system("400").description, "The first 400 chips of tsp-v1-576");
    EXPECT_EQ(load_system("577").description, "The first 577 chips of tsp-v1-10440");
}

TEST(System, EveryNumberOfChipsIsConnected) {
    for (int chips = 1; chips <= 577; ++chips) EXPECT_EQ(load_system(std::to_string(chips)).chips, chips);
}

TEST(System, LatenciesAreDrawnFromTheSeedAndCutAtTheSpread) {
    const System system = load_system("tsp-v1-264"), again = load_system("tsp-v1-264");
    const System other = load_system("tsp-v1-264", {"link.latency_seed=2"});
    double sum = 0, squares = 0;
    int64_t weighted = 0, same = 0, ends = 0;
    for (size_t i = 0; i < system.cables.size(); ++i)
        for (size_t end = 0; end < 2; ++end, ++ends) {
            const int latency = system.cables[i].latency_cycles[end];
            EXPECT_EQ(latency, again.cables[i].latency_cycles[end]);
            EXPECT_LE(std::abs(latency - 217), 9);
            same += latency == other.cables[i].latency_cycles[end];
            sum += latency - 217;
            squares += double(latency - 217) * (latency - 217);
            weighted += latency * (ends % 97 + 1);
        }
    EXPECT_NEAR(sum / double(ends), 0, 0.2);
    EXPECT_NEAR(std::sqrt(squares / double(ends)), 2.8, 0.2);
    EXPECT_LT(same, ends / 4);
    EXPECT_EQ(weighted, 30825642);  // the same on every machine
    EXPECT_EQ(system.scheduled_latency_cycles(), 226);
    for (const Cable& cable : load_system("tsp-v1-264", {"link.latency_sigma=0"}).cables)
        EXPECT_EQ(cable.latency_cycles[0], 217);
}

TEST(System, PeersAreThoseOfTheCables) {
    const System system = load_system("tsp-v1-rack");
    const auto all = system.all_peers();
    for (const int chip : {0, 7, 71}) {
        const auto peers = system.peers(chip);
        ASSERT_EQ(peers.size(), 16u);
        for (size_t link = 0; link < peers.size(); ++link) {
            EXPECT_EQ(peers[link].port, all[size_t(chip)][link].port);
            EXPECT_EQ(peers[link].latency_cycles, all[size_t(chip)][link].latency_cycles);
        }
    }
    EXPECT_EQ(all[0][11].port.chip, -1);
}

TEST(SystemErrors, NamesAndKeys) {
    EXPECT_IN(message_of([] { load_system("tsp-v1-57"); }), "unknown system 'tsp-v1-57' (nearest: 'tsp-v1-576')");
    EXPECT_IN(message_of([] { load_system("0"); }), "must be from 1 to 10440");
    EXPECT_IN(message_of([] { load_system("-3"); }), "must be from 1 to 10440");
    EXPECT_IN(message_of([] { load_system("100", {"topology.nodes=5"}); }), "leaves 40 chips");
    EXPECT_IN(message_of([] { load_system("4", {"topology.chips_per_node=6"}); }), "leaves 6 chips");
    EXPECT_IN(message_of([] { load_system("2", {"c2c.latency=0"}); }), "c2c.latency must be at least 1");
    EXPECT_IN(message_of([] { load_system("2", {"c2c.hac_period=0"}); }), "c2c.hac_period must be at least 1 cycle");
    EXPECT_IN(message_of([] { load_system("99999999999999999999"); }), "unknown system");
    EXPECT_IN(message_of([] { load_system("no/such.json"); }), "no/such.json: cannot be read");
    EXPECT_IN(refused_system(R"({"topolgy": "ring"})"), "mine.json: unknown key 'topolgy' (nearest: 'topology')");
    EXPECT_IN(refused_system(R"({"topology": "rnig"})"),
              "unknown topology 'rnig' (nearest: 'ring'); allowed: node, dragonfly");
    EXPECT_IN(refused_system(R"({"chip": "tsp-v2"})"), "unknown chip 'tsp-v2'");
    EXPECT_IN(refused_system(R"({"inherits": "tsp-v1-nod"})"),
              "inherits unknown system 'tsp-v1-nod' (nearest: 'tsp-v1-node')");
    EXPECT_IN(refused_system(R"({"inherits": "mine"})"), "goes round in a circle");
    EXPECT_IN(refused_system(R"({"parameters": {"host.latency": 3}})"),
              "unknown parameter 'host.latency' (nearest: 'host.latency_us')");
    EXPECT_IN(refused_system(R"({"parameters": {"c2c.latenzy": 3}})"), "(nearest: 'c2c.latency')");
    EXPECT_IN(refused_system(R"({"parameters": {"host.latency_us": "3"}})"), "must be a number");
    EXPECT_IN(message_of([] { load_system("tsp-v1-576", {"topology.ring=2"}); }), "a whole number from 0 to 1");
    EXPECT_IN(message_of([] { load_system("tsp-v1-264", {"topology.ring=1"}); }),
              "topology 'dragonfly' does not read topology.ring (it reads topology.chips_per_node");
    EXPECT_IN(message_of([] { load_system("tsp-v1-264", {"topology.nodes=40"}); }),
              "40 groups of 8 chips need 39 links");
    EXPECT_IN(message_of([] { load_system("tsp-v1-node", {"topology.chips_per_node=20"}); }),
              "needs 19 links a chip, and chip 'tsp-v1' has 16 (c2c.links)");
}

TEST(SystemErrors, EdgeLists) {
    EXPECT_IN(refused_system(R"({"topology": "edges"})"), "needs 'edges'");
    EXPECT_IN(refused_system(R"({"topology": "ring", "edges": [[0, 1]]})"), "'ring' does not read 'edges'");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, 1, 2]]})"), "[0,1,2] must be [chip, chip] or");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, "a"]]})"), "\"a\" is not allowed: a whole number");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, 0]]})"), "a cable from chip 0 to itself");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, 1, 1, 1], [0, 1, 2, 1], [1, 2]]})"),
              "link 1 of chip 0 is used twice: by cables to chip 1 and to chip 2");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, 16, 1, 0]]})"), "link 16 of chip 0 does not exist");
    EXPECT_IN(
        refused_system(R"({"topology": "edges", "parameters": {"topology.chips": 3}, "edges": [[0, 1], [1, 3]]})"),
        "chip 3 of a cable does not exist (allowed: 0 to 2");
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [[0, 1], [1, 2], [4, 6]]})"),
              "not connected, it falls into 4 parts: chips 0-2; chips 3; chips 4, 6; chips 5");
    std::string star;
    for (int chip = 1; chip <= 17; ++chip) star += (chip > 1 ? ", [0, " : "[0, ") + std::to_string(chip) + "]";
    EXPECT_IN(refused_system(R"({"topology": "edges", "edges": [)" + star + "]}"), "chip 'tsp-v1' has 16 links");
    EXPECT_IN(refused_system(R"({"topology": "torus"})"), "needs 'dimensions'");
    EXPECT_IN(refused_system(R"({"topology": "torus", "dimensions": [4, 0]})"), "0 is not allowed");
    EXPECT_IN(refused_system(R"({"topology": "torus", "dimensions": [999, 999]})"), "are too many");
}
