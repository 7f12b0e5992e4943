// SPDX-License-Identifier: Apache-2.0
// Queries, keys and values of a layer, and for MLA the two halves of kv_b on the query's and on the result's side.
#include "workloads/reference/attention_block.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::reference {
namespace {

Linear linear_or_none(const Tensor& weight, const Tensor& bias, Rounding rounding) {
    return weight.empty() ? Linear() : Linear(weight, bias, rounding);
}

/// Rows [first, first + count) of a matrix, or their transpose.
Tensor rows_of(const Tensor& matrix, int64_t first, int64_t count, bool transposed) {
    const int64_t stride = matrix.row_stride == 0 ? matrix.columns() : matrix.row_stride;
    Tensor part = matrix;
    part.bytes = matrix.bytes.subspan(size_t(first * stride * dtype_bytes(matrix.dtype)));
    part.shape = {count, matrix.columns()};
    part.row_stride = stride;
    if (!transposed) return part;
    part.shape = {matrix.columns(), count};
    part.row_stride = matrix.column_stride;
    part.column_stride = stride;
    return part;
}

AttentionShape shape_of(const LlmConfig& llm, int layer, const LayerWeights& weights) {
    AttentionShape shape;
    shape.heads = size_t(llm.heads);
    shape.queries_per_kv = size_t(llm.has_mla() ? llm.heads : llm.queries_per_kv());
    shape.key_dim = size_t(llm.has_mla() ? llm.mla.kv_lora + llm.mla.rope_dim : llm.head_dim);
    shape.value_dim = size_t(llm.has_mla() ? llm.mla.kv_lora : llm.head_dim);
    shape.window = llm.window(layer);
    shape.soft_cap = llm.attention_soft_cap;
    if (llm.attention_sinks) shape.sinks = weights.sinks.floats();
    return shape;
}

void clamp_to(std::vector<float>& values, float limit) {
    if (limit == 0.0f) return;
    for (float& value : values) value = std::clamp(value, -limit, limit);
}

std::span<float> slice(std::vector<float>& values, size_t row, size_t width) {
    return std::span(values).subspan(row * width, width);
}

void append(std::vector<float>& values, std::span<const float> more) {
    values.insert(values.end(), more.begin(), more.end());
}

}  // namespace

AttentionBlock::AttentionBlock(const LlmConfig& llm, int layer, const LayerWeights& w, Rounding rounding)
    : mla_(llm.mla),
      clip_(float(llm.clip_qkv)),
      scale_(float(llm.score_scale())),
      rounding_(rounding),
      shape_(shape_of(llm, layer, w)),
      rotation_(llm, rounding),
      q_(linear_or_none(w.q, w.q_bias, rounding)),
      k_(linear_or_none(w.k, w.k_bias, rounding)),
      v_(linear_or_none(w.v, w.v_bias, rounding)),
      q_norm_(NormKind::rms, llm.rms_norm_eps, llm.qk_norm ? w.q_norm : Tensor{}, {}),
      k_norm_(NormKind::rms, llm.rms_norm_eps, llm.qk_norm ? w.k_norm : Tensor{}, {}),
      q_a_(linear_or_none(w.q_a, w.q_a_bias, rounding)),
      q_b_(linear_or_none(w.q_b, {}, rounding)),
      kv_a_(linear_or_none(w.kv_a, w.kv_a_bias, rounding)),
      q_a_norm_(NormKind::rms, llm.mla.norm_eps, w.q_a_norm, {}),
      kv_a_norm_(NormKind::rms, llm.mla.norm_eps, w.kv_a_norm, {}) {
    if (!llm.has_mla()) return;
    for (int head = 0; head < llm.heads; ++head) {
        const int64_t first = int64_t{head} * (mla_.nope_dim + mla_.v_dim);
        key_up_.emplace_back(rows_of(w.kv_b, first, mla_.nope_dim, true), Tensor{}, rounding);
        value_up_.emplace_back(rows_of(w.kv_b, first + mla_.nope_dim, mla_.v_dim, false), Tensor{}, rounding);
    }
}

