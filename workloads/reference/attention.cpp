// SPDX-License-Identifier: Apache-2.0
// Rotation and softmax attention, one head at a time, in the order of docs/numerics.md.
#include "workloads/reference/attention.hpp"

#include <algorithm>
#include <cmath>

#include "models/rope.hpp"
#include "workloads/reference/linear.hpp"

namespace superlane::reference {

Rotation::Rotation(const LlmConfig& llm, Rounding rounding)
    : interleaved_(llm.rope.interleaved), factor_(rope_attention_factor(llm)), rounding_(rounding) {
    if (llm.position == PositionKind::rope) frequencies_ = rope_frequencies(llm);
}

void Rotation::apply(std::span<float> row, int64_t position, float scale) const {
    const size_t half = frequencies_.size();
    for (size_t i = 0; i < half; ++i) {
        const double angle = double(position) * frequencies_[i];
        const float cosine = float(std::cos(angle) * factor_), sine = float(std::sin(angle) * factor_);
        const size_t first = interleaved_ ? 2 * i : i, second = interleaved_ ? 2 * i + 1 : i + half;
        for (size_t head = 0; head < row.size(); head += 2 * half) {
            const float a = row[head + first], b = row[head + second];
            row[head + first] = a * cosine - b * sine;
            row[head + second] = b * cosine + a * sine;
        }
    }
    for (float& value : row) value = stored_half(value * scale, rounding_);
}

namespace {

/// p_t and its sum; the maximum is stored as fp16, so p may exceed one by a little.
struct Softmax {
    std::vector<float> p;
    float denominator = 0.0f;
};

/// `sink`, when there, is a further score whose value is zero.
Softmax softmax(const std::vector<float>& scores, const float* sink, Rounding rounding) {
    float largest = *std::max_element(scores.begin(), scores.end());
    if (sink != nullptr) largest = std::max(largest, *sink);
    largest = stored_half(largest, rounding);
    Softmax out;
    double sum = sink == nullptr ? 0.0 : double(stored_half(std::exp(*sink - largest), rounding));
    for (const float score : scores) {
        out.p.push_back(stored_half(std::exp(score - largest), rounding));
        sum += double(out.p.back());
    }
    out.denominator = float(sum);
    return out;
}

}  // namespace

std::vector<float> head_scores(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                               size_t head, size_t first, size_t end) {
    const size_t dim = shape.key_dim, stride = shape.heads / shape.queries_per_kv * dim;
    const float* keys = cache.keys.data() + head / shape.queries_per_kv * dim;
    const float cap = float(shape.soft_cap);
    std::vector<float> scores;
    for (size_t t = first; t < end; ++t) scores.push_back(float(dot(&q[head * dim], keys + t * stride, dim)));
    if (cap != 0.0f)
        for (float& score : scores) score = cap * std::tanh(score / cap);
    return scores;
}

std::vector<float> attend(const AttentionShape& shape, const LayerCache& cache, std::span<const float> q,
                          int64_t position, Rounding rounding) {
    const size_t dim = shape.value_dim, value_stride = shape.heads / shape.queries_per_kv * dim;
    const size_t first = shape.window == 0 ? 0 : size_t(std::max<int64_t>(0, position + 1 - shape.window));
    std::vector<float> out(shape.heads * dim);
    for (size_t head = 0; head < shape.heads; ++head) {
        const size_t kv = head / shape.queries_per_kv;
        const std::vector<float> scores = head_scores(shape, cache, q, head, first, size_t(position) + 1);
        const Softmax weights = softmax(scores, shape.sinks.empty() ? nullptr : &shape.sinks[head], rounding);
        std::vector<double> sum(dim);
        for (size_t t = 0; t < scores.size(); ++t)
            for (size_t i = 0; i < dim; ++i)
                sum[i] += double(weights.p[t]) * double(cache.values[(first + t) * value_stride + kv * dim + i]);
        for (size_t i = 0; i < dim; ++i) out[head * dim + i] = float(sum[i]) / weights.denominator;
    }
    return out;
}

}  // namespace superlane::reference
