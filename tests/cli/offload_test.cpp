// SPDX-License-Identifier: Apache-2.0
// `superlane offload`: its figures beside the baseline's, prices, faults, that it repeats, and mistakes in one line.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

using Arguments = std::vector<std::string>;
const std::string azure_rows = "workloads/traces/requests_azure.csv";

Arguments joined(Arguments first, const Arguments& more) {
    first.insert(first.end(), more.begin(), more.end());
    return first;
}

Arguments offload(const std::string& model, const Arguments& more) {
    return joined({"offload", model, "--compute", "1xh100", "--memory", "2xh20"}, more);
}

Arguments full(const Arguments& more) {
    return offload("llama-33b", joined({"--decode-only", "--shape", "azure-code", "--max-tokens", "16384", "--poisson",
                                        "1e6", "--requests", "150"},
                                       more));
}

json offloaded(const Arguments& arguments) {
    const Finished finished = run(joined(arguments, {"--json", "-"}));
    EXPECT_EQ(finished.code, 0) << finished.err;
    return json::parse(finished.out);
}

}  // namespace

TEST(Offloading, PairBesideItsBaseline) {
    const json result = offloaded(full({"--baseline", "2xh100", "--prices", "lamina-v2"}));
    const json &pair = result["pair"], &baseline = result["baseline"];
    EXPECT_NEAR(pair["usd_per_hour"], 11.06 + 2 * 4.63, 1e-9);
    EXPECT_NEAR(baseline["usd_per_hour"], 22.12, 1e-9);
    EXPECT_EQ(pair["output_tokens"], baseline["output_tokens"]);
    EXPECT_EQ(pair["computed_tokens"], pair["output_tokens"])
        << "decode alone: the last token of each prompt, then its own";
    const double ratio =
        pair["throughput_tokens_per_second"].get<double>() / baseline["throughput_tokens_per_second"].get<double>();
    EXPECT_NEAR(result["throughput_ratio"], ratio, 1e-12);
    EXPECT_GT(ratio, 1.1);
    EXPECT_NEAR(result["throughput_per_usd_ratio"], ratio * 22.12 / 20.32, 1e-9);
    EXPECT_GT(result["batch_ratio"], 1.5);
    for (const char* pool : {"compute", "memory"}) EXPECT_LE(pair["busy_share"][pool], 1.0);
    EXPECT_GT(pair["mean_step"]["weights_s"], 0.015);
    EXPECT_THAT(run(full({"--baseline", "2xh100"})).out, HasSubstr(" % throughput, "));
}

TEST(Offloading, ReplicasAreBusyByTheirNumberAndDrawTheirPower) {
    for (const auto& [compute, batches] : {std::pair{1, 2}, {2, 3}}) {
        const json pair =
            offloaded({"offload", "llama-2-7b", "--compute", std::to_string(compute) + "xh100", "--memory", "2xh20",
                       "--pipeline-batches", std::to_string(batches), "--decode-only", "--shape", "azure-code",
                       "--max-tokens", "16384", "--poisson", "1e6", "--requests", "40"})["pair"];
        const double weights = pair["busy_share"]["compute"], attention = pair["busy_share"]["memory"];
        const auto watts = [](double board, double busy) { return board * (busy + 0.12 * (1 - busy)); };
        EXPECT_NEAR(pair["energy_j"].get<double>() / pair["elapsed_s"].get<double>(),
                    watts(compute * 700.0, weights) + watts(2 * 400.0, attention), 1e-6);
        EXPECT_GT(weights, 0.3);
        EXPECT_NEAR(pair["mean_step"]["requests"], pair["mean_requests"].get<double>() / batches, 0.51);
    }
}

TEST(Offloading, ResultRepeatsAndPricesScale) {
    const Folder folder;
    const std::string file = folder / "r.json";
    ASSERT_EQ(run(full({"--prices", "lamina-v2", "--json", file})).code, 0);
    const Finished again = run({"rerun", file});
    EXPECT_EQ(again.code, 0) << again.err;
    const std::string dear = folder.write("dear.json", R"({"source": "twice lamina-v2", "date": "2025", "mark": "A",
                                                        "usd_per_hour": {"h100": 22.12, "h20": 9.26}})");
    const json once = json::parse(slurp(file)), twice = offloaded(full({"--prices", dear}));
    EXPECT_NEAR(twice["pair"]["usd"], 2 * once["pair"]["usd"].get<double>(), 1e-9);
    EXPECT_NEAR(twice["pair"]["usd_per_million_tokens"], 2 * once["pair"]["usd_per_million_tokens"].get<double>(),
                1e-9);
}

