// SPDX-License-Identifier: Apache-2.0
// Mixtral: Mistral with eight experts in place of the FFN; the weights of the chosen ones are a softmax over them.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"MixtralForCausalLM", "mixtral"};
constexpr ShapeKeys shape_keys{.ffn = nullptr};
constexpr ExpertKeys expert_keys{"num_local_experts", "num_experts_per_tok", "intermediate_size"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_standard(file, llm, shape_keys, {.norm_eps = 1e-5, .rope_theta = 1e6, .max_position = 131072});
    llm.sliding_window_tokens = file.integer_or("sliding_window", 0, 1, max_tokens);
    read_experts(file, llm, expert_keys);
    llm.moe.normalise = true;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, shape_keys, file);
    write_experts(llm, expert_keys, file);
    write_key(file, "hidden_act", "silu");
    if (llm.sliding_window_tokens != 0) write_key(file, "sliding_window", llm.sliding_window_tokens);
}

void layer_tensors(const LlmConfig& llm, int layer, TensorList& list) {
    LayerPlan plan = LayerPlan::numbered(llm, layer, "model.layers.", list);
    plan.norm("input_layernorm", &LayerWeights::attention_norm, &LayerWeights::attention_norm_bias);
    plan.attention({});
    plan.norm("post_attention_layernorm", &LayerWeights::ffn_norm, &LayerWeights::ffn_norm_bias);
    plan.experts("block_sparse_moe.gate", "block_sparse_moe.experts.", {.gate = "w1", .up = "w3", .down = "w2"});
}

}  // namespace

constinit const Family mixtral{"mixtral", {architecture}, read, write, standard_before, layer_tensors, standard_after};

}  // namespace superlane::families
