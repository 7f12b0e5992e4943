// SPDX-License-Identifier: Apache-2.0
// Activations, routing and the weighted sum of experts, in the order of docs/numerics.md.
#include "workloads/reference/ffn.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace superlane::reference {
namespace {

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

constexpr float nothing = -std::numeric_limits<float>::infinity();

/// Indices of the `count` largest values, largest first; of equal ones the lowest index.
std::vector<int> largest(std::span<const float> values, int count) {
    std::vector<int> order;
    for (int i = 0; i < int(values.size()); ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return values[size_t(a)] > values[size_t(b)]; });
    order.resize(size_t(count));
    return order;
}

}  // namespace

Ffn::Ffn(const LlmConfig& llm, const FfnWeights& w, Rounding rounding)
    : activation_(llm.activation), limit_(float(llm.activation_limit)) {
    if (w.up.empty()) return;
    if (!w.gate.empty()) gate_ = Linear(w.gate, w.gate_bias, rounding);
    up_ = Linear(w.up, w.up_bias, rounding);
    down_ = Linear(w.down, w.down_bias, rounding);
}

float Ffn::activate(float x) const {
    switch (activation_) {
        case Activation::silu:
            return x * sigmoid(x);
        case Activation::gelu_tanh:
            return (0.5f * x) * (1.0f + std::tanh(0.7978845608f * (x + 0.044715f * (x * x * x))));
        case Activation::relu:
            return std::max(x, 0.0f);
        case Activation::clamped_swiglu: {
            const float g = std::min(x, limit_);
            return g * sigmoid(clamped_swiglu_alpha * g);
        }
    }
    SUPERLANE_CHECK(false, int(activation_));
    return 0.0f;
}

std::vector<float> Ffn::inner(std::span<const float> h) const {
    std::vector<float> up = up_.apply(h);
    if (gate_.outputs() == 0) {
        for (float& value : up) value = activate(value);
        return up;
    }
    std::vector<float> y = gate_.apply(h);
    const bool clamped = activation_ == Activation::clamped_swiglu;
    for (size_t i = 0; i < y.size(); ++i)
        y[i] = activate(y[i]) * (clamped ? std::clamp(up[i], -limit_, limit_) + 1.0f : up[i]);
    return y;
}

Router::Router(const MoeConfig& moe, const LayerWeights& w, Rounding rounding) : moe_(moe) {
    SUPERLANE_CHECK(!moe.correction_bias || moe.score == RouterScore::sigmoid, "softmax scores are not corrected");
    weight_ = Linear(w.router, w.router_bias, rounding == Rounding::chip_int8 ? Rounding::chip_fp16 : rounding);
    if (!w.router_correction.empty()) correction_ = w.router_correction.floats();
}

/// With their correction, and -infinity for experts outside the best groups.
std::vector<float> Router::scores_for_choice(std::span<const float> scores) const {
    std::vector<float> choice(scores.begin(), scores.end());
    for (size_t e = 0; e < correction_.size(); ++e) choice[e] += correction_[e];
    if (moe_.groups == 1) return choice;
    const size_t size = choice.size() / size_t(moe_.groups);
    std::vector<float> rank;
    for (size_t group = 0; group < size_t(moe_.groups); ++group) {
        const std::span<const float> own = std::span(choice).subspan(group * size, size);
        const std::vector<int> best = largest(own, 2);
        rank.push_back(own[size_t(best[0])] + own[size_t(best[1])]);
    }
    const std::vector<int> groups = largest(rank, moe_.active_groups);
    for (size_t e = 0; e < choice.size(); ++e)
        if (std::find(groups.begin(), groups.end(), int(e / size)) == groups.end()) choice[e] = nothing;
    return choice;
}

std::vector<Choice> Router::choose(std::span<const float> logits) const {
    std::vector<float> scores(logits.begin(), logits.end());
    if (moe_.score == RouterScore::sigmoid)
        for (float& score : scores) score = sigmoid(score);
    const std::vector<int> experts = largest(scores_for_choice(scores), moe_.active);
    if (moe_.score == RouterScore::softmax) {
        const float top = *std::max_element(scores.begin(), scores.end());
        for (float& score : scores) score = std::exp(score - top);
    }
    double sum = 0.0;  // a softmax that is not normalised over the chosen is one over all
    if (moe_.normalise)
        for (const int expert : experts) sum += double(scores[size_t(expert)]);
    else if (moe_.score == RouterScore::softmax)
        for (const float score : scores) sum += double(score);
    else
        sum = 1.0;
    std::vector<Choice> choices;
    for (const int expert : experts)
        choices.push_back({expert, scores[size_t(expert)] / float(sum) * float(moe_.scaling)});
    return choices;
}

FfnBlock::FfnBlock(const LlmConfig& llm, int layer, const LayerWeights& w, Rounding rounding)
    : hidden_(size_t(llm.hidden)), dense_(llm, w, rounding) {
    if (!llm.is_moe(layer)) return;
    shared_ = Ffn(llm, w.shared, rounding);
    router_ = Router(llm.moe, w, rounding);
    for (const FfnWeights& expert : w.experts) experts_.emplace_back(llm, expert, rounding);
}

/// In double, so that the order of the experts does not matter; the shared expert is added last.
std::vector<float> FfnBlock::mix(std::span<const float> row, const std::vector<Choice>& choices) const {
    std::vector<double> sum(hidden_);
    for (const Choice& choice : choices) {
        const Ffn& expert = experts_[size_t(choice.expert)];
        const std::vector<float> y = expert.down(expert.inner(row));
        for (size_t i = 0; i < hidden_; ++i) sum[i] += double(choice.weight) * double(y[i]);
    }
    if (!shared_.empty()) {
        const std::vector<float> y = shared_.down(shared_.inner(row));
        for (size_t i = 0; i < hidden_; ++i) sum[i] += double(y[i]);
    }
    return {sum.begin(), sum.end()};
}

std::vector<float> FfnBlock::run(const std::vector<float>& h, const Show& show) const {
    if (!dense_.empty()) {
        const std::vector<float> y = dense_.inner(h);
        show("gated", y);
        return dense_.down(y);
    }
    const std::vector<float> logits = router_.logits(h);
    show("router", logits);
    std::vector<float> out, experts, weights;
    for (size_t start = 0, r = 0; start < h.size(); start += hidden_, ++r) {
        const std::vector<Choice> choices =
            router_.choose(std::span(logits).subspan(r * experts_.size(), experts_.size()));
        for (const Choice& choice : choices) {
            experts.push_back(float(choice.expert));
            weights.push_back(choice.weight);
        }
        const std::vector<float> row = mix(std::span(h).subspan(start, hidden_), choices);
        out.insert(out.end(), row.begin(), row.end());
    }
    show("experts", experts);
    show("expert_weights", weights);
    return out;
}

}  // namespace superlane::reference
