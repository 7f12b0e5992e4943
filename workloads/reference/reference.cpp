// SPDX-License-Identifier: Apache-2.0
// Runs rows (a token of a request at a position) through the layers; prefill and batch are only different sets of rows.
#include "workloads/reference/reference.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "workloads/reference/attention.hpp"
#include "workloads/reference/linear.hpp"

namespace superlane {

using namespace reference;

namespace {

struct Layer {
    std::vector<float> attention_norm, ffn_norm;
    Linear q, k, v, o, gate, up, down;
};

Layer make_layer(const LayerWeights& w, Rounding rounding) {
    return {w.attention_norm.floats(),
            w.ffn_norm.floats(),
            Linear(w.q, w.q_bias, rounding),
            Linear(w.k, w.k_bias, rounding),
            Linear(w.v, w.v_bias, rounding),
            Linear(w.o, w.o_bias, rounding),
            Linear(w.gate, w.gate_bias, rounding),
            Linear(w.up, w.up_bias, rounding),
            Linear(w.down, w.down_bias, rounding)};
}

struct Row {
    int request, token;
    int64_t position;
};

void add(std::vector<float>& x, const std::vector<float>& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

}  // namespace

struct Reference::State {
    LlmConfig llm;
    Rounding rounding;
    Tensor embedding;
    std::shared_ptr<const void> storage;  // of the embedding table, the one tensor that is not copied
    std::vector<Layer> layers;
    std::vector<float> final_norm;
    Linear head;
    Rotation rotation;
    std::vector<std::vector<LayerCache>> caches;  // [request][layer]
    std::vector<int64_t> positions;               // [request]
    Probe probe;

