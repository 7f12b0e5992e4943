// SPDX-License-Identifier: Apache-2.0
// GPUs: shipped data, the formulas of docs/gpus.md by hand, the fit, and what users can get wrong.
#include "models/gpu.hpp"

#include <cmath>

#include "tests/models/support.hpp"

using namespace superlane;
using namespace superlane::models;

namespace {

#define EXPECT_IN(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

/// 1 TB/s, 100 TFLOPS, no ramps, everything at its peak: times can be counted by hand.
Gpu plain_gpu() {
    Gpu gpu;
    gpu.name = "plain";
    gpu.memory_gb = 80, gpu.memory_tb_per_s = 1, gpu.fp16_tflops = 100, gpu.link_gb_per_s = 100;
    gpu.gemm_bandwidth_share = gpu.gemm_compute_share = gpu.attention_bandwidth_share = 1;
    gpu.attention_compute_share = gpu.kernel_bandwidth_share = gpu.all_reduce_share = 1;
    gpu.gemm_ramp_us = gpu.attention_ramp_us = gpu.kernel_us = gpu.all_reduce_us = gpu.step_us = 0;
    return gpu;
}

double decode_ms(const Gpu& gpu, const std::string& model, int tp, int64_t batch, int64_t context) {
    const StepGroup group{batch, context, 1};
    return 1e3 * gpu_step(gpu, gpu_work(gpu, find_llm(model), "fp16", tp), {&group, 1}).total();
}

std::string refused_gpu(const std::string& text) {
    const Scratch scratch;
    scratch.write("mine.json", text);
    return message_of([&] { load_gpu((scratch / "mine.json").string()); });
}

}  // namespace

TEST(Gpu, EveryShippedOneHasItsPublishedFiguresWithSourceDateAndMark) {
    struct Row {
        const char* name;
        double gb, tb_per_s, fp16, fp8, watts;
    };
    const std::vector<Row> rows = {
        {"a10", 24, 0.6, 125, 0, 150},         {"a100-40", 40, 1.555, 312, 0, 400},
        {"a100-80", 80, 2.039, 312, 0, 400},   {"a40", 48, 0.696, 150, 0, 300},
        {"b200", 180, 8, 2250, 4500, 1000},    {"h100", 80, 3.35, 989, 1979, 700},
        {"h20", 96, 4, 148, 296, 400},         {"h200", 141, 4.8, 989, 1979, 700},
        {"l4", 24, 0.3, 121, 0, 72},           {"l40s", 48, 0.864, 362, 733, 350},
        {"mi300x", 192, 5.3, 1307, 2615, 750}, {"rtx-3090", 24, 0.936, 71, 0, 350},
        {"rtx-4090", 24, 1.008, 165, 0, 450},  {"tpu-v6e", 32, 1.64, 918, 0, 0},
    };
    std::vector<std::string> names;
    for (const Row& row : rows) {
        names.emplace_back(row.name);
        const Gpu gpu = load_gpu(row.name);
        EXPECT_EQ(gpu.name, row.name);
        EXPECT_EQ(gpu.memory_gb, row.gb) << row.name;
        EXPECT_EQ(gpu.memory_tb_per_s, row.tb_per_s) << row.name;
        EXPECT_EQ(gpu.fp16_tflops, row.fp16) << row.name;
        EXPECT_EQ(gpu.fp8_tflops, row.fp8) << row.name;
        EXPECT_EQ(gpu.watts, row.watts) << row.name;
        for (const auto& [key, origin] : gpu.origins)
            EXPECT_FALSE(origin.source.empty() || origin.date.empty() || origin.mark.empty()) << row.name << key;
    }
    EXPECT_EQ(gpu_names(), names);
}

TEST(GpuFit, RefittingGivesTheValuesInTheFiles) {
    for (const char* name : {"h100", "a100-80"}) {
        const Gpu gpu = load_gpu(name);
        const auto fitted = fit_gpu(gpu);
        EXPECT_EQ(fitted.size(), gpu.fitted.size());
        for (const auto& [key, value] : fitted) {
            EXPECT_NEAR(gpu.*gpu_parameter(key, "").member, value, 2e-3 * value) << name << ' ' << key;
            EXPECT_EQ(gpu.origins.at(key).mark, "D");
        }
    }
}

