// SPDX-License-Identifier: Apache-2.0
// Workloads and validation as a user runs them.
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

namespace {

const std::string tiny_model = "examples/tiny-llama";

}  // namespace

TEST(Workload, ASavedDecodeGivesTheSameResult) {
    Folder folder;
    const std::string saved = folder / "w.json", first = folder / "a.json", second = folder / "b.json";
    const Finished decode = run({"decode", tiny_model, "--tokens", "3", "--dtype", "int8", "--set", "mem.read=2",
                                 "--save-workload", saved, "--json", first});
    ASSERT_EQ(decode.code, 0) << decode.err;
    const Finished repeated = run({"run", saved, "--json", second});
    ASSERT_EQ(repeated.code, 0) << repeated.err;
    EXPECT_EQ(json::parse(slurp(second))["digest"], json::parse(slurp(first))["digest"]);
    EXPECT_THAT(run({"rerun", second}).out, HasSubstr("same digest: "));
}

TEST(Workload, ASavedDecodeOfASystemGivesTheSameResult) {
    Folder folder;
    const std::string saved = folder / "w.json", first = folder / "a.json", second = folder / "b.json";
    const Finished decode = run({"decode",
                                 tiny_model,
                                 "--tokens",
                                 "2",
                                 "--system",
                                 "16",
                                 "--tp",
                                 "2",
                                 "--pp",
                                 "2",
                                 "--set",
                                 "mem.read=2",
                                 "--set",
                                 "link.latency_seed=7",
                                 "--exchange",
                                 "fp32",
                                 "--embedding",
                                 "chip",
                                 "--dead",
                                 "9",
                                 "--link-error",
                                 "1:0:0:2",
                                 "--save-workload",
                                 saved,
                                 "--json",
                                 first});
    ASSERT_EQ(decode.code, 0) << decode.err;
    EXPECT_THAT(decode.out, AllOf(HasSubstr("mapped out"), HasSubstr("node 1, with a dead chip each; 8 chips are left"),
                                  HasSubstr("1 step after an uncorrectable link error")));
    const json result = json::parse(slurp(first));
    EXPECT_EQ(result["dead_nodes"], json({1}));
    EXPECT_EQ(result["replayed_steps"], 1);
    EXPECT_EQ(result["replay_cycles"], result["cycles_per_token"][1]);
    const Finished repeated = run({"run", saved, "--json", second});
    ASSERT_EQ(repeated.code, 0) << repeated.err;
    EXPECT_EQ(json::parse(slurp(second))["digest"], result["digest"]);
    EXPECT_THAT(run({"rerun", first}).out, HasSubstr("same digest: "));
    EXPECT_THAT(run({"rerun", second}).out, HasSubstr("same digest: "));
}

TEST(Workload, TheOneOfFourChipsRuns) {
    const Finished finished = run({"run", "workloads/tiny_four_chips.json", "--json", "-"});
    ASSERT_EQ(finished.code, 0) << finished.err;
    const json result = json::parse(finished.out);
    EXPECT_EQ(result["comparison"]["rounded"]["tokens_equal"], true);
    EXPECT_EQ(result["chips"], 4);
    ASSERT_EQ(result["sram_per_chip"].size(), 2u);
    for (const auto& stage : result["sram_per_chip"]) EXPECT_GT(stage["instructions"], 0);
    int64_t kinds = 0, cycles = 0;
    for (const auto& kind : result["operator_kinds"]) kinds += kind.get<int64_t>();
    for (const auto& one : result["cycles_per_token"]) cycles += one.get<int64_t>();
    EXPECT_EQ(kinds, cycles);
    for (const auto& one : result["operators"]) EXPECT_TRUE(result["operator_kinds"].contains(one["kind"])) << one;
}

TEST(Workload, ASavedProductGivesTheSameResult) {
    Folder folder;
    const std::string saved = folder / "w.json", result = folder / "r.json";
    const Finished product = run({"gemm", "2", "70", "90", "--chip", "mini", "--save-workload", saved});
    const Finished repeated = run({"run", saved, "--json", result});
    EXPECT_EQ(repeated.code, 0) << repeated.err;
    EXPECT_THAT(product.out, HasSubstr(json::parse(slurp(result))["digest"].get<std::string>()));
    EXPECT_THAT(run({"rerun", result}).out, HasSubstr("same digest: "));
}

