// SPDX-License-Identifier: Apache-2.0
// `superlane serve` and `compare` on GPUs and simulated chips: prices, resuming after a kill, and wrong machines.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

const std::string tiny_llama = "examples/tiny-llama";

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::vector<std::string> requests(const std::string& model, const std::vector<std::string>& more) {
    return with(
        {"serve", model, "--poisson", "4", "--requests", "40", "--prompt-tokens", "32:64", "--output-tokens", "8:32"},
        more);
}

json served(const std::vector<std::string>& arguments) {
    const Finished finished = run(with(arguments, {"--json", "-"}));
    EXPECT_EQ(finished.code, 0) << finished.err;
    json result = json::parse(finished.out);
    result.erase("simulator");
    result.erase("command");
    return result;
}

std::vector<std::string> on_chips(const std::string& cache, const std::vector<std::string>& more = {}) {
    return with({"serve", tiny_llama, "--system", "4", "--tp", "2", "--dtype", "int8", "--cache", cache, "--poisson",
                 "20000", "--requests", "60", "--prompt-tokens", "64:300", "--output-tokens", "8:64"},
                more);
}

size_t points_in(const std::string& cache) {
    size_t count = 0;
    if (std::filesystem::exists(cache))
        for (const auto& entry : std::filesystem::recursive_directory_iterator(cache))
            if (entry.is_regular_file() && entry.path().string().find(".part") == std::string::npos) ++count;
    return count;
}

