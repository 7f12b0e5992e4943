// SPDX-License-Identifier: Apache-2.0
#include "workloads/reference/reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/half.hpp"
#include "tests/models/support.hpp"
#include "tests/workloads/features_support.hpp"
#include "workloads/reference/linear.hpp"

using namespace superlane;

namespace {

/// One layer of width two with one head: small enough that every value is written out below.
LlmConfig pair_llm() {
    LlmConfig llm;
    llm.name = "pair";
    llm.family = "llama";
    llm.layers = 1;
    llm.hidden = 2;
    llm.heads = llm.kv_heads = 1;
    llm.head_dim = 2;
    llm.ffn = 2;
    llm.vocabulary = 3;
    llm.max_position = 8;
    llm.rms_norm_eps = 0.25;
    return llm;
}

struct Pair {
    double a, b;
};
Pair times(const std::vector<float>& w, Pair x) { return {w[0] * x.a + w[1] * x.b, w[2] * x.a + w[3] * x.b}; }
Pair plus(Pair x, Pair y) { return {x.a + y.a, x.b + y.b}; }
Pair norm(Pair x, const std::vector<float>& g) {
    const double r = 1 / std::sqrt((x.a * x.a + x.b * x.b) / 2 + 0.25);
    return {x.a * r * g[0], x.b * r * g[1]};
}
Pair rotate(Pair x, double angle) {
    return {x.a * std::cos(angle) - x.b * std::sin(angle), x.b * std::cos(angle) + x.a * std::sin(angle)};
}
double inner(Pair x, Pair y) { return x.a * y.a + x.b * y.b; }
double silu(double x) { return x / (1 + std::exp(-x)); }

/// The two tokens' logits by the textbook, in double.
std::vector<double> by_hand(const LlmWeights& weights, int first, int second) {
    const LayerWeights& w = weights.layers[0];
    const auto m = [](const Tensor& tensor) { return tensor.floats(); };
    const auto row = [&](int token) { return Pair{weights.embedding.at(token, 0), weights.embedding.at(token, 1)}; };
    const Pair h0 = norm(row(first), m(w.attention_norm)), h1 = norm(row(second), m(w.attention_norm));
    const Pair q = rotate(times(m(w.q), h1), 1), k0 = times(m(w.k), h0), k1 = rotate(times(m(w.k), h1), 1);
    const Pair v0 = times(m(w.v), h0), v1 = times(m(w.v), h1);
    const double e0 = std::exp(inner(q, k0) / std::sqrt(2)), e1 = std::exp(inner(q, k1) / std::sqrt(2));
    const Pair a{(e0 * v0.a + e1 * v1.a) / (e0 + e1), (e0 * v0.b + e1 * v1.b) / (e0 + e1)};
    const Pair x = plus(row(second), times(m(w.o), a)), h = norm(x, m(w.ffn_norm));
    const Pair gate = times(m(w.gate), h), up = times(m(w.up), h);
    const Pair out = plus(x, times(m(w.down), {silu(gate.a) * up.a, silu(gate.b) * up.b}));
    const Pair last = norm(out, m(weights.final_norm));
    std::vector<double> logits;
    for (int token = 0; token < 3; ++token)
        logits.push_back(inner({weights.head.at(token, 0), weights.head.at(token, 1)}, last));
    return logits;
}

}  // namespace

TEST(Reference, TwoTokensByHand) {
    const LlmConfig llm = pair_llm();
    const LlmWeights weights = random_weights(llm, 11);
    Reference reference(llm, weights, Rounding::none);
    reference.step(2);
    const std::vector<float> logits = reference.step(1);
    const std::vector<double> expected = by_hand(weights, 2, 1);
    for (size_t token = 0; token < 3; ++token) EXPECT_NEAR(logits[token], expected[token], 1e-5);
}

TEST(Reference, ValuesAreRoundedWhereTheChipStoresThem) {
    const LlmConfig llm = small_llm();
    Reference reference(llm, random_weights(llm, 2), Rounding::chip_fp16);
    int halves = 0, others = 0;
    reference.set_probe([&](int, int, std::string_view name, std::span<const float> values) {
        const bool stored = name == "embedding" || name == "q" || name == "k" || name == "v";
        for (const float value : values) (stored ? halves : others) += value == r16(value) ? 0 : 1;
    });
    reference.step(3);
    EXPECT_EQ(halves, 0);
    EXPECT_GT(others, 50);  // the residual and the products stay float32
}

