// SPDX-License-Identifier: Apache-2.0
// Help, version, and the pages of docs/reference that are made from them (UPDATE_GOLDEN=1 writes the pages anew).
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using testing::HasSubstr;

namespace {

const std::vector<std::string> commands = {
#define COMMAND(name, summary, example) #name,
#include "cli/commands.def"
#undef COMMAND
};

void expect_fresh(const std::string& page, const std::string& text) {
    const std::string file = std::string(SUPERLANE_SOURCE_DIR) + "/docs/reference/" + page;
    if (std::getenv("UPDATE_GOLDEN")) std::ofstream(file, std::ios::binary) << text;
    EXPECT_EQ(slurp(file), text) << page << " is stale: run the tests once with UPDATE_GOLDEN=1";
}

}  // namespace

TEST(Help, EveryCommandHasExamples) {
    for (const std::string& command : commands) {
        const Finished help = run({command, "--help"});
        EXPECT_EQ(help.code, 0);
        EXPECT_THAT(help.out, HasSubstr("Examples:\n  superlane ")) << command;
        EXPECT_EQ(help.err, "");
    }
}

TEST(Help, ListsEveryCommand) {
    const Finished help = run({"--help"});
    EXPECT_EQ(help.code, 0);
    for (const std::string& command : commands) EXPECT_THAT(help.out, HasSubstr("  " + command + " "));
    EXPECT_THAT(help.out, HasSubstr("Exit codes:"));
}

TEST(Help, Version) {
    const Finished version = run({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_THAT(version.out, testing::MatchesRegex("superlane [0-9.]+ .sources [0-9a-f]+.\n"));
}

TEST(Help, CommandPageIsFresh) {
    std::string page =
        "<!-- Written by tests/cli/help_test.cpp from --help; refresh with UPDATE_GOLDEN=1. -->\n# Commands\n\n";
    page += "```text\n" + run({"--help"}).out + "```\n";
    for (const std::string& command : commands)
        page += "\n## " + command + "\n\n```text\n" + run({command, "--help"}).out + "```\n";
    expect_fresh("cli.md", page);
}

TEST(Help, MetricsPageIsFresh) { expect_fresh("metrics.md", run({"explain", "--markdown"}).out); }

TEST(Explain, UnitDefinitionAndFormula) {
    const Finished one = run({"explain", "stream_utilisation"});
    EXPECT_EQ(one.code, 0);
    EXPECT_THAT(one.out, HasSubstr("share"));
    EXPECT_THAT(one.out, HasSubstr("formula  sram_read_bytes / (cycles * 2 * stream.count * lanes)"));
    EXPECT_THAT(run({"explain", "stream_bandwidth"}).out, HasSubstr("80 TB/s"));
}

TEST(Describe, EveryParameterOfAChip) {
    const Finished chip = run({"describe", "chips", "tsp-v1", "--set", "mem.read=7"});
    EXPECT_EQ(chip.code, 0);
    EXPECT_THAT(chip.out, testing::ContainsRegex("mem.read +7 +cycles +0..100000 +--set +T +GM"));
    EXPECT_THAT(chip.out, testing::ContainsRegex("clock.mhz +900 +MHz +1..10000 +default +P +ISCA20"));
    EXPECT_THAT(chip.out, HasSubstr("18.43 TB/s"));
}

TEST(Describe, OverviewsAndRows) {
    EXPECT_THAT(run({"describe", "chips"}).out, HasSubstr("lp30"));
    EXPECT_THAT(run({"describe", "models"}).out, HasSubstr("llama-2-7b"));
    EXPECT_THAT(run({"describe", "models", "llama-2-7b"}).out, HasSubstr("6,738,415,616"));
    EXPECT_THAT(run({"describe", "isa"}).out, HasSubstr("rsqrt"));
    EXPECT_THAT(run({"describe", "isa", "rsqrt"}).out, HasSubstr("vxm.special = 3 cycles"));
    EXPECT_THAT(run({"describe", "parameters"}).out, HasSubstr("icu.barrier"));
    EXPECT_THAT(run({"describe", "parameters", "icu.barrier"}).out, HasSubstr("35 cycles"));
    EXPECT_THAT(run({"describe", "parameters", "kv.page_tokens"}).out, HasSubstr("GPU"));
    EXPECT_THAT(run({"describe", "parameters", "memory.gb"}).out, HasSubstr("none GB"));
    EXPECT_THAT(run({"describe", "parameters", "wafer.usd"}).out, HasSubstr("6000 USD"));
}

TEST(Describe, Systems) {
    const Finished list = run({"describe", "system"});
    EXPECT_EQ(list.code, 0);
    EXPECT_THAT(list.out, HasSubstr("tsp-v1-10440  10,440  1,305    145"));
    const std::string dragonfly = run({"describe", "system", "tsp-v1-264"}).out;
    EXPECT_THAT(dragonfly, HasSubstr("3 hops, mean 2.677"));
    EXPECT_THAT(dragonfly, HasSubstr("272 cables, 2.90 TB/s each way"));
    EXPECT_THAT(dragonfly, HasSubstr("28.96 GB/s from each chip"));
    EXPECT_THAT(dragonfly, HasSubstr("nodes 1 to 32 apart: 1 cable in each of 528 pairs"));
    EXPECT_THAT(dragonfly, HasSubstr("[  0-  7]-1-[  8- 15]"));
    EXPECT_THAT(run({"describe", "system", "tsp-v1-node"}).out, HasSubstr("[0]-1-[1]-1-[2]"));
    EXPECT_THAT(run({"describe", "system", "1"}).out, HasSubstr("1 of tsp-v1, 1 node, 1 rack"));
    EXPECT_THAT(run({"describe", "parameters", "topology.ring"}).out, HasSubstr("closes the row of nodes"));
}

TEST(Describe, SystemAsJsonAndDrawing) {
    const Folder folder;
    const std::string picture = folder / "ring.svg", result = folder / "ring.json";
    const std::vector<std::string> command = {"describe", "system", "tsp-v1-576", "--set", "topology.ring=1",
                                              "--svg",    picture,  "--json",     result};
    ASSERT_EQ(run(command).code, 0);
    const nlohmann::json json = nlohmann::json::parse(slurp(result));
    EXPECT_EQ(json["diameter_hops"], 11);
    EXPECT_EQ(json["bisection"]["cables"], 80);
    EXPECT_EQ(json["system_parameters"]["topology.ring"]["origin"], "--set");
    EXPECT_EQ(json["parameters"]["c2c.latency"]["value"], 217);
    const std::string svg = slurp(picture), first = slurp(result);
    EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    EXPECT_THAT(svg, HasSubstr("<title>node 71: chips 568 to 575</title>"));
    ASSERT_EQ(run(command).code, 0);
    EXPECT_EQ(slurp(picture), svg);
    EXPECT_EQ(slurp(result), first);
}