TEST(Offloading, FaultsAreServedThroughAndPriced) {
    const Arguments trace = {"--trace", azure_rows, "--prices", "lamina-v2", "--repair-s", "7"};
    const json compute = offloaded(offload("llama-2-7b", joined(trace, {"--fault", "compute@5"})))["faults"];
    EXPECT_EQ(compute["tokens"], 0);
    EXPECT_GE(compute["seconds"], 0.0);
    EXPECT_NEAR(compute["usd"], compute["seconds"].get<double>() / 3600 * (11.06 + 2 * 4.63), 1e-9);
    const json memory =
        offloaded(offload("llama-2-7b", joined(trace, {"--fault", "memory@5", "--fault", "compute@5"})));
    EXPECT_GT(memory["faults"]["tokens"], 1000);
    EXPECT_EQ(memory["pair"]["requests"], 60);
    EXPECT_EQ(memory["pair"]["dropped_tokens"], memory["faults"]["tokens"]);
    EXPECT_NEAR(memory["faults"]["usd"], memory["faults"]["seconds"].get<double>() / 3600 * 20.32, 1e-9);
}

TEST(Offloading, NeededBandwidthOverRequestsAndContexts) {
    const json points = offloaded(offload("llama-33b", {"--bandwidth"}))["points"];
    ASSERT_EQ(points.size(), 6u * 7u);
    EXPECT_EQ(points[0]["context"], 512);
    EXPECT_LT(points[0]["gb_per_s_needed"], points[6]["gb_per_s_needed"]) << "more requests";
    EXPECT_GT(points[0]["gb_per_s_needed"], points[35]["gb_per_s_needed"]) << "longer contexts";
    EXPECT_THAT(run(offload("llama-33b", {"--bandwidth"})).out, HasSubstr("512 requests"));
}

TEST(Offloading, MistakesAreNamed) {
    const Arguments trace = {"--trace", azure_rows};
    EXPECT_THAT(complaint(offload("llama-3-70b", trace)), HasSubstr("weights of llama-3-70b take 141.1"));
    EXPECT_THAT(complaint(joined({"offload", "llama-3-70b", "--compute", "2xh100", "--memory", "3xh20"}, trace)),
                HasSubstr("8 KV heads to share, so the number of devices must be one of 1, 2, 4, 8"));
    EXPECT_THAT(complaint(joined({"offload", "llama-2-7b", "--compute", "1xh100", "--memory", "2xh2"}, trace)),
                HasSubstr("unknown GPU 'h2' (nearest: 'h20')"));
    EXPECT_THAT(complaint(joined({"offload", "llama-2-7b", "--memory", "2xh20"}, trace)),
                HasSubstr("one of --compute and --compute-system"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--prices", "market-2024"}))),
                HasSubstr("price set 'market-2024' has no price for 'h20'"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--network", "ncl"}))), HasSubstr("(nearest: 'nccl')"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--pipeline-batches", "3"}))),
                HasSubstr("2 replicas of the weights, among which 1 h100 cannot be shared evenly"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--fault", "memry@5"}))),
                HasSubstr("must be compute@SECONDS or memory@SECONDS"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--fault", "memory@1e999"}))),
                HasSubstr("must be compute@"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--tp", "2"}))),
                HasSubstr("--tp needs --compute-system"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--bandwidth"}))),
                HasSubstr("--trace: --bandwidth serves no requests"));
    EXPECT_THAT(complaint(offload("llama-2-7b", joined(trace, {"--shape", "azure-code"}))),
                HasSubstr("lengths are those of the trace"));
    EXPECT_THAT(complaint(offload("llama-2-7b", {"--shape", "azure_rows", "--poisson", "1", "--requests", "9"})),
                HasSubstr("unknown shape 'azure_rows'"));
    EXPECT_THAT(complaint(offload("llama-2-7b", {"--poisson", "1", "--requests", "9", "--max-tokens", "1000000",
                                                 "--prompt-tokens", "900000"})),
                HasSubstr("a request can have at most"));
}
