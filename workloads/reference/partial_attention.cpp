// SPDX-License-Identifier: Apache-2.0
// Softmax in parts: the denominators say how much each part weighs.
#include "workloads/reference/partial_attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace superlane::reference {
namespace {

constexpr double no_score = -std::numeric_limits<double>::infinity();

}  // namespace

PartialAttention attend_part(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                             int64_t position, int64_t first, int64_t end) {
    const size_t dim = shape.value_dim, stride = shape.heads / shape.queries_per_kv * dim;
    const bool has_sinks = first == 0 && !shape.sinks.empty();
    if (shape.window > 0) first = std::max(first, position + 1 - shape.window);
    end = std::max(first, std::min(end, position + 1));
    PartialAttention part{std::vector<float>(shape.heads * dim), {}, {}};
    for (size_t head = 0; head < shape.heads; ++head) {
        const std::vector<float> scores = head_scores(shape, cache, q, head, size_t(first), size_t(end));
        double largest = has_sinks ? double(shape.sinks[head]) : no_score;
        for (const float score : scores) largest = std::max(largest, double(score));
        double denominator = has_sinks ? std::exp(double(shape.sinks[head]) - largest) : 0.0;
        std::vector<double> sum(dim);
        for (size_t t = 0; t < scores.size(); ++t) {
            const double weight = std::exp(double(scores[t]) - largest);
            denominator += weight;
            const float* value = &cache.values[(size_t(first) + t) * stride + head / shape.queries_per_kv * dim];
            for (size_t i = 0; i < dim; ++i) sum[i] += weight * double(value[i]);
        }
        if (denominator > 0)
            for (size_t i = 0; i < dim; ++i) part.values[head * dim + i] = float(sum[i] / denominator);
        part.denominators.push_back(denominator);
        part.largest.push_back(largest);
    }
    return part;
}

PartialAttention merge(const PartialAttention& a, const PartialAttention& b) {
    SUPERLANE_CHECK(a.values.size() == b.values.size() && a.largest.size() == b.largest.size());
    PartialAttention whole = a;
    const size_t dim = a.values.size() / a.largest.size();
    for (size_t head = 0; head < a.largest.size(); ++head) {
        if (b.denominators[head] == 0) continue;
        const double largest = std::max(a.largest[head], b.largest[head]);
        const double s1 = a.denominators[head] * std::exp(a.largest[head] - largest);
        const double s2 = b.denominators[head] * std::exp(b.largest[head] - largest);
        for (size_t i = head * dim; i < (head + 1) * dim; ++i)
            whole.values[i] = float((double(a.values[i]) * s1 + double(b.values[i]) * s2) / (s1 + s2));
        whole.denominators[head] = s1 + s2;
        whole.largest[head] = largest;
    }
    return whole;
}

}  // namespace superlane::reference
