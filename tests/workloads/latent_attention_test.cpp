// SPDX-License-Identifier: Apache-2.0
// Latent attention in its absorbed form, against the published form worked out in double.
#include <gtest/gtest.h>

#include "tests/workloads/features_support.hpp"

using namespace superlane;
using namespace superlane::test;

namespace {

using Values64 = std::vector<double>;

constexpr size_t heads = 4, nope = 6, rope = 4, value_dim = 5, latent = 8, hidden = 24;  // of the tiny shape

Values64 product(const Tensor& m, const Values64& x) {
    Values64 y(size_t(m.rows()));
    for (int64_t r = 0; r < m.rows(); ++r)
        for (int64_t c = 0; c < m.columns(); ++c) y[size_t(r)] += double(m.at(r, c)) * x[size_t(c)];
    return y;
}

Values64 normed(Values64 x, const Tensor& gain) {
    double square = 0;
    for (const double value : x) square += value * value;
    for (size_t i = 0; i < x.size(); ++i)
        x[i] *= double(gain.at(0, int64_t(i))) / std::sqrt(square / double(x.size()) + 1e-6);
    return x;
}

/// YaRN over two pairs, factor 4, 16 original positions; its temperature is on the scores, not on cos and sin.
double frequency(int pair) {
    const auto dimension = [](double rotations) {
        return 4 * std::log(16 / (rotations * 2 * M_PI)) / (2 * std::log(10000.0));
    };
    const double low = std::max(std::floor(dimension(32)), 0.0), high = std::min(std::ceil(dimension(1)), 3.0);
    const double plain = std::pow(10000.0, -pair / 2.0), ramp = std::clamp((pair - low) / (high - low), 0.0, 1.0);
    return ramp * plain / 4 + (1 - ramp) * plain;
}

void add_turned(Values64& out, const double* x, int position) {
    for (int i = 0; i < 2; ++i) {
        const double c = std::cos(position * frequency(i)), s = std::sin(position * frequency(i));
        out.push_back(x[2 * i] * c - x[2 * i + 1] * s);
        out.push_back(x[2 * i + 1] * c + x[2 * i] * s);
    }
}

/// By head: keys of nope + rope elements, values of value_dim, queries like keys.
struct Token {
    std::vector<Values64> keys, values, queries;
};

Token token_of(const LayerWeights& w, const Values64& x, int position) {
    const Values64 kv = product(w.kv_a, x), q = product(w.q_b, normed(product(w.q_a, x), w.q_a_norm));
    const Values64 up = product(w.kv_b, normed({kv.begin(), kv.begin() + latent}, w.kv_a_norm));
    Token token;
    for (size_t head = 0; head < heads; ++head) {
        const double* own = &up[head * (nope + value_dim)];
        token.keys.emplace_back(own, own + nope);
        add_turned(token.keys.back(), &kv[latent], position);
        token.values.emplace_back(own + nope, own + nope + value_dim);
        const double* query = &q[head * (nope + rope)];
        token.queries.emplace_back(query, query + nope);
        add_turned(token.queries.back(), query + nope, position);
    }
    return token;
}

Values64 attention(const std::vector<Token>& tokens, size_t head, double scale) {
    Values64 sum(value_dim);
    double denominator = 0;
    for (const Token& token : tokens) {
        double score = 0;
        for (size_t i = 0; i < nope + rope; ++i) score += tokens.back().queries[head][i] * token.keys[head][i];
        const double p = std::exp(score * scale);
        denominator += p;
        for (size_t i = 0; i < value_dim; ++i) sum[i] += p * token.values[head][i];
    }
    for (double& value : sum) value /= denominator;
    return sum;
}

}  // namespace

TEST(LatentAttention, EqualsItsUnabsorbedForm) {
    const LlmConfig llm = tiny_family("deepseek_v3");
    const LlmWeights weights = random_weights(llm, 2);
    const std::vector<float> h = shown(llm, weights, 0, "attention_norm"), a = shown(llm, weights, 0, "attention");
    const double temperature = 0.1 * std::log(4.0) + 1, scale = temperature * temperature / std::sqrt(10.0);
    std::vector<Token> tokens;
    for (size_t t = 0; t < prompt.size(); ++t) {
        const auto row = h.begin() + std::ptrdiff_t(t * hidden);
        tokens.push_back(token_of(weights.layers[0], Values64(row, row + hidden), int(t)));
        for (size_t head = 0; head < heads; ++head) {
            const Values64 expected = attention(tokens, head, scale);
            for (size_t i = 0; i < value_dim; ++i)
                EXPECT_NEAR(a[(t * heads + head) * value_dim + i], expected[i], 2e-6);
        }
    }
}
