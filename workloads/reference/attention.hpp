// SPDX-License-Identifier: Apache-2.0
// Rotation and attention of the reference executor, one row of one request at a time.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "models/llm.hpp"
#include "workloads/reference/rounding.hpp"

namespace superlane::reference {

/// Keys and values of one layer of one request, one row a token.
struct LayerCache {
    std::vector<float> keys, values;  // [tokens, kv_columns], as stored by the chip
};

/// Rotates every head of a q or k row by its position, then multiplies by `scale` and rounds as stored.
class Rotation {
public:
    Rotation(const LlmConfig& config, Rounding rounding);
    void apply(std::span<float> row, int64_t position, float scale) const;

private:
    std::vector<double> frequencies_;
    double factor_;
    Rounding rounding_;
};

/// Attention of one rotated and scaled q row over the cache; the row's own key and value are in it at `position`.
std::vector<float> attend(const LlmConfig& config, const LayerCache& cache, std::span<const float> q, int64_t position,
                          Rounding rounding);

}  // namespace superlane::reference