TEST(GpuFit, PointsKeptAsideAreMetAsWellAsTheDocumentSays) {
    const auto h100 = gpu_residuals(load_gpu("h100")), a100 = gpu_residuals(load_gpu("a100-80"));
    EXPECT_EQ(h100.size(), 16u);
    EXPECT_EQ(a100.size(), 6u);
    EXPECT_LT(rms_error(h100, false), 0.06);
    EXPECT_LT(rms_error(h100, true), 0.13);
    EXPECT_LT(rms_error(a100, false), 0.10);
    EXPECT_LT(rms_error(a100, true), 0.08);
    EXPECT_GT(rms_error(h100, true), 0.01);  // a check that fits exactly would be no check
    EXPECT_TRUE(gpu_residuals(load_gpu("l4")).empty()) << "an inherited point is not a measurement of the device";
}

TEST(GpuFit, ValuesKnownBeforehandAreFound) {
    Gpu gpu = load_gpu("h100");
    gpu.gemm_bandwidth_share = 0.61, gpu.gemm_compute_share = 0.43, gpu.gemm_ramp_us = 9;
    auto residuals = gpu_residuals(gpu);
    for (size_t i = 0; i < residuals.size(); ++i) gpu.points[i].ms = residuals[i].model_ms;
    const auto fitted = fit_gpu(gpu);
    EXPECT_NEAR(fitted.at("gemm.bandwidth_share"), 0.61, 1e-3);
    EXPECT_NEAR(fitted.at("gemm.compute_share"), 0.43, 1e-3);
    EXPECT_NEAR(fitted.at("gemm.ramp_us"), 9, 0.02);
}

TEST(GpuFit, PlateausLieWhereTheProfilesHaveThem) {
    for (const auto& [name, model, tp] :
         {std::tuple{"h100", "llama-2-70b", 2}, {"h100", "llama-2-7b", 1}, {"a100-80", "llama-2-7b", 1}}) {
        const Gpu gpu = load_gpu(name);
        const GpuWork work = gpu_work(gpu, find_llm(model), "fp16", tp);
        double weights = 0;
        for (const GpuGemm& gemm : work.gemms) weights += gemm.count * gemm.inputs * gemm.outputs;
        const double read = 2 * weights / gpu.memory_bytes_per_s() / layers_gemm_seconds(gpu, work, 1);
        const double math = 2 * weights * 4096 / (gpu.fp16_tflops * 1e12) / layers_gemm_seconds(gpu, work, 4096);
        EXPECT_GT(read, 0.74) << name;
        EXPECT_LT(read, 0.89) << name;
        EXPECT_GT(math, 0.64) << name;
        EXPECT_LT(math, 0.78) << name;
    }
}

TEST(GpuWork, ProductsHoldEveryProjectionOfTheModel) {
    for (const char* name :
         {"llama-2-70b", "mixtral-8x7b", "deepseek-v3", "gpt-oss-20b", "opt-13b", "gemma-7b", "dbrx"}) {
        const LlmConfig model = find_llm(name);
        const GpuWork work = gpu_work(load_gpu("h100"), model, "fp16", 1);
        double parameters = work.head.inputs * work.head.outputs;
        for (const GpuGemm& gemm : work.gemms)
            parameters += gemm.count * gemm.inputs * gemm.outputs * (gemm.experts > 0 ? gemm.active : 1);
        EXPECT_EQ(int64_t(parameters), projection_parameters(model)) << name;
    }
}

TEST(GpuWork, ASplitDividesProductsAndCacheButNotALatentRow) {
    const Gpu gpu = load_gpu("h100");
    const GpuWork one = gpu_work(gpu, find_llm("llama-2-70b"), "fp16", 1);
    const GpuWork four = gpu_work(gpu, find_llm("llama-2-70b"), "fp16", 4);
    EXPECT_EQ(four.kv_bytes * 4, one.kv_bytes);
    EXPECT_EQ(four.weight_bytes * 4, one.weight_bytes);
    EXPECT_EQ(one.kv_bytes, 2 * 8 * 128 * 2);
    const GpuWork latent = gpu_work(gpu, find_llm("deepseek-v3"), "fp16", 8);
    EXPECT_EQ(latent.kv_bytes, (512 + 64) * 2);
    EXPECT_EQ(gpu_work(gpu, find_llm("llama-2-70b"), "fp8", 1).kv_bytes * 2, one.kv_bytes);
}

