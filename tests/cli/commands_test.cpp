// SPDX-License-Identifier: Apache-2.0
// Each command does its work: programs round trip and run, results carry their keys and repeat.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

const std::string add = "examples/asm/add_vectors.asm";

}  // namespace

TEST(Programs, TextAndFileRoundTrip) {
    Folder folder;
    const std::string first = folder / "a.slp", text = folder / "a.asm", second = folder / "b.slp";
    ASSERT_EQ(run({"asm", add, "-o", first}).code, 0);
    ASSERT_EQ(run({"disasm", first, "-o", text}).code, 0);
    ASSERT_EQ(run({"disasm", first}).out, slurp(text));
    ASSERT_EQ(run({"asm", text, "-o", second}).code, 0);
    const std::string digest = run({"run", first}).out;
    EXPECT_EQ(run({"run", second}).out, digest);
}

TEST(Programs, RunShowsRegions) {
    const Finished finished = run({"run", add, "--show", "z0+z1+z2+z3=f32"});
    EXPECT_EQ(finished.code, 0);
    EXPECT_THAT(finished.out, HasSubstr("cycles        11 cycles (last superlane: 30)"));
    EXPECT_THAT(finished.out, HasSubstr("z0+z1+z2+z3[0] f32: 100 100.5 101 101.5 102"));
    EXPECT_THAT(finished.out, HasSubstr("hazards       0"));
}

TEST(Programs, ResultRepeats) {
    Folder folder;
    const std::string file = folder / "r.json";
    ASSERT_EQ(run({"run", add, "--show", "z0", "--json", file}).code, 0);
    EXPECT_THAT(run({"rerun", file}).out, HasSubstr("same digest: "));
}

TEST(Programs, TraceAndWaveform) {
    Folder folder;
    ASSERT_EQ(run({"run", add, "--engine", "kernel", "--trace", folder / "t.json", "--vcd", folder / "w.vcd"}).code, 0);
    EXPECT_TRUE(json::parse(slurp(folder / "t.json")).contains("traceEvents"));
    EXPECT_THAT(slurp(folder / "w.vcd"), HasSubstr("$enddefinitions"));
    EXPECT_EQ(folder.files(), 2u);
}

TEST(Outputs, AFullDiskIsAnError) {
    const Finished finished = run({"gemm", "1", "4", "4", "--chip", "mini", "--json", "/dev/full"});
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.err, HasSubstr("/dev/full: cannot be written"));
}

TEST(Gemm, ExactAndRepeatable) {
    Folder folder;
    const std::string file = folder / "g.json";
    const Finished finished = run({"gemm", "3", "100", "130", "--chip", "mini", "--json", file});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("exact"));
    const json result = json::parse(slurp(file));
    EXPECT_EQ(result["weight_bytes"], 13000);
    EXPECT_EQ(result["checked"], true);
    EXPECT_THAT(run({"rerun", file}).out, HasSubstr("same digest: "));
}

TEST(Gemm, TimingOnlyTakesTheSameCycles) {
    const std::vector<std::string> base = {"gemm", "2", "70", "90", "--chip", "mini", "--dtype", "fp16"};
    std::vector<std::string> timing = base;
    timing.push_back("--timing-only");
    EXPECT_EQ(result_of(base)["cycles"], result_of(timing)["cycles"]);
}

