// SPDX-License-Identifier: Apache-2.0
// Every family on the reference: what must hold for any model.
#include <gtest/gtest.h>

#include <array>

#include "tests/workloads/features_support.hpp"

using namespace superlane;
using namespace superlane::test;

class FamilyReference : public testing::TestWithParam<std::tuple<std::string, Rounding>> {
protected:
    const LlmConfig llm = tiny_family(std::get<0>(GetParam()));
    const LlmWeights weights = random_weights(llm, 2);
    const Rounding rounding = std::get<1>(GetParam());
};

TEST_P(FamilyReference, PrefillEqualsSteps) {
    Reference whole(llm, weights, rounding), single(llm, weights, rounding);
    std::vector<float> last;
    for (const int token : prompt) last = single.step(token);
    EXPECT_EQ(whole.prefill(0, prompt), last);
    EXPECT_EQ(whole.step(7), single.step(7));
}

TEST_P(FamilyReference, RequestsOfABatchDoNotSeeEachOther) {
    Reference batch(llm, weights, rounding, 3), single(llm, weights, rounding);
    batch.prefill(1, std::vector<int>{4, 4, 8});
    batch.step_batch(std::vector<int>{1, 2, 3});
    const auto logits = batch.step_batch(std::vector<int>{6, 5, 6});
    EXPECT_EQ(logits[1], single.prefill(0, std::vector<int>{4, 4, 8, 2, 5}));
    single.clear();
    EXPECT_EQ(logits[2], single.prefill(0, std::vector<int>{3, 6}));
}

TEST_P(FamilyReference, IsCloseToFloat32) {
    const std::vector<float> exact = logits_of(llm, weights), rounded = logits_of(llm, weights, rounding);
    float size = 0;
    for (const float value : exact) size = std::max(size, std::fabs(value));
    EXPECT_GT(size, 0.05f);
    const double tolerance = rounding == Rounding::none ? 0 : rounding == Rounding::chip_fp16 ? 0.01 : 0.2;
    EXPECT_LE(largest_difference(rounded, exact), tolerance * size);
}

TEST_P(FamilyReference, LaterTokensDependOnEarlierOnes) {
    std::vector<int> other = prompt;
    other[4] = 6;
    Reference a(llm, weights, rounding), b(llm, weights, rounding);
    EXPECT_NE(a.prefill(0, prompt), b.prefill(0, other));
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyReference,
                         testing::Combine(testing::ValuesIn(family_names()),
                                          testing::Values(Rounding::none, Rounding::chip_fp16, Rounding::chip_int8)),
                         [](const auto& info) {
                             return std::get<0>(info.param) + "_" +
                                    std::string(std::array{"none", "fp16", "int8"}[size_t(std::get<1>(info.param))]);
                         });
