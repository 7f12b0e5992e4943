// SPDX-License-Identifier: Apache-2.0
// Builds the list of a model's stored tensors from its features and its family's names.
#include "models/families/tensor_plan.hpp"

#include "base/error.hpp"
#include "models/families/family.hpp"

namespace superlane::families {

const Tensor& Place::in(const LlmWeights& weights) const {
    if (of_model != nullptr) return weights.*of_model;
    const LayerWeights& w = weights.layers.at(size_t(layer));
    if (of_layer != nullptr) return w.*of_layer;
    return (expert == shared_expert ? w.shared : w.experts.at(size_t(expert))).*of_expert;
}

Tensor& Place::in(LlmWeights& weights) const {
    return const_cast<Tensor&>(in(static_cast<const LlmWeights&>(weights)));
}

int64_t elements_of(const StoredTensor& tensor) {
    int64_t elements = 1;
    for (const int64_t dimension : tensor.shape) elements *= dimension;
    return elements;
}

TensorList plan_model(const LlmConfig& llm) {
    const Family& family = family_of(llm);
    TensorList list;
    family.before(llm, list);
    for (int layer = 0; layer < llm.layers; ++layer) family.layer(llm, layer, list);
    family.after(llm, list);
    return list;
}

TensorList plan_outside(const LlmConfig& llm) {
    TensorList list;
    family_of(llm).before(llm, list);
    family_of(llm).after(llm, list);
    return list;
}

TensorList plan_layer(const LlmConfig& llm, int layer) {
    TensorList list;
    family_of(llm).layer(llm, layer, list);
    return list;
}

void add_model_tensor(TensorList& list, const std::string& name, Tensor LlmWeights::*place, Role role,
                      std::vector<int64_t> shape) {
    list.push_back({name, shape, role, {{.place = {.of_model = place}, .shape = shape}}});
}

LayerPlan::LayerPlan(const LlmConfig& llm, int layer, std::string prefix, TensorList& list)
    : llm_(llm), layer_(layer), prefix_(std::move(prefix)), list_(list) {}

LayerPlan LayerPlan::numbered(const LlmConfig& llm, int layer, const std::string& root, TensorList& list) {
    return {llm, layer, root + std::to_string(layer) + ".", list};
}

StoredTensor& LayerPlan::fused(const std::string& name, Role role, std::vector<int64_t> shape) {
    return list_.emplace_back(StoredTensor{prefix_ + name, std::move(shape), role, {}});
}

void LayerPlan::add(const std::string& name, Tensor LayerWeights::*place, Role role, std::vector<int64_t> shape) {
    fused(name, role, shape).parts.push_back({.place = at(place), .shape = shape});
}

void LayerPlan::norm(const std::string& name, Tensor LayerWeights::*gain, Tensor LayerWeights::*bias) {
    add(name + ".weight", gain, Role::gain, {llm_.hidden});
    if (llm_.norm_bias) add(name + ".bias", bias, Role::bias, {llm_.hidden});
}

void LayerPlan::projection(const std::string& name, Tensor LayerWeights::*weight, int64_t outputs, int64_t inputs,
                           Tensor LayerWeights::*bias) {
    add(name + ".weight", weight, Role::matrix, {outputs, inputs});
    if (bias != nullptr) add(name + ".bias", bias, Role::bias, {outputs});
}

void LayerPlan::attention(const AttentionNames& names) {
    const int64_t d = llm_.hidden, q = llm_.q_columns(), kv = llm_.kv_columns();
    const bool bias = llm_.has_qkv_bias();
    projection(names.q, &LayerWeights::q, q, d, bias ? &LayerWeights::q_bias : nullptr);
    projection(names.k, &LayerWeights::k, kv, d, bias ? &LayerWeights::k_bias : nullptr);
    projection(names.v, &LayerWeights::v, kv, d, bias ? &LayerWeights::v_bias : nullptr);
    projection(names.o, &LayerWeights::o, d, q, llm_.has_o_bias() ? &LayerWeights::o_bias : nullptr);
    if (llm_.qk_norm) {
        add("self_attn.q_norm.weight", &LayerWeights::q_norm, Role::gain, {llm_.head_dim});
        add("self_attn.k_norm.weight", &LayerWeights::k_norm, Role::gain, {llm_.head_dim});
    }
    if (llm_.attention_sinks) add("self_attn.sinks", &LayerWeights::sinks, Role::bias, {llm_.heads});
}

void LayerPlan::dense_ffn(const std::string& prefix, const FfnNames& names) {
    const int64_t d = llm_.hidden, f = llm_.ffn;
    const auto add_one = [&](const char* name, Tensor LayerWeights::*weight, Tensor LayerWeights::*bias,
                             int64_t outputs, int64_t inputs) {
        projection(prefix + name, weight, outputs, inputs, llm_.mlp_bias ? bias : nullptr);
    };
    if (llm_.gated_ffn) add_one(names.gate, &LayerWeights::gate, &LayerWeights::gate_bias, f, d);
    add_one(names.up, &LayerWeights::up, &LayerWeights::up_bias, f, d);
    add_one(names.down, &LayerWeights::down, &LayerWeights::down_bias, d, f);
}

void LayerPlan::router(const std::string& name) {
    projection(name, &LayerWeights::router, llm_.moe.experts, llm_.hidden,
               llm_.moe.router_bias ? &LayerWeights::router_bias : nullptr);
}

void LayerPlan::one_expert(const std::string& prefix, const FfnNames& names, int index, int64_t ffn, bool biases) {
    const auto add_one = [&](const char* name, Tensor FfnWeights::*weight, Tensor FfnWeights::*bias, int64_t outputs,
                             int64_t inputs) {
        const std::vector<int64_t> matrix{outputs, inputs}, vector{outputs};
        fused(prefix + name + ".weight", Role::matrix, matrix)
            .parts.push_back({.place = expert(index, weight), .shape = matrix});
        if (biases)
            fused(prefix + name + ".bias", Role::bias, vector)
                .parts.push_back({.place = expert(index, bias), .shape = vector});
    };
    if (llm_.gated_ffn) add_one(names.gate, &FfnWeights::gate, &FfnWeights::gate_bias, ffn, llm_.hidden);
    add_one(names.up, &FfnWeights::up, &FfnWeights::up_bias, ffn, llm_.hidden);
    add_one(names.down, &FfnWeights::down, &FfnWeights::down_bias, llm_.hidden, ffn);
}

void LayerPlan::experts(const std::string& router_name, const std::string& prefix, const FfnNames& names) {
    router(router_name);
    for (int index = 0; index < llm_.moe.experts; ++index)
        one_expert(prefix + std::to_string(index) + ".", names, index, llm_.moe.ffn, llm_.mlp_bias);
}

void LayerPlan::shared_expert(const std::string& prefix, const FfnNames& names) {
    if (llm_.moe.shared_ffn > 0) one_expert(prefix, names, Place::shared_expert, llm_.moe.shared_ffn, llm_.mlp_bias);
}

void standard_before(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "model.embed_tokens.weight", &LlmWeights::embedding, Role::table,
                     {llm.vocabulary, llm.hidden});
}

void standard_layer(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    plan.norm("input_layernorm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.attention({});
    plan.norm("post_attention_layernorm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.dense_ffn("mlp.", {});
}

void standard_after(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "model.norm.weight", &LlmWeights::final_norm, Role::gain, {llm.hidden});
    if (!llm.tied_head)
        add_model_tensor(list, "lm_head.weight", &LlmWeights::head, Role::matrix, {llm.vocabulary, llm.hidden});
}

}  // namespace superlane::families
