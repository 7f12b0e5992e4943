// SPDX-License-Identifier: Apache-2.0
// gpt-oss: attention sinks, a sliding window in every second layer, biases everywhere, and clamped SwiGLU experts.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"GptOssForCausalLM", "gpt_oss"};
constexpr ShapeKeys shape_keys{.ffn = nullptr};
constexpr ExpertKeys expert_keys{"num_local_experts", "num_experts_per_tok", "intermediate_size"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_standard(file, llm, shape_keys,
                  {.norm_eps = 1e-5, .rope_theta = 150000, .max_position = 131072, .head_dim = 64});
    read_windows(file, llm, file.integer_or("sliding_window", 128, 1, max_tokens),
                 [](int layer) { return layer % 2 == 0; });
    read_experts(file, llm, expert_keys);
    llm.attention_bias = file.boolean_or("attention_bias", true);
    llm.attention_sinks = llm.mlp_bias = true;
    llm.activation = Activation::clamped_swiglu;
    llm.activation_limit = file.number_or("swiglu_limit", 7, 1e-3, 1e6);
    llm.moe.router_bias = llm.moe.normalise = true;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, shape_keys, file);
    write_experts(llm, expert_keys, file);
    write_windows(llm, file);
    write_layer_types(llm, file);
    write_key(file, "hidden_act", "silu");
    write_key(file, "attention_bias", llm.attention_bias);
    write_key(file, "swiglu_limit", llm.activation_limit);
}

/// [expert, input, output]: transposed, and gate and up rows alternate.
void stacked_experts(const LlmConfig& llm, LayerPlan& plan) {
    const int64_t d = llm.hidden, f = llm.moe.ffn, experts = llm.moe.experts;
    std::vector<Part> gate_up, gate_up_bias, down, down_bias;
    for (int e = 0; e < llm.moe.experts; ++e) {
        const auto both = [&](Tensor FfnWeights::*weight, Tensor FfnWeights::*bias, int64_t odd) {
            gate_up.push_back({plan.expert(e, weight), {f, d}, e * d * 2 * f + odd, 2, 2 * f});
            gate_up_bias.push_back({plan.expert(e, bias), {f}, e * 2 * f + odd, 0, 2});
        };
        both(&FfnWeights::gate, &FfnWeights::gate_bias, 0);
        both(&FfnWeights::up, &FfnWeights::up_bias, 1);
        down.push_back({plan.expert(e, &FfnWeights::down), {d, f}, e * f * d, 1, d});
        down_bias.push_back({plan.expert(e, &FfnWeights::down_bias), {d}, e * d, 0, 1});
    }
    plan.fused("mlp.experts.gate_up_proj", Role::matrix, {experts, d, 2 * f}).parts = std::move(gate_up);
    plan.fused("mlp.experts.gate_up_proj_bias", Role::bias, {experts, 2 * f}).parts = std::move(gate_up_bias);
    plan.fused("mlp.experts.down_proj", Role::matrix, {experts, f, d}).parts = std::move(down);
    plan.fused("mlp.experts.down_proj_bias", Role::bias, {experts, d}).parts = std::move(down_bias);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    plan.norm("input_layernorm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.attention({});
    plan.norm("post_attention_layernorm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.router("mlp.router");
    stacked_experts(llm, plan);
}

}  // namespace

constinit const Family gpt_oss{"gpt_oss", {architecture}, read, write, standard_before, layer_tensors, standard_after};

}  // namespace superlane::families
