// SPDX-License-Identifier: Apache-2.0
// Each feature of a family changes what it should, and nothing else.
#include <gtest/gtest.h>

#include <map>

#include "tests/workloads/features_support.hpp"

using namespace superlane;
using namespace superlane::test;

TEST(Features, OneExpertIsADenseFfn) {
    const LlmConfig moe = [] {
        LlmConfig llm = tiny_family("mixtral");
        llm.moe.experts = llm.moe.active = 1;
        return llm;
    }();
    LlmConfig dense = moe;
    dense.family = "llama";
    dense.moe = {};
    dense.ffn = moe.moe.ffn;
    const LlmWeights weights = random_weights(moe, 2);
    LlmWeights same = weights;
    for (LayerWeights& layer : same.layers) static_cast<FfnWeights&>(layer) = layer.experts[0];
    for (const Rounding rounding : {Rounding::none, Rounding::chip_fp16, Rounding::chip_int8})
        EXPECT_EQ(logits_of(moe, weights, rounding), logits_of(dense, same, rounding));
}

TEST(Features, EqualExpertsAreOneWhoeverIsChosen) {
    const LlmConfig llm = tiny_family("qwen3_moe");
    LlmWeights weights = random_weights(llm, 2);
    for (LayerWeights& layer : weights.layers) std::fill(layer.experts.begin(), layer.experts.end(), layer.experts[0]);
    LlmConfig one = llm;
    one.moe.experts = one.moe.active = 1;
    LlmWeights first = weights;
    Values values;
    for (LayerWeights& layer : first.layers) {
        layer.experts.resize(1);
        layer.router = values.filled(Tensor{"", Dtype::f32, {1, llm.hidden}, {}}, 0.0f);
    }
    EXPECT_LT(largest_difference(logits_of(llm, weights), logits_of(one, first)), 1e-5);
}

TEST(Features, ChosenExpertsAreTheOnesThatCount) {
    const LlmConfig llm = tiny_family("mixtral");
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<float> experts = shown(llm, weights, 1, "experts"),
                             share = shown(llm, weights, 1, "expert_weights");
    ASSERT_EQ(experts.size(), prompt.size() * 2);
    for (size_t row = 0; row < prompt.size(); ++row) {
        EXPECT_NE(experts[2 * row], experts[2 * row + 1]);
        EXPECT_GE(share[2 * row], share[2 * row + 1]);
        EXPECT_NEAR(share[2 * row] + share[2 * row + 1], 1, 1e-6);
    }
    Values values;
    for (int expert = 0; expert < llm.moe.experts;
         ++expert) {  // without its weights, the model changes if it was chosen
        LlmWeights without = weights;
        Tensor& down = without.layers[1].experts[size_t(expert)].down;
        down = values.filled(down, 0.0f);
        const bool chosen = std::find(experts.begin(), experts.end(), float(expert)) != experts.end();
        EXPECT_EQ(shown(llm, without, 1, "ffn_residual") != shown(llm, weights, 1, "ffn_residual"), chosen) << expert;
    }
}

TEST(Features, LatentQueriesMayHaveNoLatentRow) {
    LlmConfig llm = tiny_family("deepseek_v3");
    llm.mla.q_lora = 0;
    const LlmWeights weights = random_weights(llm, 2);
    EXPECT_TRUE(weights.layers[0].q_a.empty());
    EXPECT_EQ(weights.layers[0].q.shape, (std::vector<int64_t>{40, 24}));
    EXPECT_NE(logits_of(llm, weights), std::vector<float>(17, 0.0f));
}

TEST(Features, WindowsHoldOnlyInTheirLayers) {
    LlmConfig llm = tiny_family("gpt_oss");
    llm.layers = 2;
    llm.windowed = {true, false};
    llm.sliding_window_tokens = 1;
    const LlmWeights weights = random_weights(llm, 2);
    Reference a(llm, weights, Rounding::none), b(llm, weights, Rounding::none);
    std::map<int, std::vector<float>> last;
    const auto watch = [&](Reference& reference) {
        last.clear();
        reference.set_probe([&](int, int layer, std::string_view name, std::span<const float> values) {
            if (name == "attention") last[layer].assign(values.begin(), values.end());
        });
    };
    watch(a);
    a.prefill(0, std::vector<int>{1, 9});
    const auto first = last;
    watch(b);
    b.prefill(0, std::vector<int>{7, 9});
    EXPECT_EQ(first.at(0), last.at(0));
    EXPECT_NE(first.at(1), last.at(1));
}