TEST(GpuStep, APlainProductIsTheRootOfSquaresOfItsTwoLimits) {
    const Gpu gpu = plain_gpu();
    GpuWork work;
    work.dtype = gpu_dtypes()[0];
    // 1000 x 1000: 2 MB of weights and 2 rows of 2 x 1000 elements; 64 rows of a tile computed.
    const double memory = (2e6 + 2 * 2000 * 2) / 1e12, math = 2e6 * 64 / 1e14;
    EXPECT_NEAR(gemm_seconds(gpu, work, {1000, 1000, 3}, 2), 3 * std::sqrt(memory * memory + math * math), 1e-15);
}

TEST(GpuStep, TokensAreComputedInWholeTiles) {
    Gpu gpu = plain_gpu();
    gpu.memory_tb_per_s = 1000;
    GpuWork work;
    work.dtype = gpu_dtypes()[0];
    const auto at = [&](double tokens) { return gemm_seconds(gpu, work, {1e4, 1e4, 1}, tokens); };
    EXPECT_NEAR(at(64) / at(1), 1, 0.01);
    EXPECT_NEAR(at(65) / at(64), 2, 0.01);
    EXPECT_NEAR(at(128) / at(65), 1, 0.01);
}

TEST(GpuStep, ExpertsReadAreThoseThatUniformChoicesHit) {
    Gpu gpu = plain_gpu();
    gpu.fp16_tflops = 1e9;
    GpuWork work;
    work.dtype = gpu_dtypes()[0];
    const GpuGemm experts{1e3, 1e3, 1, 8, 2};
    EXPECT_NEAR(gemm_seconds(gpu, work, experts, 1), (2 * 2e6 + 2 * 2000 * 2) / 1e12, 1e-12);
    const double hit = 8 * (1 - 0.75 * 0.75);
    EXPECT_NEAR(gemm_seconds(gpu, work, experts, 2), (hit * 2e6 + 4 * 2000 * 2) / 1e12, 1e-12);
}

TEST(GpuStep, AttentionReadsWholePagesAndWindowsNoMoreThanTheirTokens) {
    Gpu gpu = plain_gpu();
    gpu.fp16_tflops = 1e9;
    GpuWork work;
    work.layers = 2, work.kv_bytes = 1000, work.flops_per_pair = 1;
    const StepGroup groups[] = {{3, 31, 1}, {1, 32, 1}};  // 32 tokens: two pages; 33: three
    EXPECT_NEAR(attention_seconds(gpu, work, groups), 2 * (3 * 32 + 48) * 1000 / 1e12, 1e-15);
    work.windowed_layers = 1, work.window = 16;
    EXPECT_NEAR(attention_seconds(gpu, work, groups), (3 * 32 + 48 + 4 * 16) * 1000 / 1e12, 1e-15);
}

TEST(GpuStep, PrefillCountsThePairsUnderTheDiagonal) {
    Gpu gpu = plain_gpu();
    gpu.memory_tb_per_s = 1e9;
    GpuWork work;
    work.layers = 1, work.kv_bytes = 1, work.flops_per_pair = 100;
    const StepGroup group{1, 10, 4};  // 11 + 12 + 13 + 14
    EXPECT_NEAR(attention_seconds(gpu, work, {&group, 1}), 50 * 100 / 1e14, 1e-18);
    work.windowed_layers = 1, work.window = 12;  // 11 + 12 + 12 + 12
    EXPECT_NEAR(attention_seconds(gpu, work, {&group, 1}), 47 * 100 / 1e14, 1e-18);
}