TEST(Decode, ResultHasItsKeys) {
    const json result = result_of({"decode", tiny, "--tokens", "3", "--prompt", "The chip"});
    for (const char* key : {"model",
                            "chip",
                            "dtype",
                            "tokens",
                            "text",
                            "prefill_cycles",
                            "cycles_per_token",
                            "tokens_per_second",
                            "sram_read_bytes",
                            "stream_utilisation",
                            "mxm_utilisation",
                            "weight_bytes",
                            "kv_bytes",
                            "instruction_bytes",
                            "operators",
                            "hazards",
                            "digest",
                            "simulator",
                            "parameters",
                            "version",
                            "command",
                            "configuration",
                            "energy_j",
                            "latency_us_per_token",
                            "throughput_tokens_per_second",
                            "link_utilisation"})
        EXPECT_TRUE(result.contains(key)) << key;
    for (const char* one : {"chips", "tp", "pp", "ep", "requests_in_flight", "distinct_programs"})
        EXPECT_EQ(result[one], 1) << one;
    EXPECT_EQ(result["c2c_bytes"], 0);
    EXPECT_NEAR(result["latency_us_per_token"].get<double>(), result["cycles_per_token"][2].get<double>() / 900, 1e-9);
    EXPECT_EQ(result["sram_per_chip"][0]["weights"], result["memory_bytes"]["weights"]);
    EXPECT_GT(result["sram_per_chip"][0]["instructions"], 0);
    EXPECT_LE(result["sram_per_chip"][0]["instructions"], result["instruction_bytes"]);
    EXPECT_EQ(result["tokens"].size(), 3u);
    EXPECT_EQ(result["cycles_per_token"].size(), 3u);
    EXPECT_EQ(result["text"].get<std::string>().size(), 3u);
    EXPECT_EQ(result["command"][1], tiny);
    EXPECT_EQ(result["parameters"]["clock.mhz"]["value"], 900);
    EXPECT_EQ(result["parameters"]["clock.mhz"]["origin"], "default");
    EXPECT_EQ(result["parameters"]["clock.mhz"]["unit"], "MHz");
    EXPECT_TRUE(result["simulator"].contains("wall_s") && result["simulator"].contains("chip_cycles_per_s"));
    EXPECT_EQ(result["hazards"], json::array());
}

TEST(Decode, OperatorsAddUpToTheTokens) {
    const json result = result_of({"decode", tiny, "--tokens", "2", "--timing-only"});
    int64_t operators = 0, tokens = 0;
    for (const auto& one : result["operators"]) operators += one["cycles"].get<int64_t>();
    for (const auto& one : result["cycles_per_token"]) tokens += one.get<int64_t>();
    EXPECT_EQ(operators, tokens);
}

TEST(Decode, OverridesAreRecordedAndMatter) {
    const json slow = result_of({"decode", tiny, "--tokens", "1", "--timing-only", "--set", "mem.read=9"});
    EXPECT_EQ(slow["parameters"]["mem.read"]["value"], 9);
    EXPECT_EQ(slow["parameters"]["mem.read"]["origin"], "--set");
    EXPECT_GT(slow["cycles_per_token"][0],
              result_of({"decode", tiny, "--tokens", "1", "--timing-only"})["cycles_per_token"][0]);
}

TEST(Decode, RepeatsFromItsFile) {
    Folder folder;
    const std::string file = folder / "r.json";
    ASSERT_EQ(run({"decode", tiny, "--tokens", "3", "--dtype", "int8", "--set", "mem.read=2", "--json", file}).code, 0);
    const Finished again = run({"rerun", file});
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_THAT(again.out, HasSubstr("same digest: " + json::parse(slurp(file))["digest"].get<std::string>()));
}

TEST(Decode, TextThenTable) {
    const Finished finished = run({"decode", tiny, "--tokens", "4", "--prompt", "The chip"});
    EXPECT_EQ(finished.code, 0);
    EXPECT_EQ(finished.err, "");
    EXPECT_TRUE(finished.out.starts_with("The chip")) << finished.out;
    for (const char* part :
         {"tokens/s at 900 MHz", "weight bound", "18.43 TB/s", "80 TB/s", "a token (proxy", "cycles a token"})
        EXPECT_THAT(finished.out, HasSubstr(part));
}