TEST(Features, HeadNormsForgetTheSizeOfKeys) {
    const LlmConfig llm = tiny_family("qwen3");
    const LlmWeights weights = random_weights(llm, 2);
    LlmWeights louder = weights;
    Values values;
    for (LayerWeights& layer : louder.layers) layer.k = values.times(layer.k, 1000.0f);
    EXPECT_LT(largest_difference(shown(llm, weights, 0, "k"), shown(llm, louder, 0, "k")), 1e-3);
    LlmConfig plain = llm;
    plain.qk_norm = false;
    EXPECT_GT(largest_difference(shown(plain, weights, 0, "k"), shown(plain, louder, 0, "k")), 100);
}

TEST(Features, ClippedValuesStayInTheirBounds) {
    LlmConfig llm = tiny_family("dbrx");
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<float> clipped = shown(llm, weights, 0, "v");
    const float largest = *std::max_element(clipped.begin(), clipped.end());
    EXPECT_EQ(largest, 0.75f);
    llm.clip_qkv = 0;
    const std::vector<float> free = shown(llm, weights, 0, "v");
    for (size_t i = 0; i < free.size(); ++i) EXPECT_EQ(clipped[i], std::clamp(free[i], -0.75f, 0.75f));
}

TEST(Features, SandwichNormsStandBeforeTheResidual) {
    const LlmConfig llm = tiny_family("grok1");
    LlmWeights weights = random_weights(llm, 2);
    Values values;
    LayerWeights& layer = weights.layers[0];
    layer.attention_post_norm = values.filled(layer.attention_post_norm, 0.0f);
    EXPECT_EQ(shown(llm, weights, 0, "attention_residual"), shown(llm, weights, -1, "embedding"));
    layer.ffn_post_norm = values.filled(layer.ffn_post_norm, 0.0f);
    EXPECT_EQ(shown(llm, weights, 0, "ffn_residual"), shown(llm, weights, -1, "embedding"));
}

TEST(Features, MultipliersScaleEmbeddingAndLogits) {
    LlmConfig llm = tiny_family("grok1");
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<float> logits = logits_of(llm, weights), rows = shown(llm, weights, -1, "embedding");
    EXPECT_EQ(rows[5], weights.embedding.at(prompt[0], 5) * 4.0f);
    llm.logit_multiplier *= 2;
    std::vector<float> doubled = logits;
    for (float& value : doubled) value *= 2;
    EXPECT_LT(largest_difference(logits_of(llm, weights), doubled), 1e-6);
}

TEST(Features, LearnedPositionsAreAddedWithTheirOffset) {
    const LlmConfig llm = tiny_family("opt");
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<float> rows = shown(llm, weights, -1, "embedding");
    for (int t = 0; t < 6; ++t)
        for (int i = 0; i < 24; ++i)
            EXPECT_EQ(rows[size_t(t * 24 + i)],
                      weights.embedding.at(prompt[size_t(t)], i) + weights.positions.at(t + 2, i));
    EXPECT_EQ(shown(llm, weights, 0, "gated").size(), prompt.size() * 20);
    for (const float value : shown(llm, weights, 0, "gated")) EXPECT_GE(value, 0.0f);  // ReLU
}

TEST(Features, TheSharedExpertIsAddedUnweighted) {
    LlmConfig llm = tiny_family("deepseek_v3");
    llm.moe.scaling = 0;  // routed experts vanish, the shared one stays
    const LlmWeights weights = random_weights(llm, 2);
    LlmWeights without = weights;
    Values values;
    Tensor& down = without.layers[1].shared.down;
    down = values.filled(down, 0.0f);
    EXPECT_NE(shown(llm, weights, 1, "ffn_residual"), shown(llm, weights, 1, "attention_residual"));
    EXPECT_EQ(shown(llm, without, 1, "ffn_residual"), shown(llm, without, 1, "attention_residual"));
}