    State(const LlmConfig& config, const LlmWeights& weights, Rounding mode, int requests);
    void check(int request) const;
    std::vector<Row> rows_of(int request, std::span<const int> tokens) const;
    std::vector<float> forward(const std::vector<Row>& rows);
    std::vector<float> logits(const std::vector<Row>& rows, const std::vector<float>& x) const;
    std::vector<float> embed(const std::vector<Row>& rows) const;
    std::vector<float> normalize(const std::vector<float>& x, const std::vector<float>& gain) const;
    std::vector<float> attention(const std::vector<Row>& rows, size_t layer, const std::vector<float>& h);
    std::vector<float> gated(const Layer& layer, const std::vector<float>& h) const;
    void show(const std::vector<Row>& rows, int layer, std::string_view name, const std::vector<float>& values) const;
};

Reference::State::State(const LlmConfig& config, const LlmWeights& weights, Rounding mode, int requests)
    : llm(config),
      rounding(mode),
      embedding(weights.embedding),
      storage(weights.storage),
      final_norm(weights.final_norm.floats()),
      head(weights.head, Tensor{}, mode),
      rotation(config, mode),
      caches(size_t(requests), std::vector<LayerCache>(size_t(config.layers))),
      positions(size_t(requests)) {
    for (const LayerWeights& layer : weights.layers) layers.push_back(make_layer(layer, mode));
}

void Reference::State::check(int request) const {
    SUPERLANE_CHECK(request >= 0 && request < int(caches.size()), request, caches.size());
}

/// Rows for tokens that continue a request, checked against vocabulary and context.
std::vector<Row> Reference::State::rows_of(int request, std::span<const int> tokens) const {
    check(request);
    std::vector<Row> rows;
    int64_t position = positions[size_t(request)];
    const int64_t context = std::max(llm.max_position, llm.rope.context_tokens);
    for (const int token : tokens) {
        if (token < 0 || token >= llm.vocabulary)
            throw user_error("token ", token, " is not in the vocabulary (allowed: 0 to ", llm.vocabulary - 1, ")");
        if (position >= context)
            throw user_error("position ", position, " is beyond the context of '", llm.name, "' (allowed: ", context,
                             " tokens)");
        rows.push_back({request, token, position++});
    }
    return rows;
}

void Reference::State::show(const std::vector<Row>& rows, int layer, std::string_view name,
                            const std::vector<float>& values) const {
    if (!probe) return;
    const size_t width = values.size() / rows.size();
    for (size_t r = 0; r < rows.size(); ++r)
        probe(rows[r].request, layer, name, std::span(values).subspan(r * width, width));
}

std::vector<float> Reference::State::embed(const std::vector<Row>& rows) const {
    const size_t d = size_t(llm.hidden);
    std::vector<float> x(rows.size() * d);
    for (size_t r = 0; r < rows.size(); ++r) embedding.row(rows[r].token, std::span(x).subspan(r * d, d));
    for (float& value : x) value = stored_half(value, rounding);
    return x;
}

std::vector<float> Reference::State::normalize(const std::vector<float>& x, const std::vector<float>& gain) const {
    const size_t d = gain.size();
    std::vector<float> h(x.size());
    for (size_t start = 0; start < x.size(); start += d) {
        const double mean_square = dot(&x[start], &x[start], d) / double(d);
        const float r = float(1.0 / std::sqrt(mean_square + llm.rms_norm_eps));
        for (size_t i = 0; i < d; ++i) h[start + i] = (x[start + i] * r) * gain[i];
    }
    return h;
}

/// Stores every row's key and value before any row attends: a later row of the same request sees the earlier ones.
std::vector<float> Reference::State::attention(const std::vector<Row>& rows, size_t index,
                                               const std::vector<float>& h) {
    const Layer& layer = layers[index];
    const size_t wide = size_t(llm.q_columns()), narrow = size_t(llm.kv_columns());
    std::vector<float> q = layer.q.apply(h), k = layer.k.apply(h), v = layer.v.apply(h);
    const float scale = float(1.0 / std::sqrt(double(llm.head_dim)));
    for (float& value : v) value = stored_half(value, rounding);
    for (size_t r = 0; r < rows.size(); ++r) {
        rotation.apply(std::span(q).subspan(r * wide, wide), rows[r].position, scale);
        rotation.apply(std::span(k).subspan(r * narrow, narrow), rows[r].position, 1.0f);
        LayerCache& cache = caches[size_t(rows[r].request)][index];
        const auto begin = std::ptrdiff_t(r * narrow), end = std::ptrdiff_t((r + 1) * narrow);
        cache.keys.insert(cache.keys.end(), k.begin() + begin, k.begin() + end);
        cache.values.insert(cache.values.end(), v.begin() + begin, v.begin() + end);
    }
    show(rows, int(index), "q", q);
    show(rows, int(index), "k", k);
    show(rows, int(index), "v", v);
    std::vector<float> out;
    for (size_t r = 0; r < rows.size(); ++r) {
        const std::vector<float> row = attend(llm, caches[size_t(rows[r].request)][index],
                                              std::span(q).subspan(r * wide, wide), rows[r].position, rounding);
        out.insert(out.end(), row.begin(), row.end());
    }
    return out;
}

std::vector<float> Reference::State::gated(const Layer& layer, const std::vector<float>& h) const {
    std::vector<float> y = layer.gate.apply(h);
    const std::vector<float> up = layer.up.apply(h);
    for (size_t i = 0; i < y.size(); ++i) y[i] = (y[i] * (1.0f / (1.0f + std::exp(-y[i])))) * up[i];
    return y;
}

/// The residual rows after the last layer; keys and values of the rows are stored.
std::vector<float> Reference::State::forward(const std::vector<Row>& rows) {
    std::vector<float> x = embed(rows);
    show(rows, -1, "embedding", x);
    for (size_t index = 0; index < layers.size(); ++index) {
        const Layer& layer = layers[index];
        const std::vector<float> h = normalize(x, layer.attention_norm);
        show(rows, int(index), "attention_norm", h);
        const std::vector<float> a = attention(rows, index, h);
        show(rows, int(index), "attention", a);
        add(x, layer.o.apply(a));
        show(rows, int(index), "attention_residual", x);
        const std::vector<float> g = normalize(x, layer.ffn_norm);
        show(rows, int(index), "ffn_norm", g);
        const std::vector<float> y = gated(layer, g);
        show(rows, int(index), "gated", y);
        add(x, layer.down.apply(y));
        show(rows, int(index), "ffn_residual", x);
    }
    for (const Row& row : rows) positions[size_t(row.request)] = row.position + 1;
    return x;
}

std::vector<float> Reference::State::logits(const std::vector<Row>& rows, const std::vector<float>& x) const {
    const std::vector<float> h = normalize(x, final_norm);
    show(rows, -1, "final_norm", h);
    std::vector<float> out = head.apply(h);
    show(rows, -1, "logits", out);
    return out;
}

Reference::Reference(const LlmConfig& config, const LlmWeights& weights, Rounding rounding, int requests) {
    SUPERLANE_CHECK(requests >= 1 && int(weights.layers.size()) == config.layers, requests, weights.layers.size());
    state_ = std::make_unique<State>(config, weights, rounding, requests);
}
Reference::~Reference() = default;
Reference::Reference(Reference&&) noexcept = default;
Reference& Reference::operator=(Reference&&) noexcept = default;

std::vector<float> Reference::step(int token) { return step(0, token); }

std::vector<float> Reference::step(int request, int token) { return prefill(request, std::span(&token, 1)); }

std::vector<std::vector<float>> Reference::step_batch(std::span<const int> tokens) {
    SUPERLANE_CHECK(tokens.size() == state_->caches.size(), tokens.size(), state_->caches.size());
    std::vector<Row> rows;
    for (size_t request = 0; request < tokens.size(); ++request)
        rows.push_back(state_->rows_of(int(request), tokens.subspan(request, 1))[0]);
    const std::vector<float> all = state_->logits(rows, state_->forward(rows));
    std::vector<std::vector<float>> by_request;
    const auto width = std::ptrdiff_t(state_->llm.vocabulary);
    for (auto start = all.begin(); start != all.end(); start += width) by_request.emplace_back(start, start + width);
    return by_request;
}

std::vector<float> Reference::prefill(int request, std::span<const int> tokens) {
    if (tokens.empty()) throw user_error("the prompt is empty (allowed: one token or more)");
    const std::vector<Row> rows = state_->rows_of(request, tokens);
    const std::vector<float> x = state_->forward(rows);
    const std::vector<float> last(x.end() - state_->llm.hidden, x.end());
    return state_->logits({rows.back()}, last);
}

std::vector<int> Reference::greedy(std::span<const int> prompt, int count, bool stop_at_eos) {
    clear(0);
    std::vector<int> tokens;
    const std::vector<int>& eos = state_->llm.eos_tokens;
    std::vector<float> logits = prefill(0, prompt);
    while (int(tokens.size()) < count) {
        tokens.push_back(greedy_token(logits));
        if (stop_at_eos && std::find(eos.begin(), eos.end(), tokens.back()) != eos.end()) break;
        if (int(tokens.size()) < count) logits = step(0, tokens.back());
    }
    return tokens;
}

int64_t Reference::position(int request) const {
    state_->check(request);
    return state_->positions[size_t(request)];
}

void Reference::clear(int request) {
    state_->check(request);
    state_->positions[size_t(request)] = 0;
    state_->caches[size_t(request)].assign(state_->layers.size(), LayerCache{});
}

void Reference::set_probe(Probe probe) { state_->probe = std::move(probe); }

int greedy_token(std::span<const float> logits) {
    return int(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace superlane
