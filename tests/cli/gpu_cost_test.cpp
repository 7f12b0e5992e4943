// SPDX-License-Identifier: Apache-2.0
// `superlane gpu`, `describe gpu` and `cost`: figures, JSON, and mistakes in one line.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::HasSubstr;

TEST(GpuCommand, PartsAddUpToTheStep) {
    const json step = result_of({"gpu", "h100", "llama-2-70b", "--tp", "4", "--batch", "64", "--context", "2048"});
    const double parts = step["gemm_s"].get<double>() + step["attention_s"].get<double>() +
                         step["all_reduce_s"].get<double>() + step["overhead_s"].get<double>();
    EXPECT_NEAR(step["step_s"], parts, 1e-12);
    EXPECT_NEAR(step["tokens_per_second"], 64 / parts, 1e-6);
    EXPECT_EQ(step["kv_tokens"], 64 * 2048);
    EXPECT_EQ(step["parameters"]["memory.gb"]["mark"], "P");
    const Finished text = run({"gpu", "h100", "llama-2-70b"});
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr("no room: the weights do not fit"));
}

TEST(GpuCommand, DescribesParametersWithSourceAndEveryPoint) {
    const Finished list = run({"describe", "gpu"});
    EXPECT_THAT(list.out, HasSubstr("tpu-v6e"));
    const Finished one = run({"describe", "gpu", "h100", "--set", "power.watts=600", "--fit"});
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_THAT(one.out,
                testing::ContainsRegex("memory.tb_per_s +3.35 +TB/s +h100 +P +2023-03 +NVIDIA H100 data sheet"));
    EXPECT_THAT(one.out, testing::ContainsRegex("power.watts +600 +W +--set"));
    EXPECT_THAT(one.out, testing::ContainsRegex("check +gemm +llama-2-70b +2 +384 +0 +57.00 ms"));
    EXPECT_THAT(one.out, HasSubstr("of those kept aside"));
    EXPECT_THAT(one.out, testing::ContainsRegex("gemm.compute_share +0.7811 +0.7811"));
    EXPECT_THAT(run({"describe", "gpu", "l4"}).out, HasSubstr("No points of its own"));
    EXPECT_EQ(result_of({"describe", "gpu", "h100"})["points"].size(), 16u);
}

TEST(CostCommand, AreaPowerAndPriceByContributor) {
    const json chip = result_of({"cost", "chip", "tsp-v1", "--tokens-per-second", "1000"});
    EXPECT_NEAR(chip["area_mm2"]["total"], 725, 0.1);
    EXPECT_NEAR(chip["power_w"]["total"], 215, 0.1);
    EXPECT_NEAR(chip["usd_per_million_tokens"], chip["usd_per_hour"].get<double>() / 3.6, 1e-9);
    const json larger =
        result_of({"cost", "chip", "tsp-v1", "--set", "mem.slices_per_hemisphere=60", "--set", "wafer.usd=5000"});
    EXPECT_GT(larger["area_mm2"]["SRAM"], chip["area_mm2"]["SRAM"]);
    EXPECT_EQ(larger["parameters"]["wafer.usd"]["origin"], "--set");
    EXPECT_NEAR(result_of({"cost", "system", "tsp-v1-576"})["usd_per_hour"], 576 * chip["usd_per_hour"].get<double>(),
                1e-6);
    EXPECT_NEAR(result_of({"cost", "gpu", "h100", "--count", "2", "--prices", "lamina-v2"})["usd_per_hour"], 22.12,
                1e-9);
    const Finished text = run({"cost", "chip", "lp30"});
    EXPECT_THAT(text.out, HasSubstr("larger than what a scanner exposes at once, 858 mm2"));
}

TEST(CostCommand, MistakesAreNamed) {
    EXPECT_THAT(complaint({"describe", "gpu", "h1000"}), HasSubstr("unknown GPU 'h1000' (nearest: 'h100')"));
    EXPECT_THAT(complaint({"describe", "chips", "--fit"}), HasSubstr("--fit needs `describe gpu NAME`"));
    EXPECT_THAT(complaint({"gpu", "h100", "llama-2-70b", "--tp", "3"}),
                HasSubstr("tp 3: does not divide the 64 heads"));
    EXPECT_THAT(complaint({"gpu", "h100", "llama-2-70b", "--batch", "0"}), HasSubstr("--batch 0: must be from 1 to"));
    EXPECT_THAT(complaint({"gpu", "h100", "llama-2-70b", "--new-tokens", "2000"}),
                HasSubstr("--new-tokens 2000: must be from 1 to 1024"));
    EXPECT_THAT(complaint({"cost", "gpu", "h100"}), HasSubstr("cost gpu needs --prices"));
    EXPECT_THAT(
        complaint({"cost", "gpu", "a100-80", "--prices", "lamina-v2"}),
        HasSubstr("price set 'lamina-v2' has no price for 'a100-80' (nearest: 'h100'); it has h100, h20, tpu-v6e"));
    EXPECT_THAT(complaint({"cost", "gpu", "h100", "--prices", "lamina"}),
                HasSubstr("unknown price set 'lamina' (nearest: 'lamina-v2')"));
    EXPECT_THAT(complaint({"cost", "card", "h100"}), HasSubstr("cost card: must be chip, system or gpu"));
    EXPECT_THAT(complaint({"cost", "chip", "tsp-v1", "--set", "wafer.us=1"}),
                HasSubstr("unknown parameter 'wafer.us'"));
    EXPECT_THAT(complaint({"cost", "chip", "tsp-v1", "--tokens-per-second", "-1"}),
                HasSubstr("--tokens-per-second must not be negative"));
}
