// SPDX-License-Identifier: Apache-2.0
// Rotation and softmax attention of the reference executor, one row of one request at a time.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "models/llm.hpp"
#include "workloads/reference/rounding.hpp"

namespace superlane::reference {

/// Keys and values of one layer of one request, one row a token.
struct LayerCache {
    std::vector<float> keys, values;  // [tokens, heads of that cache * dim], as stored by the chip
};

/// Rotates every head of a row by its position, then multiplies by `scale` and rounds as stored. A model with learned
/// positions has no rotation: the row is multiplied and rounded only.
class Rotation {
public:
    Rotation(const LlmConfig& config, Rounding rounding);
    void apply(std::span<float> row, int64_t position, float scale) const;

private:
    std::vector<double> frequencies_;  // empty: none
    bool interleaved_;
    double factor_;
    Rounding rounding_;
};

/// What attention of a layer is, once queries, keys and values are there.
struct AttentionShape {
    size_t heads = 0, queries_per_kv = 1;  ///< query heads; how many share a key and value head
    size_t key_dim = 0, value_dim = 0;     ///< elements of a head
    int64_t window = 0;                    ///< last tokens that are seen; 0 = all
    double soft_cap = 0.0;                 ///< 0 = none
    std::vector<float> sinks;              ///< a score a query head, or empty
};

/// Scores of one head of a scaled q row with the keys of tokens first to end - 1.
std::vector<float> head_scores(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                               size_t head, size_t first, size_t end);

/// Attention of one scaled q row over the cache; the row's own key and value are in it at `position`.
std::vector<float> attend(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                          int64_t position, Rounding rounding);

}  // namespace superlane::reference