AttentionBlock::Projected AttentionBlock::project(const std::vector<Row>& rows, const std::vector<float>& h) const {
    Projected out{q_.apply(h), k_.apply(h), v_.apply(h)};
    for (std::vector<float>* values : {&out.q, &out.k, &out.v}) clamp_to(*values, clip_);
    if (!q_norm_.empty()) out.q = q_norm_.apply(out.q);
    if (!k_norm_.empty()) out.k = k_norm_.apply(out.k);
    for (size_t r = 0; r < rows.size(); ++r) {
        rotation_.apply(slice(out.q, r, q_.outputs()), rows[r].position, scale_);
        rotation_.apply(slice(out.k, r, k_.outputs()), rows[r].position, 1.0f);
    }
    for (float& value : out.v) value = stored_half(value, rounding_);
    return out;
}

/// q rows of a token, [heads, nope + rope], as queries of the latent keys: [heads, kv_lora + rope].
std::vector<float> AttentionBlock::latent_query(std::span<const float> q, int64_t position) const {
    const size_t nope = size_t(mla_.nope_dim), rope = size_t(mla_.rope_dim);
    std::vector<float> out;
    for (size_t head = 0; head < shape_.heads; ++head) {
        const std::span<const float> own = q.subspan(head * (nope + rope), nope + rope);
        for (const float value : key_up_[head].apply(own.first(nope)))
            out.push_back(stored_half(value * scale_, rounding_));
        std::vector<float> turned(own.begin() + std::ptrdiff_t(nope), own.end());
        rotation_.apply(turned, position, scale_);
        append(out, turned);
    }
    return out;
}

AttentionBlock::Projected AttentionBlock::project_latent(const std::vector<Row>& rows,
                                                         const std::vector<float>& h) const {
    const std::vector<float> q = q_a_.outputs() == 0 ? q_.apply(h) : q_b_.apply(q_a_norm_.apply(q_a_.apply(h)));
    std::vector<float> kv = kv_a_.apply(h);
    const size_t latent = size_t(mla_.kv_lora), q_width = q.size() / rows.size();
    Projected out;
    for (size_t r = 0; r < rows.size(); ++r) {
        append(out.q, latent_query(std::span(q).subspan(r * q_width, q_width), rows[r].position));
        const std::span<float> row = slice(kv, r, kv_a_.outputs());
        std::vector<float> value = kv_a_norm_.apply(row.first(latent));
        for (float& element : value) element = stored_half(element, rounding_);
        rotation_.apply(row.subspan(latent), rows[r].position, 1.0f);
        append(out.k, value);
        append(out.k, row.subspan(latent));
        append(out.v, value);
    }
    return out;
}

std::vector<float> AttentionBlock::run(const std::vector<Row>& rows, const std::vector<float>& h,
                                       const CacheOf& cache_of, const Show& show) const {
    const bool latent = mla_.kv_lora > 0;
    Projected p = latent ? project_latent(rows, h) : project(rows, h);
    const size_t q_width = p.q.size() / rows.size(), k_width = p.k.size() / rows.size();
    const size_t v_width = p.v.size() / rows.size();
    for (size_t r = 0; r < rows.size(); ++r) {
        LayerCache& cache = cache_of(rows[r].request);
        append(cache.keys, slice(p.k, r, k_width));
        append(cache.values, slice(p.v, r, v_width));
    }
    show("q", p.q);
    show("k", p.k);
    show("v", p.v);
    std::vector<float> out;
    for (size_t r = 0; r < rows.size(); ++r) {
        const std::vector<float> row =
            attend(shape_, cache_of(rows[r].request), slice(p.q, r, q_width), rows[r].position, rounding_);
        if (!latent) append(out, row);
        for (size_t head = 0; head < value_up_.size(); ++head)
            append(out, value_up_[head].apply(std::span(row).subspan(head * shape_.value_dim, shape_.value_dim)));
    }
    return out;
}

}  // namespace superlane::reference