TEST(Workload, ATraceIsReportedStepByStepAndRepeats) {
    Folder folder;
    const std::string file = folder / "r.json";
    const Finished finished = run({"run", "workloads/growing_batch.json", "--json", file});
    ASSERT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, AllOf(HasSubstr("9 steps, 64 new tokens, at most 4 requests"), HasSubstr("programs")));
    const json result = json::parse(slurp(file));
    int64_t cycles = 0;
    for (const auto& step : result["steps"]) cycles += step["cycles"].get<int64_t>();
    EXPECT_EQ(result["cycles"], cycles);
    EXPECT_EQ(result["steps"].size(), 9u);
    EXPECT_THAT(run({"rerun", file}).out, HasSubstr("same digest: "));
}

TEST(Workload, WhatBelongsIntoTheFileIsRefusedBesideIt) {
    EXPECT_THAT(complaint({"run", "workloads/projection.json", "--engine", "kernel"}),
                HasSubstr("--engine is for programs"));
    EXPECT_THAT(complaint({"gemm", "1", "4", "4", "--save-workload", "w.txt"}), HasSubstr("must end in .json"));
    Folder folder;
    EXPECT_THAT(complaint({"run", folder / "none.json"}), HasSubstr("none.json: cannot be read"));
    EXPECT_THAT(
        complaint({"run",
                   folder.write("w.json", R"({"workload": 1, "split": {"tp": 8}, "gemm": {"m": 1, "k": 4, "n": 4}})")}),
        HasSubstr("a product runs on one chip"));
}

TEST(Decode, CalibratedStandsApartAndIsCalledFitted) {
    const std::vector<std::string> command = {"decode", tiny_model, "--tokens", "1", "--timing-only", "--calibrated"};
    EXPECT_THAT(run(command).out, HasSubstr("tokens/s, fitted, not simulated: "));
    std::vector<std::string> as_json = command;
    as_json.insert(as_json.end(), {"--json", "-"});
    const json result = json::parse(run(as_json).out);
    EXPECT_LT(result["calibrated"]["tokens_per_second_calibrated"], result["tokens_per_second"]);
    EXPECT_TRUE(result["calibrated"].contains("overhead_us_per_layer"));
    EXPECT_THAT(result["calibrated"]["fitted_on"].get<std::string>(), HasSubstr("Llama-2-70B"));
}

TEST(Validate, PrintsRowsAndJson) {
    const Finished table = run({"validate", "--only", "permute"});
    EXPECT_EQ(table.code, 0) << table.err;
    EXPECT_THAT(table.out, AllOf(HasSubstr("permute_one"), HasSubstr("124 cycles"), HasSubstr("pass")));
    const Finished dumped = run({"validate", "--json", "--only", "queues"});
    const json result = json::parse(dumped.out);
    EXPECT_EQ(result["all_met"], true);
    EXPECT_EQ(result["rows"][0]["ours"], 144.0);
    EXPECT_THAT(complaint({"validate", "--only", "quues"}), HasSubstr("(nearest: 'queues')"));
}

// A machine that misses its figures must say so: a data directory in which the default chip runs at 800 MHz.
TEST(Validate, AMissEndsWithExitCode1) {
    Folder folder;
    std::filesystem::copy(std::string(SUPERLANE_SOURCE_DIR) + "/models", folder / "data",
                          std::filesystem::copy_options::recursive);
    folder.write("data/chips/tsp-v1.json", R"({"name": "tsp-v1", "parameters": {"clock.mhz": 800}})");
    setenv("SUPERLANE_DATA", (folder / "data").c_str(), 1);
    const Finished finished = run({"validate", "--only", "stream_bandwidth"});
    unsetenv("SUPERLANE_DATA");
    EXPECT_EQ(finished.code, 1);
    EXPECT_THAT(finished.err, HasSubstr("1 of 1 rows missed its tolerance: stream_bandwidth"));
    EXPECT_THAT(finished.out,
                HasSubstr("missed: stream_bandwidth: ours is 16.384 TB/s, -10.96 % from the published 18.4"));
}
