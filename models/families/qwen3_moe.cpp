// SPDX-License-Identifier: Apache-2.0
// Qwen3-MoE: Qwen3 with many small experts in every layer.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"Qwen3MoeForCausalLM", "qwen3_moe"};
constexpr ShapeKeys shape_keys{.ffn = nullptr};
constexpr ExpertKeys expert_keys{"num_experts", "num_experts_per_tok", "moe_intermediate_size"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    file.integer_or("decoder_sparse_step", 1, 1, 1);
    if (file.has("mlp_only_layers") && brief(file.at("mlp_only_layers")) != "[]")
        file.fail("mlp_only_layers", "is not supported (allowed: [])");
    read_standard(file, llm, shape_keys, {.max_position = 32768});
    read_switched_windows(file, llm, 0);
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.qk_norm = true;
    read_experts(file, llm, expert_keys);
    llm.moe.normalise = file.boolean_or("norm_topk_prob", false);
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, shape_keys, file);
    write_switched_windows(llm, file);
    write_experts(llm, expert_keys, file);
    write_key(file, "hidden_act", "silu");
    write_key(file, "attention_bias", llm.attention_bias);
    write_key(file, "norm_topk_prob", llm.moe.normalise);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    plan.norm("input_layernorm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.attention({});
    plan.norm("post_attention_layernorm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.experts("mlp.gate", "mlp.experts.", {});
}

}  // namespace

constinit const Family qwen3_moe{"qwen3_moe",     {architecture}, read,          write,
                                 standard_before, layer_tensors,  standard_after};

}  // namespace superlane::families
