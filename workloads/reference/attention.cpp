// SPDX-License-Identifier: Apache-2.0
// Rotation and softmax attention, one head at a time, in the order of docs/numerics.md.
#include "workloads/reference/attention.hpp"

#include <algorithm>
#include <cmath>

#include "models/rope.hpp"
#include "workloads/reference/linear.hpp"

namespace superlane::reference {

Rotation::Rotation(const LlmConfig& llm, Rounding rounding)
    : frequencies_(rope_frequencies(llm)), factor_(rope_attention_factor(llm)), rounding_(rounding) {}

void Rotation::apply(std::span<float> row, int64_t position, float scale) const {
    const size_t half = frequencies_.size();
    for (size_t i = 0; i < half; ++i) {
        const double angle = double(position) * frequencies_[i];
        const float cosine = float(std::cos(angle) * factor_), sine = float(std::sin(angle) * factor_);
        for (size_t head = 0; head < row.size(); head += 2 * half) {
            const float a = row[head + i], b = row[head + i + half];
            row[head + i] = stored_half((a * cosine - b * sine) * scale, rounding_);
            row[head + i + half] = stored_half((b * cosine + a * sine) * scale, rounding_);
        }
    }
}

namespace {

/// p_t and its sum; the maximum is stored as fp16, so p may exceed one by a little.
struct Softmax {
    std::vector<float> p;
    float denominator = 0.0f;
};

Softmax softmax(const std::vector<float>& scores, Rounding rounding) {
    const float largest = stored_half(*std::max_element(scores.begin(), scores.end()), rounding);
    Softmax out;
    double sum = 0.0;
    for (const float score : scores) {
        out.p.push_back(stored_half(std::exp(score - largest), rounding));
        sum += double(out.p.back());
    }
    out.denominator = float(sum);
    return out;
}

}  // namespace

std::vector<float> attend(const LlmConfig& llm, const LayerCache& cache, std::span<const float> q, int64_t position,
                          Rounding rounding) {
    const size_t dim = size_t(llm.head_dim), stride = size_t(llm.kv_columns());
    const int64_t window = llm.sliding_window_tokens;
    const size_t first = window == 0 ? 0 : size_t(std::max<int64_t>(0, position + 1 - window));
    std::vector<float> out(size_t(llm.q_columns()));
    for (size_t head = 0; head < size_t(llm.heads); ++head) {
        const size_t kv = head / size_t(llm.queries_per_kv()) * dim;
        std::vector<float> scores;
        for (size_t t = first; t <= size_t(position); ++t)
            scores.push_back(float(dot(&q[head * dim], &cache.keys[t * stride + kv], dim)));
        const Softmax weights = softmax(scores, rounding);
        std::vector<double> sum(dim);
        for (size_t t = 0; t < scores.size(); ++t)
            for (size_t i = 0; i < dim; ++i)
                sum[i] += double(weights.p[t]) * double(cache.values[(first + t) * stride + kv + i]);
        for (size_t i = 0; i < dim; ++i) out[head * dim + i] = float(sum[i]) / weights.denominator;
    }
    return out;
}

}  // namespace superlane::reference