size_t lines(const std::string& text) { return size_t(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST(Machines, GpusServeAtThePriceOfASet) {
    const Folder folder;
    const auto priced = [&](const std::string& usd) {
        const std::string set = folder.write(
            "p.json", R"({"source": "s", "date": "d", "mark": "A", "usd_per_hour": {"h100": )" + usd + "}}");
        return served(requests("llama-2-70b", {"--gpu", "4xh100", "--prices", set}));
    };
    const json once = priced("3"), twice = priced("6");
    EXPECT_EQ(once["machine"], "4 x h100, fp16");
    EXPECT_EQ(once["server"]["kv_pages"], 28619);
    EXPECT_NEAR(once["usd"], 12 * once["elapsed_s"].get<double>() / 3600, 1e-9);
    EXPECT_NEAR(twice["usd_per_million_tokens"], 2 * once["usd_per_million_tokens"].get<double>(), 1e-9);
    EXPECT_GT(once["tpot_s"]["p50"], 0.01);
    const double busy = once["busy_share"], elapsed = once["elapsed_s"];
    EXPECT_NEAR(once["energy_j"], elapsed * 4 * 700 * (busy + 0.12 * (1 - busy)), 1e-6 * elapsed)
        << "board power in steps, power.idle_share of it between them";
    EXPECT_GT(once["step_time_error"], 0.05);
}

TEST(Machines, ResultOfGpusRepeats) {
    const Folder folder;
    const std::string file = folder / "r.json";
    ASSERT_EQ(run(requests("llama-2-7b", {"--gpu", "a100-80", "--set", "step.us=500", "--json", file})).code, 0);
    EXPECT_THAT(run({"rerun", file}).out, HasSubstr("same digest: "));
}

TEST(Machines, ChipsGoOnFromTheirCacheAfterAKill) {
    const Folder folder;
    const json whole = served(on_chips(folder / "whole", {"--threads", "2"}));
    const size_t points = points_in(folder / "whole");
    EXPECT_GT(points, 5u);
    EXPECT_GT(whole["step_time_error"], 0);
    EXPECT_LT(whole["step_time_error"], 0.2);
    EXPECT_EQ(whole["server"]["pipeline_steps"], 4);
    EXPECT_EQ(whole["server"]["page_tokens"], 320);
    EXPECT_EQ(whole["server"]["max_requests"], 4 * 4) << "a batch in each step in flight";
    EXPECT_EQ(whole["server"]["step_tokens"], 4 * 4);
    const json nearly_off = served(on_chips(folder / "whole", {"--idle-watts", "1"}));
    const json chip = json::parse(run({"cost", "chip", "tsp-v1", "--json", "-"}).out);
    EXPECT_NEAR(
        (whole["energy_j"].get<double>() - nearly_off["energy_j"].get<double>()) / whole["elapsed_s"].get<double>(),
        4 * chip["power_w"]["leakage, clock tree"].get<double>() - 1, 1e-6);
    EXPECT_GT(whole["usd"], 0);
    const std::string part = folder / "part";
    const Process killed(on_chips(part));
    while (points_in(part) < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait().code, 128 + SIGKILL);
    const size_t before = points_in(part);
    const Finished resumed = run(with(on_chips(part), {"--json", folder / "r.json"}));
    EXPECT_EQ(lines(resumed.err), points - before) << "simulated what was not there: " << resumed.err;
    json result = json::parse(slurp(folder / "r.json"));
    result.erase("simulator");
    result.erase("command");
    EXPECT_EQ(result, whole);
    EXPECT_EQ(run(on_chips(part)).err, "") << "nothing is left to simulate";
}

TEST(Machines, ProcessesShareACache) {
    const Folder folder;
    const auto arguments = [&](const std::string& name) {
        return with(on_chips(folder / "cache"), {"--json", folder / name});
    };
    const Process one(arguments("one.json")), other(arguments("other.json"));
    EXPECT_EQ(one.wait().code, 0);
    EXPECT_EQ(other.wait().code, 0);
    EXPECT_EQ(json::parse(slurp(folder / "one.json"))["digest"], json::parse(slurp(folder / "other.json"))["digest"]);
}

TEST(Machines, ComparedInOneTable) {
    const Folder folder;
    const std::string file = folder.write("c.json", R"({"compare": 1, "model": "llama-2-7b",
        "requests": {"poisson": 4, "requests": 50, "prompt_tokens": "64:256", "output_tokens": 64},
        "prices": "market-2024", "rates": [1, 8], "batches": [1, 64, 100000], "batch_context": 512,
        "machines": [{"name": "one", "gpu": "a100-80"}, {"name": "four", "gpu": "4xh100"}]})");
    const Finished finished = run({"compare", file, "--json", folder / "r.json"});
    ASSERT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("USD/M tokens"));
    const json result = json::parse(slurp(folder / "r.json")), &one = result["machines"][0],
               &four = result["machines"][1];
    EXPECT_GT(four["tokens_per_second_per_user"]["p50"], one["tokens_per_second_per_user"]["p50"]);
    EXPECT_GT(four["usd_per_million_tokens"], one["usd_per_million_tokens"]);
    ASSERT_EQ(one["batch_curve"].size(), 2u) << "100,000 requests do not fit";
    EXPECT_GT(one["batch_curve"][1]["throughput_tokens_per_second"],
              one["batch_curve"][0]["throughput_tokens_per_second"]);
    EXPECT_GT(one["latency_curve"][1]["ttft_s"]["p99"], one["latency_curve"][0]["ttft_s"]["p50"]);
    EXPECT_EQ(run({"compare", file, "--json", "-"}).out, run({"compare", file, "--json", "-"}).out);
}

TEST(Machines, PairsAndPipelinesAreCompared) {
    const Folder folder;
    const std::string file = folder.write("c.json", R"({"compare": 1, "model": "llama-2-7b", "prices": "lamina-v2",
        "requests": {"poisson": 4, "requests": 2, "prompt_tokens": 8, "output_tokens": 4},
        "batches": [1, 64], "batch_context": 512,
        "machines": [{"gpu": "h100", "memory": "2xh20"},
                     {"step_time": {"step_time": 1, "kv_tokens": 100000, "pipeline_steps": 4, "points": [
                         {"batch": 1, "context": 0, "latency_s": 0.01, "interval_s": 0.004},
                         {"batch": 64, "context": 0, "latency_s": 0.01, "interval_s": 0.004},
                         {"batch": 1, "context": 4096, "latency_s": 0.01, "interval_s": 0.004},
                         {"batch": 64, "context": 4096, "latency_s": 0.01, "interval_s": 0.004}]}}]})");
    const Finished finished = run({"compare", file, "--json", "-"});
    ASSERT_EQ(finished.code, 0) << finished.err;
    const json result = json::parse(finished.out);
    EXPECT_EQ(result["machines"][0]["devices"], 3);
    EXPECT_NEAR(result["machines"][0]["usd_per_hour"], 11.06 + 2 * 4.63, 1e-9);
    const json& pipeline = result["machines"][1]["batch_curve"];
    EXPECT_NEAR(pipeline[0]["tokens_per_second_per_user"], 1 / 0.01, 1e-9) << "alone in the pipeline";
    EXPECT_NEAR(pipeline[1]["tokens_per_second_per_user"], 1 / (4 * 0.004), 1e-9) << "a step after every 4 ms";
}

