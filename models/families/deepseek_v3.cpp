// SPDX-License-Identifier: Apache-2.0
// DeepSeek-V3: latent attention, experts chosen by corrected sigmoid scores within groups, and one shared expert.
#include <cmath>

#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"DeepseekV3ForCausalLM", "deepseek_v3"};
constexpr ShapeKeys shape_keys{.head_dim = nullptr};
constexpr ExpertKeys expert_keys{"n_routed_experts", "num_experts_per_tok", "moe_intermediate_size"};
constexpr int64_t max_part = 2048, max_shared = 64;

void read_mla(const JsonObject& file, MlaConfig& mla) {
    mla.kv_lora = int(file.integer("kv_lora_rank", 1, max_lora));
    mla.q_lora = int(file.integer_or("q_lora_rank", 0, 1, max_lora));
    mla.rope_dim = int(file.integer("qk_rope_head_dim", 2, max_part));
    if (mla.rope_dim % 2 != 0) file.fail("qk_rope_head_dim", "is odd (allowed: even, for RoPE)");
    mla.nope_dim = int(file.integer("qk_nope_head_dim", 2, max_part));
    if (mla.nope_dim % 2 != 0) file.fail("qk_nope_head_dim", "is odd (allowed: even)");
    mla.v_dim = int(file.integer("v_head_dim", 1, max_part));
}

void read_moe(const JsonObject& file, LlmConfig& llm) {
    check_choice(file, "scoring_func", {"sigmoid"});
    check_choice(file, "topk_method", {"noaux_tc"});
    file.integer_or("moe_layer_freq", 1, 1, 1);
    read_experts(file, llm, expert_keys);
    MoeConfig& moe = llm.moe;
    moe.score = RouterScore::sigmoid;
    moe.correction_bias = true;
    moe.shared_ffn = int(file.integer_or("n_shared_experts", 1, 0, max_shared)) * moe.ffn;
    moe.first_dense_layers = int(file.integer_or("first_k_dense_replace", 3, 0, max_layers));
    moe.normalise = file.boolean_or("norm_topk_prob", true);
    moe.scaling = file.number_or("routed_scaling_factor", 2.5, 1e-6, 1e6);
    moe.groups = int(file.integer_or("n_group", 8, 1, max_experts));
    if (moe.experts % moe.groups != 0 || moe.experts / moe.groups < 2)
        file.fail("n_group", "does not make groups of two or more of " + std::to_string(moe.experts) + " experts");
    moe.active_groups = int(file.integer_or("topk_group", 4, 1, moe.groups));
    if (moe.active > moe.experts / moe.groups * moe.active_groups)
        file.fail("topk_group",
                  "makes groups with fewer than num_experts_per_tok " + std::to_string(moe.active) + " experts");
}

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_mla(file, llm.mla);
    read_standard(file, llm, shape_keys, {.max_position = 4096, .head_dim = llm.mla.nope_dim + llm.mla.rope_dim});
    read_moe(file, llm);
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.rope.interleaved = file.boolean_or("rope_interleave", true);
    // The temperature that YaRN puts on cos and sin stands on the scores, for it must reach the part without RoPE too.
    if (llm.rope.mscale_all_dim != 0) {
        const double temperature = 0.1 * llm.rope.mscale_all_dim * std::log(llm.rope.factor) + 1.0;
        llm.query_scale = temperature * temperature / std::sqrt(double(llm.head_dim));
    }
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, shape_keys, file);
    write_experts(llm, expert_keys, file);
    write_key(file, "hidden_act", "silu");
    write_key(file, "attention_bias", llm.attention_bias);
    write_key(file, "rope_interleave", llm.rope.interleaved);
    write_key(file, "kv_lora_rank", llm.mla.kv_lora);
    if (llm.mla.q_lora != 0) write_key(file, "q_lora_rank", llm.mla.q_lora);
    write_key(file, "qk_rope_head_dim", llm.mla.rope_dim);
    write_key(file, "qk_nope_head_dim", llm.mla.nope_dim);
    write_key(file, "v_head_dim", llm.mla.v_dim);
    write_key(file, "n_shared_experts", llm.moe.shared_ffn / llm.moe.ffn);
    write_key(file, "first_k_dense_replace", llm.moe.first_dense_layers);
    write_key(file, "norm_topk_prob", llm.moe.normalise);
    write_key(file, "routed_scaling_factor", llm.moe.scaling);
    write_key(file, "n_group", llm.moe.groups);
    write_key(file, "topk_group", llm.moe.active_groups);
    write_key(file, "scoring_func", "sigmoid");
    write_key(file, "topk_method", "noaux_tc");
}

void latent_attention(const LlmConfig& llm, LayerPlan& plan) {
    const MlaConfig& mla = llm.mla;
    const int64_t d = llm.hidden, heads = llm.heads, latent = mla.kv_lora + mla.rope_dim;
    const bool bias = llm.attention_bias;
    if (mla.q_lora == 0) {
        plan.projection("self_attn.q_proj", &LayerWeights::q, llm.q_columns(), d);
    } else {
        plan.projection("self_attn.q_a_proj", &LayerWeights::q_a, mla.q_lora, d,
                        bias ? &LayerWeights::q_a_bias : nullptr);
        plan.add("self_attn.q_a_layernorm.weight", &LayerWeights::q_a_norm, Role::gain, {mla.q_lora});
        plan.projection("self_attn.q_b_proj", &LayerWeights::q_b, llm.q_columns(), mla.q_lora);
    }
    plan.projection("self_attn.kv_a_proj_with_mqa", &LayerWeights::kv_a, latent, d,
                    bias ? &LayerWeights::kv_a_bias : nullptr);
    plan.add("self_attn.kv_a_layernorm.weight", &LayerWeights::kv_a_norm, Role::gain, {mla.kv_lora});
    plan.projection("self_attn.kv_b_proj", &LayerWeights::kv_b, heads * (mla.nope_dim + mla.v_dim), mla.kv_lora);
    plan.projection("self_attn.o_proj", &LayerWeights::o, d, llm.attention_columns(),
                    bias ? &LayerWeights::o_bias : nullptr);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    plan.norm("input_layernorm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    latent_attention(llm, plan);
    plan.norm("post_attention_layernorm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    if (!llm.is_moe(layer)) {
        plan.dense_ffn("mlp.", {});
        return;
    }
    plan.experts("mlp.gate", "mlp.experts.", {});
    plan.add("mlp.gate.e_score_correction_bias", &LayerWeights::router_correction, Role::bias, {llm.moe.experts});
    plan.shared_expert("mlp.shared_experts.", {});
}

/// Checkpoints carry a further layer that predicts a second token; the model decodes without it.
bool ignores(const LlmConfig& llm, const std::string& tensor) {
    return tensor.starts_with("model.layers." + std::to_string(llm.layers) + ".");
}

}  // namespace

constinit const Family deepseek_v3{"deepseek_v3",   {architecture}, read,           write,
                                   standard_before, layer_tensors,  standard_after, ignores};

}  // namespace superlane::families
