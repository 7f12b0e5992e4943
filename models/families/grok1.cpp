// SPDX-License-Identifier: Apache-2.0
// Grok-1 as converted to the Hugging Face format: norms before and after, soft-capped scores, scaled embedding and
// logits.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"Grok1ModelForCausalLM", "grok-1"};
constexpr Architecture short_architecture{"Grok1ForCausalLM", "grok1"};
constexpr ShapeKeys shape_keys{.head_dim = nullptr, .ffn = nullptr};
constexpr ExpertKeys expert_keys{"num_experts", "num_experts_per_tok", "intermediate_size"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    read_standard(file, llm, shape_keys, {.norm_eps = 1e-5, .max_position = 8192, .tied_head = true});
    read_experts(file, llm, expert_keys);
    llm.activation = Activation::gelu_tanh;  // jax.nn.gelu of the published model code
    llm.sandwich_norms = true;
    llm.query_scale = file.number("attn_output_multiplier", 1e-6, 1e6);
    llm.attention_soft_cap = file.number("max_attn_value", 1e-3, 1e6);
    llm.embedding_multiplier = file.number("embedding_multiplier_scale", 1e-6, 1e6);
    llm.logit_multiplier = file.number("output_multiplier_scale", 1e-6, 1e6);
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, shape_keys, file);
    write_experts(llm, expert_keys, file);
    write_key(file, "attn_output_multiplier", llm.query_scale);
    write_key(file, "max_attn_value", llm.attention_soft_cap);
    write_key(file, "embedding_multiplier_scale", llm.embedding_multiplier);
    write_key(file, "output_multiplier_scale", llm.logit_multiplier);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    const auto norm = [&](const std::string& name, Tensor LayerWeights::*gain) {
        plan.add(name + ".scale", gain, Role::gain, {llm.hidden});
    };
    norm("pre_attn_norm", &LayerWeights::attention_norm);
    plan.attention({.q = "attn.q_proj", .k = "attn.k_proj", .v = "attn.v_proj", .o = "attn.o_proj"});
    norm("post_attn_norm", &LayerWeights::attention_post_norm);
    norm("pre_moe_norm", &LayerWeights::ffn_norm);
    plan.experts("moe_block.gate", "moe_block.experts.", {.gate = "linear", .up = "linear_v", .down = "linear_1"});
    norm("post_moe_norm", &LayerWeights::ffn_post_norm);
}

void after(const LlmConfig& llm, TensorList& list) {
    add_model_tensor(list, "model.norm.scale", &LlmWeights::final_norm, Role::gain, {llm.hidden});
    if (!llm.tied_head)
        add_model_tensor(list, "lm_head.weight", &LlmWeights::head, Role::matrix, {llm.vocabulary, llm.hidden});
}

}  // namespace

constinit const Family grok1{"grok1", {architecture, short_architecture}, read, write, standard_before, layer_tensors,
                             after};

}  // namespace superlane::families
