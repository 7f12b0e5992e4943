// SPDX-License-Identifier: Apache-2.0
// `superlane serve`: its figures, that they repeat, and what it says about wrong input.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

const std::string azure = "workloads/traces/requests_azure.csv", mooncake = "workloads/traces/requests_mooncake.jsonl";
const std::string header = "arrived_at,num_prefill_tokens,num_decode_tokens\n";

/// A machine that takes 10 ms a step, and its requests.
std::vector<std::string> serve(const Folder& folder, std::vector<std::string> more) {
    const std::string steps =
        folder.write("steps.csv", "batch,context,latency_s\n1,0,0.01\n64,0,0.01\n1,9999,0.01\n64,9999,0.01\n");
    std::vector<std::string> arguments = {"serve",   "llama-2-7b", "--step-time",  steps,
                                          "--kv-gb", "40",         "--max-tokens", "9999"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

json result_of(const Folder& folder, std::vector<std::string> more) {
    more.insert(more.end(), {"--json", "-"});
    const Finished finished = run(serve(folder, more));
    EXPECT_EQ(finished.code, 0) << finished.err;
    return json::parse(finished.out);
}

std::string complaint_of(const Folder& folder, const std::vector<std::string>& more) {
    return complaint(serve(folder, more));
}

}  // namespace

TEST(Serving, FiguresOfATrace) {
    const Folder folder;
    const json result = result_of(folder, {"--trace", azure});
    EXPECT_EQ(result["requests"], 60);
    EXPECT_NEAR(result["tpot_s"]["p50"], 0.01, 0.005);
    EXPECT_EQ(result["slo_attainment"], 1.0);
    EXPECT_EQ(result["kv_bytes_per_token"], 524288);
    EXPECT_EQ(result["computed_tokens"], result["prompt_tokens"].get<int>() + result["output_tokens"].get<int>() - 60);
    EXPECT_GT(result["kv_occupancy"]["intervals"].size(), 100u);
    EXPECT_EQ(run(serve(folder, {"--trace", azure})).out.find("nan"), std::string::npos);
}

TEST(Serving, ResultRepeatsAndPriceScales) {
    const Folder folder;
    const std::string file = folder / "r.json";
    const std::vector<std::string> poisson = {"--poisson",  "20",  "--cv",           "2",
                                              "--requests", "300", "--usd-per-hour", "4"};
    std::vector<std::string> kept = poisson;
    kept.insert(kept.end(), {"--json", file});
    ASSERT_EQ(run(serve(folder, kept)).code, 0);
    EXPECT_THAT(run({"rerun", file}).out, HasSubstr("same digest: "));
    std::vector<std::string> doubled = poisson;
    doubled.back() = "8";
    const double once = json::parse(slurp(file))["usd_per_million_tokens"];
    EXPECT_GT(once, 0);
    EXPECT_NEAR(result_of(folder, doubled)["usd_per_million_tokens"], 2 * once, 1e-9 * once);
}

TEST(Serving, EnergyIsPaidBesideTheMachine) {
    const Folder folder;
    const json result =
        result_of(folder, {"--trace", azure, "--idle-watts", "500", "--usd-per-kwh", "0.2", "--usd-per-hour", "4"});
    const double elapsed = result["elapsed_s"];
    EXPECT_NEAR(result["energy_j"], 500 * elapsed, 1e-9 * elapsed);
    EXPECT_NEAR(result["usd"], (4 + 0.5 * 0.2) * elapsed / 3600, 1e-9);
}

TEST(Serving, PrefixesAndTimesOfATrace) {
    const Folder folder;
    const json reused = result_of(folder, {"--trace", mooncake});
    EXPECT_GT(reused["reused_tokens"], 10000);
    EXPECT_EQ(result_of(folder, {"--trace", mooncake, "--no-prefix-reuse"})["reused_tokens"], 0);
    const json slower = result_of(folder, {"--trace", mooncake, "--poisson", "0.2"});
    EXPECT_EQ(slower["prompt_tokens"], reused["prompt_tokens"]);
    EXPECT_GT(slower["elapsed_s"], reused["elapsed_s"]);
}

TEST(Serving, StepTimesFromDecoding) {
    const Folder folder;
    std::vector<std::string> arguments = {"serve",           tiny, "--poisson",       "1", "--requests", "3",
                                          "--prompt-tokens", "4",  "--output-tokens", "3"};
    for (const char* position : {"4", "8"}) {
        const std::string file = folder / (std::string("decode") + position + ".json");
        ASSERT_EQ(run({"decode", tiny, "--dtype", "int8", "--timing-only", "--tokens", "1", "--context", "256",
                       "--position", position, "--json", file})
                      .code,
                  0);
        arguments.insert(arguments.end(), {"--step-time", file});
    }
    arguments.insert(arguments.end(), {"--json", "-"});
    const Finished served = run(arguments);
    ASSERT_EQ(served.code, 0) << served.err;
    const json result = json::parse(served.out), first = json::parse(slurp(folder / "decode4.json"));
    EXPECT_EQ(result["server"]["kv_pages"], 20) << "a page of 320 tokens was laid out";
    EXPECT_NEAR(result["tpot_s"]["p50"], first["cycles_per_token"][0].get<double>() / 900e6, 1e-7);
}

TEST(Serving, WrongRowsAndRequests) {
    const Folder folder;
    const std::string bad = folder.write("bad.csv", header + "0,10,5\n1,-3,5\n2,10,5\n1,10,5\n9,9990,50\n");
    EXPECT_THAT(complaint_of(folder, {"--trace", bad}),
                HasSubstr("bad.csv: line 3: column 'num_prefill_tokens': -3 must be from 1"));
    const Finished skipped = run(serve(folder, {"--trace", bad, "--skip-bad"}));
    EXPECT_EQ(skipped.code, 0) << skipped.err;
    EXPECT_THAT(skipped.err, HasSubstr("note: 3 rows skipped; the first: "));
    EXPECT_THAT(skipped.out, HasSubstr("requests    2 ("));
    EXPECT_THAT(complaint_of(folder, {"--trace", folder.write("long.csv", header + "0,9990,50\n")}),
                HasSubstr("long.csv: line 2: a prompt of 9990 and an output of 50 tokens take 10039 positions, a "
                          "request can have at most 9999"));
    EXPECT_THAT(complaint_of(folder, {"--trace", folder.write("none.csv", "a,b\n1,2\n")}),
                HasSubstr("header of no known format"));
    EXPECT_THAT(complaint_of(folder, {"--trace", "no.csv"}), HasSubstr("no.csv: cannot be read"));
}

TEST(Serving, WrongOptions) {
    const Folder folder;
    EXPECT_THAT(complaint_of(folder, {}), HasSubstr("serve needs requests: --trace FILE, --poisson RATE"));
    EXPECT_THAT(complaint_of(folder, {"--poisson", "5"}), HasSubstr("needs --requests"));
    EXPECT_THAT(complaint_of(folder, {"--poisson", "0", "--requests", "5"}),
                HasSubstr("--poisson 0: must be from 1e-09 to 1e+09"));
    EXPECT_THAT(complaint_of(folder, {"--poisson", "nan", "--requests", "5"}), HasSubstr("must be from 1e-09"));
    EXPECT_THAT(complaint_of(folder, {"--poisson", "5", "--requests", "5", "--cv", "-1"}),
                HasSubstr("--cv -1: must be from 0 to 100"));
    EXPECT_THAT(complaint_of(folder, {"--trace", azure, "--cv", "2"}), HasSubstr("--cv needs --poisson"));
    EXPECT_THAT(complaint_of(folder, {"--trace", azure, "--prompt-tokens", "5"}),
                HasSubstr("lengths are those of the trace"));
    EXPECT_THAT(complaint_of(folder, {"--trace", azure, "--kv-dtype", "fp61"}), HasSubstr("(nearest: 'fp16')"));
    EXPECT_THAT(complaint_of(folder, {"--trace", mooncake, "--page-tokens", "48"}),
                HasSubstr("must divide the trace's blocks of 512"));
    EXPECT_THAT(complaint({"serve", "llama-2-7c", "--step-time", folder / "steps.csv", "--trace", azure}),
                HasSubstr("llama-2-7b"));
    EXPECT_THAT(complaint({"serve", "llama-2-7b", "--trace", azure}), HasSubstr("serve needs a machine"));
    EXPECT_THAT(complaint({"serve", "llama-2-7b", "--step-time", folder / "steps.csv", "--trace", azure}),
                HasSubstr("--kv-gb"));
}

TEST(Serving, WrongStepTimes) {
    const Folder folder;
    const auto with = [&](const std::string& text) {
        return complaint(
            {"serve", "llama-2-7b", "--kv-gb", "4", "--trace", azure, "--step-time", folder.write("s", text)});
    };
    EXPECT_THAT(with("batch,context,seconds\n1,2,3\n"), HasSubstr("no column 'latency_s'"));
    EXPECT_THAT(with("batch,context,latency_s,intervall_s\n"),
                HasSubstr("unknown column 'intervall_s' (nearest: 'interval_s')"));
    EXPECT_THAT(with("batch,context,latency_s\n1,0,0.01\n2,8,0.01\n"), HasSubstr("batch 1, context 8 is missing"));
    EXPECT_THAT(with("batch,context,latency_s\n1,0,-1\n"), HasSubstr("line 2: column 'latency_s': -1 must be from"));
    EXPECT_THAT(with("batch,context,latency_s,interval_s\n1,0,1,2\n"),
                HasSubstr("interval_s 2 is longer than latency_s 1"));
    EXPECT_THAT(with("{\"step_time\": 1, \"points\": [{\"batch\": 1, \"contxt\": 0, \"latency_s\": 1}]}"),
                HasSubstr("'contxt'"));
    EXPECT_THAT(with("{\"step_time\": 2, \"points\": []}"), HasSubstr("key 'step_time': 2"));
    EXPECT_THAT(with("batch,context,latency_s\n1,0,0.01\n"), HasSubstr("is beyond its points"));
    EXPECT_THAT(with(""), HasSubstr("no column 'batch'"));
}