class EveryRounding : public testing::TestWithParam<Rounding> {};

TEST_P(EveryRounding, PrefillEqualsSteps) {
    const LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<int> prompt{3, 16, 0, 5, 5, 9};
    Reference whole(llm, weights, GetParam()), single(llm, weights, GetParam());
    std::vector<float> last;
    for (const int token : prompt) last = single.step(token);
    EXPECT_EQ(whole.prefill(0, prompt), last);
    EXPECT_EQ(whole.position(), 6);
    EXPECT_EQ(whole.step(7), single.step(7));
}

TEST_P(EveryRounding, RequestsOfABatchDoNotSeeEachOther) {
    const LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 2);
    Reference batch(llm, weights, GetParam(), 3), single(llm, weights, GetParam());
    batch.prefill(1, std::vector<int>{4, 4, 8});  // requests at different positions
    batch.step_batch(std::vector<int>{1, 2, 3});
    const auto logits = batch.step_batch(std::vector<int>{6, 5, 6});
    ASSERT_EQ(logits.size(), 3u);
    EXPECT_EQ(logits[1], single.prefill(0, std::vector<int>{4, 4, 8, 2, 5}));
    single.clear();
    EXPECT_EQ(logits[2], single.prefill(0, std::vector<int>{3, 6}));
}

