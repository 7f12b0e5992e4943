// SPDX-License-Identifier: Apache-2.0
// Matrix products of odd sizes: run_gemm itself checks values, cycles and hazards, and throws when one is wrong.
#include "experiment/gemm.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

using namespace superlane;
using namespace superlane::experiment;

namespace {

struct Shape {
    int m, k, n;
};

GemmOptions product(const Shape& shape, const std::string& dtype, const std::string& chip = "mini") {
    return {.m = shape.m, .k = shape.k, .n = shape.n, .dtype = dtype, .chip = models::load_chip(chip)};
}

}  // namespace

class GemmShapes : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Sizes, GemmShapes,
                         testing::Values(Shape{1, 1, 1}, Shape{2, 2, 2}, Shape{4, 4, 4}, Shape{5, 65, 63},
                                         Shape{7, 640, 1}, Shape{1, 64, 257}, Shape{33, 100, 300}, Shape{130, 17, 90}),
                         [](const auto& info) {
                             const Shape& s = info.param;
                             return std::to_string(s.m) + "x" + std::to_string(s.k) + "x" + std::to_string(s.n);
                         });

TEST_P(GemmShapes, ValuesAreRightUnderEveryScheduler) {
    for (const char* dtype : {"int8", "fp16"})
        for (const char* scheduler : {"asap", "list", "random:7"}) {
            GemmOptions options = product(GetParam(), dtype);
            options.scheduler = scheduler;
            EXPECT_TRUE(run_gemm(options).checked) << dtype << " " << scheduler;
        }
}

TEST_P(GemmShapes, KernelAndTimingTakeTheSameCycles) {
    GemmOptions options = product(GetParam(), "int8");
    const GemmResult fast = run_gemm(options);
    options.engine = "kernel";
    EXPECT_EQ(run_gemm(options).digest, fast.digest);
    options.timing_only = true;
    EXPECT_EQ(run_gemm(options).cycles, fast.cycles);
}

TEST(Gemm, AnotherSeedIsAnotherResult) {
    GemmOptions options = product({2, 30, 40}, "int8");
    const std::string first = run_gemm(options).digest;
    EXPECT_EQ(run_gemm(options).digest, first);
    options.seed = 2;
    EXPECT_NE(run_gemm(options).digest, first);
}

TEST(Gemm, OptionsComeBackFromTheResult) {
    const GemmOptions options = product({2, 30, 40}, "fp16");
    const GemmResult result = run_gemm(options);
    const auto json = nlohmann::json::parse(result_json(options, result, {"gemm"}).dump());
    EXPECT_EQ(to_json(gemm_options(json, "r.json")), to_json(options));
    EXPECT_EQ(run_gemm(gemm_options(json, "r.json")).digest, result.digest);
}

TEST(Gemm, WhatDoesNotFitIsRefused) {
    EXPECT_THROW(run_gemm(product({1, 8000, 8000}, "int8")), UserError);
    EXPECT_THROW(run_gemm(product({1, 4, 4}, "fp8")), UserError);
}

// Useful weight bytes a cycle over the whole product, start and drain included, against 20,480 B/cycle.
TEST(Gemm, DecodeProductsComeNearTheStreamBound) {
    for (const int n : {4096, 14336})
        for (const auto& [dtype, least] : {std::pair("int8", 0.90), std::pair("fp16", 0.85)}) {
            GemmOptions options = product({1, 4096, n}, dtype, "tsp-v1");
            options.timing_only = true;
            const double share =
                run_gemm(options).useful_weight_bytes_per_cycle() / options.chip.stream_bytes_per_cycle();
            EXPECT_GE(share, least) << "1 x 4096 x " << n << " " << dtype;
        }
}