TEST(Decode, LogitsFile) {
    Folder folder;
    ASSERT_EQ(run({"decode", tiny, "--tokens", "2", "--logits", folder / "l.npy"}).code, 0);
    const std::string bytes = slurp(folder / "l.npy");
    EXPECT_TRUE(bytes.starts_with("\x93NUMPY"));
    EXPECT_THAT(bytes.substr(0, 128), HasSubstr("'shape': (2, 256, )"));
    EXPECT_EQ(bytes.size(), 128 + 2 * 256 * sizeof(float));
}

TEST(Decode, ShapesAreTimingOnly) {
    const Finished finished = run({"decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512",
                                   "--position", "511", "--tokens", "1", "--timing-only"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("202,375,168 B of weights"));
    EXPECT_THAT(finished.out, HasSubstr("Bound by the streams that bring the weights"));
}

TEST(Decode, AShapeWritesNoText) {
    const Finished finished =
        run({"decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "64", "--tokens", "1"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_TRUE(finished.out.starts_with("model ")) << finished.out;
    EXPECT_THAT(finished.err, HasSubstr("timing only, no text"));
}

TEST(Decode, SaysWhatTakesTheLargestPart) {
    const std::vector<std::string> one = {"decode", tiny, "--tokens", "1", "--timing-only"};
    EXPECT_THAT(run(one).out, HasSubstr("Bound by latency"));
    std::vector<std::string> far = one;  // a slow cable
    far.insert(far.end(), {"--system", "2", "--tp", "2", "--set", "c2c.latency=5000"});
    const Finished finished = run(far);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("Bound by the network"));
    EXPECT_THAT(finished.out, HasSubstr("2 of 2 chips: 1 stage of 2"));
}

TEST(Compile, AProgramWithWeightsRunsByItself) {
    Folder folder;
    const std::string file = folder / "step.slp";
    ASSERT_EQ(run({"compile", tiny, "-o", file, "--weights"}).code, 0);
    const Finished ran = run({"run", file});
    EXPECT_EQ(ran.code, 0) << ran.err;
}

TEST(Compile, WritesAProgramThatRuns) {
    Folder folder;
    const std::string file = folder / "step.slp";
    const Finished compiled = run({"compile", tiny, "-o", file, "--position", "40", "--explain"});
    ASSERT_EQ(compiled.code, 0) << compiled.err;
    EXPECT_THAT(compiled.out, HasSubstr("softmax"));
    EXPECT_THAT(compiled.out, HasSubstr("B of SRAM"));
    EXPECT_THAT(compiled.out, HasSubstr("Matrices: where each lies"));
    EXPECT_THAT(compiled.out, HasSubstr("heads: "));
    const Finished ran = run({"run", file, "--timing-only"});
    EXPECT_EQ(ran.code, 0) << ran.err;
}

TEST(Collective, GivesTimeBandwidthBoundAndAlgorithmOfEachSize) {
    const json result = result_of({"collective", "all-reduce", "--system", "tsp-v1-node", "--sizes", "1K,32K"});
    ASSERT_EQ(result["sizes"].size(), 2u);
    const json& large = result["sizes"][1];
    EXPECT_EQ(large["bytes"], 32768);
    EXPECT_EQ(large["algorithm"], "direct");
    EXPECT_TRUE(large["checked"]);
    EXPECT_GE(large["cycles"], large["bound_cycles"]);
    // Bus bandwidth of an all-reduce over 8 chips: 2 * 7 / 8 of the algorithm bandwidth.
    EXPECT_NEAR(large["bus_gbytes_per_s"].get<double>(), 1.75 * large["algorithm_gbytes_per_s"].get<double>(), 1e-6);
    EXPECT_NEAR(large["peak_gbytes_per_s"].get<double>(), 7 * 320 * 0.9 / 27, 1e-6);
}

TEST(Collective, PrintsATable) {
    const Finished finished = run({"collective", "send", "--from", "0", "--to", "5", "--bytes", "64K"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("values exact"));
    EXPECT_THAT(finished.out, HasSubstr("paths"));
}