TEST(Machines, MistakesAreNamed) {
    const Folder folder;
    const auto gpu = [&](const std::vector<std::string>& more) { return complaint(requests("llama-2-70b", more)); };
    EXPECT_THAT(gpu({}), HasSubstr("serve needs a machine: one of --gpu, --system and --step-time"));
    EXPECT_THAT(gpu({"--gpu", "4xh100", "--system", "4"}), HasSubstr("one of --gpu"));
    EXPECT_THAT(gpu({"--gpu", "4xh10"}), HasSubstr("unknown GPU 'h10' (nearest: 'a10')"));
    EXPECT_THAT(gpu({"--gpu", "0xh100"}), HasSubstr("gpu 0xh100: must be a device or a number of them"));
    EXPECT_THAT(gpu({"--gpu", "h100"}), HasSubstr("does not fit 1 x h100"));
    EXPECT_THAT(gpu({"--gpu", "3xh100"}), HasSubstr("tp 3: does not divide"));
    EXPECT_THAT(gpu({"--gpu", "4xa100-80", "--prices", "lamina-v2"}),
                HasSubstr("price set 'lamina-v2' has no price for 'a100-80'"));
    EXPECT_THAT(gpu({"--gpu", "4xh100", "--tp", "2"}), HasSubstr("--tp needs --system"));
    EXPECT_THAT(gpu({"--gpu", "4xh100", "--dtype", "fp12"}), HasSubstr("fp12"));
    EXPECT_THAT(gpu({"--system", "tsp-v1-575"}), HasSubstr("tsp-v1-576"));
    EXPECT_THAT(gpu({"--system", "8", "--cache", folder / "c"}), HasSubstr("does not fit"));
    const std::string taken = folder.write("taken", "");
    EXPECT_THAT(complaint(on_chips(taken + "/cache")), HasSubstr("taken/cache: cannot be written"));
    EXPECT_THAT(complaint({"compare", folder.write("c.json", R"({"compare": 1, "model": "llama-2-7b", "machines": [],
        "requests": {"poisson": 4, "requests": 5}})")}),
                HasSubstr("key 'machines'"));
    EXPECT_THAT(complaint({"compare", folder.write("d.json", R"({"compare": 1, "model": "llama-2-7b",
        "machines": [{"gpus": "h100"}], "requests": {"poisson": 4, "requests": 5}})")}),
                HasSubstr("d.json: machines 1: unknown key 'gpus'"));
    const auto compared = [&](const std::string& machine, const std::string& more) {
        return complaint({"compare", folder.write("f.json", R"({"compare": 1, "model": "llama-2-7b",
        "requests": {"poisson": 4, "requests": 5}, "machines": [{"gpu": "h100")" +
                                                                machine + "}]" + more + "}")});
    };
    EXPECT_THAT(compared(R"(, "batch": 2)", ""), HasSubstr("f.json: machines 1: key 'batch': 2 needs 'system'"));
    EXPECT_THAT(compared(R"(, "memory": "2xh20", "tp": 2)", ""), HasSubstr("key 'tp': 2 needs 'system'"));
    EXPECT_THAT(compared("", R"(, "batches": [1.5])"), HasSubstr("f.json: batches 1: 1.5 must be a whole number"));
    EXPECT_THAT(complaint({"compare", folder.write("e.json", R"({"compare": 1, "model": "llama-2-7b",
        "machines": [{"gpu": "h100"}], "requests": {"poisson": 4}})")}),
                HasSubstr("e.json: requests: needs a trace"));
}