TEST_P(EveryRounding, IsCloseToFloat32) {
    const LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<int> prompt{3, 16, 0, 5, 5, 9};
    Reference rounded(llm, weights, GetParam()), exact(llm, weights, Rounding::none);
    const double tolerance = GetParam() == Rounding::none ? 0 : GetParam() == Rounding::chip_fp16 ? 0.01 : 0.15;
    EXPECT_LE(largest_difference(rounded.prefill(0, prompt), exact.prefill(0, prompt)), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryRounding,
                         testing::Values(Rounding::none, Rounding::chip_fp16, Rounding::chip_int8),
                         [](const auto& info) {
                             return std::string(std::array{"none", "fp16", "int8"}[size_t(info.param)]);
                         });

TEST(Reference, AWindowOfTheWholeContextChangesNothing) {
    LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<int> prompt{3, 16, 0, 5};
    Reference all(llm, weights, Rounding::none);
    llm.sliding_window_tokens = 4;
    Reference wide(llm, weights, Rounding::none);
    EXPECT_EQ(all.prefill(0, prompt), wide.prefill(0, prompt));
    EXPECT_NE(all.step(1), wide.step(1));
}

TEST(Reference, AWindowOfOneSeesNoHistoryInOneLayer) {
    LlmConfig llm = small_llm();
    llm.layers = 1;
    llm.sliding_window_tokens = 1;
    const LlmWeights weights = random_weights(llm, 2);
    Reference a(llm, weights, Rounding::none), b(llm, weights, Rounding::none);
    EXPECT_EQ(a.prefill(0, std::vector<int>{1, 9}), b.prefill(0, std::vector<int>{7, 9}));
}

TEST(Reference, GroupedHeadsEqualRepeatedOnes) {  // two kv heads shared by four queries = four kv heads, copied
    LlmConfig grouped = small_llm(), full = small_llm();
    full.kv_heads = 4;
    LlmWeights weights = random_weights(grouped, 2), repeated = weights;
    std::vector<std::vector<float>> storage;
    for (LayerWeights& layer : repeated.layers)
        for (Tensor* tensor : {&layer.k, &layer.v}) {
            std::vector<float>& rows = storage.emplace_back();
            for (int head : {0, 0, 1, 1})
                for (int r = 0; r < 6; ++r)
                    for (int c = 0; c < 12; ++c) rows.push_back(tensor->at(head * 6 + r, c));
            *tensor = {tensor->name, Dtype::f32, {24, 12}, std::as_bytes(std::span(rows))};
        }
    const std::vector<int> prompt{3, 16, 0, 5};
    EXPECT_EQ(Reference(grouped, weights, Rounding::none).prefill(0, prompt),
              Reference(full, repeated, Rounding::none).prefill(0, prompt));
}

TEST(Reference,
     OnlyRelativePositionsMatter) {  // rotation: the same two tokens later in an otherwise windowed-out context
    LlmConfig llm = small_llm();
    llm.layers = 1;
    llm.sliding_window_tokens = 2;
    const LlmWeights weights = random_weights(llm, 2);
    Reference early(llm, weights, Rounding::none), late(llm, weights, Rounding::none);
    const std::vector<float> a = early.prefill(0, std::vector<int>{3, 5});
    const std::vector<float> b = late.prefill(0, std::vector<int>{0, 1, 2, 3, 4, 5, 6, 3, 5});
    EXPECT_LT(largest_difference(a, b), 1e-5);
}

TEST(Reference, BiasesAreAdded) {
    LlmConfig llm = small_llm();
    llm.attention_bias = llm.mlp_bias = true;
    LlmWeights weights = random_weights(llm, 2);
    const std::vector<int> prompt{3, 16};
    const std::vector<float> with = Reference(llm, weights, Rounding::none).prefill(0, prompt);
    weights.layers[1].down_bias = {};
    EXPECT_NE(with, Reference(llm, weights, Rounding::none).prefill(0, prompt));
}

TEST(Reference, GreedyStartsAfreshAndStopsAtEos) {
    LlmConfig llm = small_llm();
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<int> prompt{3, 16, 2};
    Reference reference(llm, weights, Rounding::none);
    const std::vector<int> tokens = reference.greedy(prompt, 8);
    EXPECT_EQ(tokens.size(), 8u);
    EXPECT_EQ(reference.greedy(prompt, 8), tokens);
    EXPECT_EQ(reference.position(), 3 + 7);
    llm.eos_tokens = {tokens[3]};
    const auto first = std::find(tokens.begin(), tokens.end(), tokens[3]);
    EXPECT_EQ(Reference(llm, weights, Rounding::none).greedy(prompt, 8, true),
              std::vector<int>(tokens.begin(), first + 1));
}

TEST(Reference, TheLowestOfEqualLogitsWins) { EXPECT_EQ(greedy_token(std::vector<float>{1, 3, 3, 2}), 1); }

TEST(Reference, AContextOfTheModelIsTheLimit) {
    LlmConfig llm = small_llm();
    llm.max_position = 2;
    Reference reference(llm, random_weights(llm, 2), Rounding::none);
    EXPECT_EQ(message_of([&] {
                  reference.prefill(0, std::vector<int>{1, 2, 3});
              }),
              "position 2 is beyond the context of 'small' (allowed: 2 tokens)");
    EXPECT_EQ(reference.position(), 0);
}

TEST(Reference, RefusesTokensItDoesNotHave) {
    Reference reference(small_llm(), random_weights(small_llm(), 2), Rounding::none);
    EXPECT_EQ(message_of([&] { reference.step(17); }), "token 17 is not in the vocabulary (allowed: 0 to 16)");
    EXPECT_EQ(message_of([&] { reference.step(-1); }), "token -1 is not in the vocabulary (allowed: 0 to 16)");
    EXPECT_EQ(message_of([&] { reference.prefill(0, {}); }), "the prompt is empty (allowed: one token or more)");
}

TEST(Quantize, RoundsHalfToEven) {
    const reference::QuantizedRow row = reference::quantize(std::vector<float>{127, 0.5f, 1.5f, -2.5f, -127});
    EXPECT_EQ(row.scale, 1.0f);
    EXPECT_EQ(row.q, (std::vector<int8_t>{127, 0, 2, -2, -127}));
    const reference::QuantizedRow zero = reference::quantize(std::vector<float>{0, 0});
    EXPECT_EQ(zero.scale, 0.0f);
    EXPECT_EQ(zero.q, (std::vector<int8_t>{0, 0}));
}

TEST(Linear, Int8IsTheExactSumTimesBothScales) {
    const std::vector<float> weight{1, -2, 0.5f, 4}, x{3, -1};
    const Tensor tensor{"w", Dtype::f32, {2, 2}, std::as_bytes(std::span(weight))};
    const std::vector<float> y = reference::Linear(tensor, {}, Rounding::chip_int8).apply(x);
    const double sx = 3.0f / 127.0f, s0 = 2.0f / 127.0f,
                 s1 = 4.0f / 127.0f;  // q_x = 127, -42; q_0 = 64, -127; q_1 = 16, 127
    EXPECT_EQ(y[0], float((127 * 64 + 42 * 127) * sx * s0));
    EXPECT_EQ(y[1], float((127 * 16 - 42 * 127) * sx * s1));
}
