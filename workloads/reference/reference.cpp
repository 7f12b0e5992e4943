// SPDX-License-Identifier: Apache-2.0
// Runs rows (a token of a request at a position) through the layers; prefill and batch are only different sets of rows.
#include "workloads/reference/reference.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "workloads/reference/attention_block.hpp"
#include "workloads/reference/ffn.hpp"
#include "workloads/reference/linear.hpp"
#include "workloads/reference/norm.hpp"
#include "workloads/reference/rows.hpp"

namespace superlane {

using namespace reference;

namespace {

struct Layer {
    Norm attention_norm, attention_post_norm, ffn_norm, ffn_post_norm;
    AttentionBlock attention;
    Linear o;
    FfnBlock ffn;
};

Layer make_layer(const LlmConfig& llm, int layer, const LayerWeights& w, Rounding rounding) {
    const auto norm = [&](const Tensor& gain, const Tensor& bias) {
        return Norm(llm.norm, llm.rms_norm_eps, gain, bias);
    };
    return {norm(w.attention_norm, w.attention_norm_bias),
            norm(llm.sandwich_norms ? w.attention_post_norm : Tensor{}, {}),
            norm(w.ffn_norm, w.ffn_norm_bias),
            norm(llm.sandwich_norms ? w.ffn_post_norm : Tensor{}, {}),
            AttentionBlock(llm, layer, w, rounding),
            Linear(w.o, w.o_bias, rounding),
            FfnBlock(llm, layer, w, rounding)};
}

void add(std::vector<float>& x, const std::vector<float>& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

}  // namespace

struct Reference::State {
    LlmConfig llm;
    Rounding rounding;
    Tensor embedding, position_table;
    std::shared_ptr<const void> storage;  // of the tables, the tensors that are not copied
    std::vector<Layer> layers;
    Norm final_norm;
    Linear head;
    std::vector<std::vector<LayerCache>> caches;  // [request][layer]
    std::vector<int64_t> positions;               // [request]
    Probe probe;

    State(const LlmConfig& config, const LlmWeights& weights, Rounding mode, int requests);
    void check(int request) const;
    std::vector<Row> rows_of(int request, std::span<const int> tokens) const;
    std::vector<float> forward(const std::vector<Row>& rows);
    std::vector<float> logits(const std::vector<Row>& rows, const std::vector<float>& x) const;
    std::vector<float> embed(const std::vector<Row>& rows) const;
    void show(const std::vector<Row>& rows, int layer, std::string_view name, const std::vector<float>& values) const;
};

Reference::State::State(const LlmConfig& config, const LlmWeights& weights, Rounding mode, int requests)
    : llm(config),
      rounding(mode),
      embedding(weights.embedding),
      position_table(weights.positions),
      storage(weights.storage),
      final_norm(config.norm, config.rms_norm_eps, weights.final_norm, weights.final_norm_bias),
      head(weights.head, Tensor{}, mode),
      caches(size_t(requests), std::vector<LayerCache>(size_t(config.layers))),
      positions(size_t(requests)) {
    for (int layer = 0; layer < config.layers; ++layer)
        layers.push_back(make_layer(config, layer, weights.layers[size_t(layer)], mode));
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

/// r16(table) * multiplier, plus r16 of the position's row where positions are learned.
std::vector<float> Reference::State::embed(const std::vector<Row>& rows) const {
    const size_t d = size_t(llm.hidden);
    std::vector<float> x(rows.size() * d), position(d);
    for (size_t r = 0; r < rows.size(); ++r) {
        const std::span<float> row = std::span(x).subspan(r * d, d);
        embedding.row(rows[r].token, row);
        for (float& value : row) value = stored_half(value, rounding) * float(llm.embedding_multiplier);
        if (position_table.empty()) continue;
        position_table.row(rows[r].position + llm.position_offset, position);
        for (size_t i = 0; i < d; ++i) row[i] += stored_half(position[i], rounding);
    }
    return x;
}

/// The residual rows after the last layer; keys and values of the rows are stored.
std::vector<float> Reference::State::forward(const std::vector<Row>& rows) {
    std::vector<float> x = embed(rows);
    show(rows, -1, "embedding", x);
    for (size_t index = 0; index < layers.size(); ++index) {
        check_interrupt();
        const Layer& layer = layers[index];
        const auto see = [&](std::string_view name, const std::vector<float>& values) {
            show(rows, int(index), name, values);
        };
        const auto cache_of = [&](int request) -> LayerCache& { return caches[size_t(request)][index]; };
        const std::vector<float> h = layer.attention_norm.apply(x);
        see("attention_norm", h);
        const std::vector<float> a = layer.attention.run(rows, h, cache_of, see);
        see("attention", a);
        const std::vector<float> o = layer.o.apply(a);
        add(x, layer.attention_post_norm.empty() ? o : layer.attention_post_norm.apply(o));
        see("attention_residual", x);
        const std::vector<float> g = layer.ffn_norm.apply(x);
        see("ffn_norm", g);
        const std::vector<float> y = layer.ffn.run(g, see);
        add(x, layer.ffn_post_norm.empty() ? y : layer.ffn_post_norm.apply(y));
        see("ffn_residual", x);
    }
    for (const Row& row : rows) positions[size_t(row.request)] = row.position + 1;
    return x;
}

std::vector<float> Reference::State::logits(const std::vector<Row>& rows, const std::vector<float>& x) const {
    const std::vector<float> h = final_norm.apply(x);
    show(rows, -1, "final_norm", h);
    std::vector<float> out = head.apply(h);
    for (float& value : out) value *= float(llm.logit_multiplier);
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