TEST(GpuStep, PartsOfAWholeModelByHand) {
    Gpu gpu = plain_gpu();
    gpu.all_reduce_us = 10, gpu.kernel_us = 5, gpu.step_us = 100;
    const LlmConfig model = find_llm("llama-2-70b");
    const GpuWork work = gpu_work(gpu, model, "fp16", 2);
    const StepGroup group{4, 1000, 1};
    const StepSeconds step = gpu_step(gpu, work, {&group, 1});
    // Two all-reduces a layer of 4 rows of 8192 fp16; on two devices once over the links.
    EXPECT_NEAR(step.all_reduce, 160 * (10e-6 + 4 * 8192 * 2 / 1e11), 1e-12);
    EXPECT_NEAR(step.overhead, 80 * 6 * 5e-6 + 100e-6, 1e-12);
    const double bytes = 80 * 4 * 1008 * (2 * 4 * 128 * 2), flops = 80.0 * 4 * 1001 * 4 * 32 * 128;
    EXPECT_NEAR(step.attention, std::hypot(bytes / 1e12, flops / 1e14), 1e-12);
    EXPECT_NEAR(step.total(), step.gemm + step.attention + step.all_reduce + step.overhead, 1e-15);
    EXPECT_EQ(gpu_step(gpu, work, {}).total(), 0);
}

TEST(GpuStep, MoreBandwidthOrMathNeverSlowsAStep) {
    for (const char* key : {"memory.tb_per_s=100", "math.fp16_tflops=100000", "link.gb_per_s=10000"})
        for (const int64_t batch : {1, 64, 1000})
            EXPECT_LE(decode_ms(load_gpu("a100-80", {key}), "llama-2-70b", 4, batch, 2000),
                      decode_ms(load_gpu("a100-80"), "llama-2-70b", 4, batch, 2000))
                << key;
    EXPECT_LT(decode_ms(load_gpu("h100"), "llama-2-70b", 4, 64, 2000),
              decode_ms(load_gpu("h100"), "llama-2-70b", 2, 64, 2000));
}

TEST(Gpu, CapacityIsWhatTheWeightsLeave) {
    const Gpu gpu = load_gpu("h100");
    const LlmConfig model = find_llm("llama-2-70b");
    EXPECT_LT(kv_capacity_tokens(gpu, gpu_work(gpu, model, "fp16", 1)), 0);
    const int64_t tokens = kv_capacity_tokens(gpu, gpu_work(gpu, model, "fp16", 4));
    EXPECT_EQ(tokens % 16, 0);
    EXPECT_NEAR(double(tokens), (0.9 * 320e9 - weight_bytes(model, 2)) / kv_bytes_per_token(model, 2), 16);
}

TEST(Gpu, MistakesAreNamed) {
    EXPECT_IN(message_of([] { load_gpu("h1000"); }), "unknown GPU 'h1000' (nearest: 'h100')");
    EXPECT_IN(message_of([] { load_gpu("h100", {"memory.bg=3"}); }),
              "unknown parameter 'memory.bg' (nearest: 'memory.gb')");
    EXPECT_IN(message_of([] { load_gpu("h100", {"gemm.compute_share=2"}); }),
              "gemm.compute_share = 2 is not allowed: a number from 0.05 to 1");
    EXPECT_IN(refused_gpu("{}"), "mine.json: memory.gb is missing: every GPU needs it");
    EXPECT_IN(refused_gpu(R"({"inherits": "h1000"})"), "inherits unknown GPU 'h1000' (nearest: 'h100')");
    EXPECT_IN(refused_gpu(R"({"inherits": "mine"})"), "'inherits' goes round in a circle");
    EXPECT_IN(refused_gpu(R"({"value": []})"), "unknown key 'value' (nearest: 'values')");
    EXPECT_IN(refused_gpu(R"({"values": [{"source": "x", "date": "2024", "mark": "Q", "parameters": {}}]})"),
              "key 'mark': \"Q\" is unknown (allowed: P, S, D, A)");
    EXPECT_IN(refused_gpu(R"({"values": [{"source": "x", "mark": "P", "parameters": {}}]})"), "key 'date' is missing");
    const Gpu gpu = load_gpu("a100-80");
    const LlmConfig model = find_llm("llama-2-70b");
    EXPECT_IN(message_of([&] { gpu_work(gpu, model, "fp8", 1); }), "a100-80 has no fp8 peak");
    EXPECT_IN(message_of([&] { gpu_work(gpu, model, "fp12", 1); }),
              "dtype 'fp12' is unknown to GPUs (allowed: fp16, fp8, int8, int4)");
    EXPECT_IN(message_of([&] { gpu_work(gpu, model, "fp16", 3); }),
              "tp 3: does not divide the 64 heads of llama-2-70b");
    EXPECT_IN(message_of([&] { gpu_work(gpu, model, "fp16", 16); }), "tp 16: a group of a100-80 has 1 to 8 devices");
}
