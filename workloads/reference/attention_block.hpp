// SPDX-License-Identifier: Apache-2.0
// The attention of one layer up to the output projection: ordinary, or latent (MLA) in its absorbed form.
#pragma once
#include <functional>
#include <vector>

#include "models/checkpoint.hpp"
#include "workloads/reference/attention.hpp"
#include "workloads/reference/linear.hpp"
#include "workloads/reference/norm.hpp"
#include "workloads/reference/rows.hpp"

namespace superlane::reference {

class AttentionBlock {
public:
    AttentionBlock(const LlmConfig& config, int layer, const LayerWeights& weights, Rounding rounding);

    using CacheOf = std::function<LayerCache&(int request)>;
    /// The inputs of the output projection for normed rows `h`. Stores every row's key and value before any row
    /// attends: a later row of the same request sees the earlier ones.
    std::vector<float> run(const std::vector<Row>& rows, const std::vector<float>& h, const CacheOf& cache_of,
                           const Show& show) const;

private:
    /// As stored for the scores and for the weighted sum, all rows.
    struct Projected {
        std::vector<float> q, k, v;
    };
    Projected project(const std::vector<Row>& rows, const std::vector<float>& h) const;
    Projected project_latent(const std::vector<Row>& rows, const std::vector<float>& h) const;
    std::vector<float> latent_query(std::span<const float> q, int64_t position) const;

    MlaConfig mla_;
    float clip_, scale_;
    Rounding rounding_;
    AttentionShape shape_;
    Rotation rotation_;
    Linear q_, k_, v_;
    Norm q_norm_, k_norm_;
    Linear q_a_, q_b_, kv_a_;
    Norm q_a_norm_, kv_a_norm_;
    std::vector<Linear> key_up_, value_up_;  // MLA, by head: nope -> latent, latent -> value
};

}  // namespace superlane::reference
