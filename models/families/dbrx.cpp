// SPDX-License-Identifier: Apache-2.0
// DBRX: LayerNorm without bias, a fused and clipped q, k, v projection, and experts stacked in three tensors.
#include <nlohmann/json.hpp>

#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"DbrxForCausalLM", "dbrx"};
constexpr ShapeKeys shape_keys{.layers = "n_layers",
                               .hidden = "d_model",
                               .heads = "n_heads",
                               .kv_heads = nullptr,
                               .head_dim = nullptr,
                               .ffn = nullptr,
                               .max_position = "max_seq_len"};
constexpr ExpertKeys expert_keys{"moe_num_experts", "moe_top_k", "ffn_hidden_size"};

void read_ffn(const nlohmann::json& object, const JsonObject& file, LlmConfig& llm) {
    if (file.has("ffn_act_fn"))
        check_choice(JsonObject(file.at("ffn_act_fn"), file.where() + ": ffn_act_fn"), "name", {"silu"});
    read_experts(file, llm, expert_keys);
    const char* norm = "moe_normalize_expert_weights";  // the p of a p-norm; null = not normalised, absent = 1
    llm.moe.normalise = !object.contains(norm) || file.has(norm);
    if (file.number_or(norm, 1, 0, 1e9) != 1) file.fail(norm, "is not supported (allowed: 1 or null)");
}

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    refuse_variants(file);
    read_shape(file, llm, shape_keys, {});
    const JsonObject attention(file.at("attn_config"), file.where() + ": attn_config");
    read_kv_heads(attention, "kv_n_heads", llm);
    llm.clip_qkv = attention.number_or("clip_qkv", 0, 1e-6, 1e9);
    llm.rope.theta = attention.number_or("rope_theta", 10000, 2, 1e12);
    read_ffn(file.at("ffn_config"), JsonObject(file.at("ffn_config"), file.where() + ": ffn_config"), llm);
    llm.tied_head = file.boolean_or("tie_word_embeddings", false);
    read_bos_eos(file, llm);
    llm.norm = NormKind::layer;
    llm.rms_norm_eps = 1e-5;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_shape(llm, shape_keys, file);
    write_bos_eos(llm, file);
    file["tie_word_embeddings"] = llm.tied_head;
    nlohmann::json attention = {{"kv_n_heads", llm.kv_heads}, {"rope_theta", llm.rope.theta}};
    if (llm.clip_qkv != 0) attention["clip_qkv"] = llm.clip_qkv;
    file["attn_config"] = attention;
    nlohmann::json ffn = {{"ffn_act_fn", {{"name", "silu"}}}};
    write_experts(llm, expert_keys, ffn);
    ffn["moe_normalize_expert_weights"] = llm.moe.normalise ? nlohmann::json(1.0) : nlohmann::json();
    file["ffn_config"] = ffn;
}

void before(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "transformer.wte.weight", &LlmWeights::embedding, Role::table, {llm.vocabulary, llm.hidden});
}

/// Rows of the three tensors are [expert, inner element]; so the third is the transpose of down projections.
void stacked_experts(const LlmConfig& llm, LayerPlan& plan) {
    const int64_t d = llm.hidden, f = llm.moe.ffn, experts = llm.moe.experts;
    const auto stack = [&](const std::string& name, Tensor FfnWeights::*place, bool transposed) {
        StoredTensor& tensor = plan.fused("ffn.experts.mlp." + name, Role::matrix, {experts * f, d});
        for (int e = 0; e < llm.moe.experts; ++e) {
            Part part{.place = plan.expert(e, place), .shape = {f, d}, .offset = e * f * d, .row_stride = d};
            if (transposed) part.shape = {d, f}, part.row_stride = 1, part.column_stride = d;
            tensor.parts.push_back(part);
        }
    };
    stack("w1", &FfnWeights::gate, false);
    stack("v1", &FfnWeights::up, false);
    stack("w2", &FfnWeights::down, true);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "transformer.blocks.", list);
    const int64_t d = llm.hidden, q = llm.q_columns(), kv = llm.kv_columns();
    plan.norm("norm_attn_norm.norm_1", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.fused("norm_attn_norm.attn.Wqkv.weight", Role::matrix, {q + 2 * kv, d}).parts = {
        {.place = plan.at(&LayerWeights::q), .shape = {q, d}, .offset = 0, .row_stride = d},
        {.place = plan.at(&LayerWeights::k), .shape = {kv, d}, .offset = q * d, .row_stride = d},
        {.place = plan.at(&LayerWeights::v), .shape = {kv, d}, .offset = (q + kv) * d, .row_stride = d}};
    plan.projection("norm_attn_norm.attn.out_proj", &LayerWeights::o, d, q);
    plan.norm("norm_attn_norm.norm_2", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.router("ffn.router.layer");
    stacked_experts(llm, plan);
}

void after(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "transformer.norm_f.weight", &LlmWeights::final_norm, Role::gain, {llm.hidden});
    if (!llm.tied_head)
        add_model_tensor(list, "lm_head.weight", &LlmWeights::head, Role::matrix, {llm.vocabulary, llm.hidden});
}

}  // namespace

constinit const Family dbrx{"dbrx", {architecture}, read, write, before, layer_tensors, after};

}  // namespace superlane::families
