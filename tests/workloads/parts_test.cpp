// SPDX-License-Identifier: Apache-2.0
// Norms, activations, routing and attention of the reference, each against values worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "workloads/reference/attention.hpp"
#include "workloads/reference/ffn.hpp"
#include "workloads/reference/norm.hpp"

using namespace superlane;
using namespace superlane::reference;

namespace {

Tensor view(std::vector<int64_t> shape, const std::vector<float>& values) {
    return {"test", Dtype::f32, std::move(shape), std::as_bytes(std::span(values))};
}

/// A router whose weights do not matter: the tests give it logits.
Router router(const MoeConfig& moe, const std::vector<float>& correction = {}) {
    static const std::vector<float> zeros(64, 0.0f);
    LayerWeights weights;
    weights.router = view({moe.experts, 1}, zeros);
    if (!correction.empty()) weights.router_correction = view({moe.experts}, correction);
    return {moe, weights, Rounding::none};
}

std::vector<int> experts_of(const std::vector<Choice>& choices) {
    std::vector<int> experts;
    for (const Choice& choice : choices) experts.push_back(choice.expert);
    return experts;
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// One inner element: gate and up are given as weights of a single input of one.
float inner_of(Activation activation, double limit, float gate, float up) {
    const std::vector<float> g{gate}, u{up}, d{1.0f}, x{1.0f};
    LlmConfig llm;
    llm.activation = activation;
    llm.activation_limit = limit;
    FfnWeights weights;
    if (activation != Activation::relu) weights.gate = view({1, 1}, g);
    weights.up = view({1, 1}, u);
    weights.down = view({1, 1}, d);
    return Ffn(llm, weights, Rounding::none).inner(x)[0];
}

}  // namespace

TEST(NormKinds, ByHand) {
    const std::vector<float> x{1, 3}, gain{2, 0.5f}, bias{10, 20};
    const std::vector<float> rms = Norm(NormKind::rms, 0, view({2}, gain), {}).apply(x);
    EXPECT_FLOAT_EQ(rms[0], 2 / std::sqrt(5.0f));
    EXPECT_FLOAT_EQ(rms[1], 1.5f / std::sqrt(5.0f));
    const std::vector<float> plus = Norm(NormKind::rms_plus_one, 0, view({2}, gain), {}).apply(x);
    EXPECT_FLOAT_EQ(plus[0], 3 / std::sqrt(5.0f));
    EXPECT_FLOAT_EQ(plus[1], 4.5f / std::sqrt(5.0f));
    const std::vector<float> layer = Norm(NormKind::layer, 0, view({2}, gain), view({2}, bias)).apply(x);
    EXPECT_FLOAT_EQ(layer[0], -2 + 10);  // mean 2, deviation 1
    EXPECT_FLOAT_EQ(layer[1], 0.5f + 20);
    EXPECT_FLOAT_EQ(Norm(NormKind::layer, 3, view({2}, gain), {}).apply(x)[0], -1);  // 1 / sqrt(1 + 3)
}

TEST(Activations, ByHand) {
    EXPECT_FLOAT_EQ(inner_of(Activation::silu, 0, 2, 3), 2 * sigmoid(2) * 3);
    EXPECT_NEAR(inner_of(Activation::gelu_tanh, 0, 1, 1), 0.841192, 1e-6);    // published table of the tanh form
    EXPECT_NEAR(inner_of(Activation::gelu_tanh, 0, -1, 2), -0.317616, 1e-6);  // 2 * (0.841192 - 1)
    EXPECT_EQ(inner_of(Activation::relu, 0, 0, -3), 0);
    EXPECT_EQ(inner_of(Activation::relu, 0, 0, 3), 3);
    EXPECT_FLOAT_EQ(inner_of(Activation::clamped_swiglu, 7, 2, 3), 4 * 2 * sigmoid(2 * 1.702f));
    EXPECT_FLOAT_EQ(inner_of(Activation::clamped_swiglu, 7, 9, 9), 8 * 7 * sigmoid(7 * 1.702f));
    EXPECT_FLOAT_EQ(inner_of(Activation::clamped_swiglu, 7, -9, -9), -6 * -9 * sigmoid(-9 * 1.702f));
}

TEST(Routing, SoftmaxOverAllOrOverTheChosen) {
    MoeConfig moe{.experts = 4, .active = 2};
    const std::vector<float> logits{std::log(1.0f), std::log(4.0f), std::log(2.0f), std::log(3.0f)};
    std::vector<Choice> choices = router(moe).choose(logits);
    EXPECT_EQ(experts_of(choices), (std::vector<int>{1, 3}));
    EXPECT_FLOAT_EQ(choices[0].weight, 0.4f);
    EXPECT_FLOAT_EQ(choices[1].weight, 0.3f);
    moe.normalise = true;
    choices = router(moe).choose(logits);
    EXPECT_FLOAT_EQ(choices[0].weight, 4.0f / 7);
    EXPECT_FLOAT_EQ(choices[1].weight, 3.0f / 7);
}

TEST(Routing, TheLowestOfEqualExpertsIsChosen) {
    const MoeConfig moe{.experts = 5, .active = 3};
    EXPECT_EQ(experts_of(router(moe).choose(std::vector<float>{1, 2, 1, 2, 1})), (std::vector<int>{1, 3, 0}));
}

TEST(Routing, ACorrectionChoosesButDoesNotWeigh) {
    const MoeConfig moe{.experts = 3,
                        .active = 2,
                        .score = RouterScore::sigmoid,
                        .normalise = true,
                        .scaling = 2.5,
                        .correction_bias = true};
    const std::vector<float> logits{0, 2, -1}, correction{0, -1, 1};
    const std::vector<Choice> choices = router(moe, correction).choose(logits);
    EXPECT_EQ(experts_of(choices), (std::vector<int>{2, 0}));
    const float sum = sigmoid(-1) + 0.5f;
    EXPECT_FLOAT_EQ(choices[0].weight, 2.5f * sigmoid(-1) / sum);
    EXPECT_FLOAT_EQ(choices[1].weight, 2.5f * 0.5f / sum);
}

TEST(Routing, OnlyTheBestGroupsTakePart) {
    MoeConfig moe{.experts = 8, .active = 3, .score = RouterScore::sigmoid, .groups = 4, .active_groups = 2};
    // Best two of each group: {5, -5}, {1, 1}, {2, 0.5}, {-1, -1}: sums of their sigmoids rank groups 2, 1 first, for
    // sigmoid(5) + sigmoid(-5) is one. So the best expert of all is left out.
    const std::vector<float> logits{5, -5, 1, 1, 2, 0.5f, -1, -1};
    EXPECT_EQ(experts_of(router(moe).choose(logits)), (std::vector<int>{4, 2, 3}));
    moe.active_groups = 3;
    EXPECT_EQ(experts_of(router(moe).choose(logits)), (std::vector<int>{0, 4, 2}));
    EXPECT_FLOAT_EQ(router(moe).choose(logits)[0].weight, sigmoid(5));
}

TEST(Attend, SinkTakesItsShareWithAValueOfZero) {
    const LayerCache cache{{1, 2}, {10, 20}};  // two tokens of one element
    AttentionShape shape{.heads = 1, .key_dim = 1, .value_dim = 1};
    const std::vector<float> q{1};
    const float e1 = std::exp(1.0f), e2 = std::exp(2.0f);
    EXPECT_FLOAT_EQ(attend(shape, cache, q, 1, Rounding::none)[0], (10 * e1 + 20 * e2) / (e1 + e2));
    shape.sinks = {3};
    EXPECT_FLOAT_EQ(attend(shape, cache, q, 1, Rounding::none)[0], (10 * e1 + 20 * e2) / (e1 + e2 + std::exp(3.0f)));
    shape.window = 1;
    EXPECT_FLOAT_EQ(attend(shape, cache, q, 1, Rounding::none)[0], 20 * e2 / (e2 + std::exp(3.0f)));
}

TEST(Attend, ScoresAreCapped) {
    const LayerCache cache{{100, 1}, {1, 0}};
    AttentionShape shape{.heads = 1, .key_dim = 1, .value_dim = 1, .soft_cap = 30};
    const std::vector<float> q{1};
    const double a = std::exp(30 * std::tanh(100.0 / 30)), b = std::exp(30 * std::tanh(1.0 / 30));
    EXPECT_NEAR(attend(shape, cache, q, 1, Rounding::none)[0], a / (a + b), 1e-6);
    shape.soft_cap = 0.5;
    const double c = std::exp(0.5 * std::tanh(200.0)), d = std::exp(0.5 * std::tanh(2.0));
    EXPECT_NEAR(attend(shape, cache, q, 1, Rounding::none)[0], c / (c + d), 1e-6);
}

TEST(Rotation, InterleavedTurnsNeighbours) {
    LlmConfig llm;
    llm.head_dim = 4;
    llm.max_position = 8;
    std::vector<float> halves{1, 2, 3, 4}, pairs{1, 3, 2, 4};  // the same pairs, (1, 3) and (2, 4)
    reference::Rotation(llm, Rounding::none).apply(halves, 3, 1.0f);
    llm.rope.interleaved = true;
    reference::Rotation(llm, Rounding::none).apply(pairs, 3, 1.0f);
    EXPECT_EQ(pairs, (std::vector<float>{halves[0], halves[2], halves[1], halves[3]}));
    llm.position = PositionKind::learned;
    std::vector<float> still{1, 2, 3, 4};
    reference::Rotation(llm, Rounding::none).apply(still, 3, 2.0f);
    EXPECT_EQ(still, (std::vector<float>{2, 4, 6, 8}));
}
