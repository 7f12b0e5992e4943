// SPDX-License-Identifier: Apache-2.0
// Attention over a part of the tokens, and the merge of parts: what pools that share a request's cache compute.
#pragma once
#include "workloads/reference/attention.hpp"

namespace superlane::reference {

/// Attention of some tokens alone. Denominators are of exp(score - largest), so that none overflows.
struct PartialAttention {
    std::vector<float> values;         ///< [heads * value_dim], each head's weighted mean
    std::vector<double> denominators;  ///< by head; 0 where no token was seen
    std::vector<double> largest;       ///< by head, of the scores
};

/// Tokens first to end - 1 of the cache, in float32; of a window only those that `position` still sees. Sinks belong to
/// the part that begins at token 0.
PartialAttention attend_part(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                             int64_t position, int64_t first, int64_t end);

/// A = (A1 S1 + A2 S2) / (S1 + S2), S the denominators under a common largest score. Any order, any number of parts.
PartialAttention merge(const PartialAttention& a, const PartialAttention& b);

}  // namespace superlane::reference
