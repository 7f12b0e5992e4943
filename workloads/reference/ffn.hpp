// SPDX-License-Identifier: Apache-2.0
// The FFN of one layer of the reference executor: dense, or a router with its experts.
#pragma once
#include <span>
#include <vector>

#include "models/checkpoint.hpp"
#include "workloads/reference/linear.hpp"
#include "workloads/reference/rows.hpp"

namespace superlane::reference {

class Ffn {
public:
    Ffn() = default;  ///< empty
    Ffn(const LlmConfig& config, const FfnWeights& weights, Rounding rounding);
    bool empty() const { return up_.outputs() == 0; }
    /// The inputs of the down projection.
    std::vector<float> inner(std::span<const float> h) const;
    std::vector<float> down(const std::vector<float>& inner) const { return down_.apply(inner); }

private:
    float activate(float x) const;

    Activation activation_ = Activation::silu;
    float limit_ = 0.0f;
    Linear gate_, up_, down_;  // gate_ has no outputs where the FFN is not gated
};

struct Choice {
    int expert;
    float weight;
};

class Router {
public:
    Router() = default;
    Router(const MoeConfig& moe, const LayerWeights& weights, Rounding rounding);
    std::vector<float> logits(std::span<const float> h) const { return weight_.apply(h); }
    /// The active experts of one row, best first; of equal scores the lowest expert.
    std::vector<Choice> choose(std::span<const float> logits) const;

private:
    std::vector<float> scores_for_choice(std::span<const float> scores) const;

    MoeConfig moe_;
    Linear weight_;
    std::vector<float> correction_;  // empty, or one an expert
};

class FfnBlock {
public:
    FfnBlock(const LlmConfig& config, int layer, const LayerWeights& weights, Rounding rounding);
    /// What is added to the residual rows, for normed rows `h`.
    std::vector<float> run(const std::vector<float>& h, const Show& show) const;

private:
    std::vector<float> mix(std::span<const float> row, const std::vector<Choice>& choices) const;

    size_t hidden_;
    Ffn dense_, shared_;
    Router router_;
    std::vector<Ffn> experts_;
};

}  // namespace superlane::reference
