// SPDX-License-Identifier: Apache-2.0
// Operators of a decode step from the features of a model.
#include "workloads/step_graph.hpp"

namespace superlane {
namespace {

class Builder {
public:
    explicit Builder(const LlmConfig& model) : m_(model) {}

    StepGraph build() {
        int row = value("embedding", op("embedding", {}), m_.hidden);
        for (layer_ = 0; layer_ < m_.layers; ++layer_) row = ffn_block(attention_block(row));
        layer_ = -1;
        const int normed = step("final_norm", {row}, m_.hidden, 0);
        step("head", {normed}, m_.vocabulary, int64_t(m_.hidden) * m_.vocabulary);
        return std::move(graph_);
    }

private:
    int op(const char* name, const std::vector<int>& inputs, int64_t weights = 0) {
        const int number = int(graph_.ops.size());
        graph_.ops.push_back({name, layer_, weights});
        for (const int input : inputs) graph_.values[size_t(input)].consumers.push_back(number);
        return number;
    }
    int value(const char* name, int producer, int64_t elements) {
        graph_.values.push_back({name, producer, {}, elements});
        return int(graph_.values.size()) - 1;
    }
    /// An operator with one result of its name.
    int step(const char* name, const std::vector<int>& inputs, int64_t elements, int64_t weights) {
        return value(name, op(name, inputs, weights), elements);
    }
    int project(const char* name, int input, int64_t elements) {
        return step(name, {input}, elements, graph_.values[size_t(input)].elements * elements);
    }

    int head_rows(const char* projection, const char* norm, const char* turn, int normed, int64_t elements) {
        int row = project(projection, normed, elements);
        if (m_.qk_norm) row = step(norm, {row}, elements, 0);
        if (m_.position == PositionKind::rope) row = step(turn, {row}, elements, 0);
        return row;
    }

    /// Queries and what joins the cache; the result is in columns of the output projection.
    int ordinary_attention(int normed) {
        const int q = head_rows("q", "q_norm", "rotate_q", normed, m_.q_columns());
        const int k = head_rows("k", "k_norm", "rotate_k", normed, m_.kv_columns());
        const int v = project("v", normed, m_.kv_columns());
        return attend({q, k, v}, m_.attention_columns());
    }

    /// In its absorbed form: queries and results are latent rows of each head.
    int latent_attention(int normed) {
        const MlaConfig& mla = m_.mla;
        const int64_t latent_query = int64_t(m_.heads) * (mla.kv_lora + mla.rope_dim);
        const int q_row =
            mla.q_lora > 0 ? step("q_a_norm", {project("q_a", normed, mla.q_lora)}, mla.q_lora, 0) : normed;
        const int q_heads = project("q_b", q_row, m_.q_columns());
        const int q = step("key_up", {q_heads}, latent_query, int64_t(m_.heads) * mla.nope_dim * mla.kv_lora);
        const int row = project("kv_a", normed, mla.kv_lora + mla.rope_dim);
        const int result =
            attend({q, step("kv_a_norm", {row}, mla.kv_lora + mla.rope_dim, 0)}, int64_t(m_.heads) * mla.kv_lora);
        return step("value_up", {result}, m_.attention_columns(), int64_t(m_.attention_columns()) * mla.kv_lora);
    }

    int attend(const std::vector<int>& inputs, int64_t elements) {
        const int result = step("attention", inputs, elements, 0);
        graph_.ops.back().attention = true;
        return result;
    }

    int add(const char* name, int row, int more) {
        if (m_.sandwich_norms) more = step("post_norm", {more}, m_.hidden, 0);
        return step(name, {row, more}, m_.hidden, 0);
    }

    int attention_block(int row) {
        const int normed = step("attention_norm", {row}, m_.hidden, 0);
        const int result = m_.has_mla() ? latent_attention(normed) : ordinary_attention(normed);
        return add("attention_residual", row, project("o", result, m_.hidden));
    }

    int inner(int normed, int64_t elements) {
        const int64_t wide = elements * (m_.gated_ffn ? 2 : 1);
        const int up = step("gate_up", {normed}, wide, m_.hidden * wide);
        const int activated = step("activation", {up}, elements, 0);
        return step("down", {activated}, m_.hidden, m_.hidden * elements);
    }

    int experts(int normed) {
        const int chosen = project("router", normed, m_.moe.experts);
        const int64_t wide = int64_t(m_.moe.ffn) * (m_.gated_ffn ? 3 : 2);
        const int mixed = step("experts", {normed, chosen}, m_.hidden, m_.moe.experts * wide * m_.hidden);
        if (m_.moe.shared_ffn == 0) return mixed;
        return step("mix", {mixed, inner(normed, m_.moe.shared_ffn)}, m_.hidden, 0);
    }

    int ffn_block(int row) {
        const int normed = step("ffn_norm", {row}, m_.hidden, 0);
        return add("ffn_residual", row, m_.is_moe(layer_) ? experts(normed) : inner(normed, m_.ffn));
    }

    const LlmConfig& m_;
    StepGraph graph_;
    int layer_ = -1;
};

}  // namespace

StepGraph step_graph(const LlmConfig& model) { return Builder(model).build(); }

}  // namespace superlane
