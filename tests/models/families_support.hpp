// SPDX-License-Identifier: Apache-2.0
// A tiny shape of every family, with each of the family's features at work, for tests of models and of the reference.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/llm.hpp"

namespace superlane {

inline nlohmann::json tiny_common() {
    return {{"num_hidden_layers", 3},   {"hidden_size", 24}, {"num_attention_heads", 4},
            {"num_key_value_heads", 2}, {"vocab_size", 17},  {"max_position_embeddings", 64}};
}

inline nlohmann::json tiny_with(const char* architecture, const nlohmann::json& more) {
    nlohmann::json file = tiny_common();
    file["architectures"] = nlohmann::json::array({architecture});
    file.update(more);
    return file;
}

/// Published configurations in small: config.json objects by family.
inline std::vector<std::pair<std::string, nlohmann::json>> tiny_configs() {
    using nlohmann::json;
    const json experts = {{"num_experts_per_tok", 2}, {"num_local_experts", 5}, {"intermediate_size", 10}};
    return {
        {"llama", tiny_with("LlamaForCausalLM", {{"intermediate_size", 20}})},
        {"mixtral", tiny_with("MixtralForCausalLM", experts)},
        {"qwen2", tiny_with("Qwen2ForCausalLM", {{"intermediate_size", 20},
                                                 {"use_sliding_window", true},
                                                 {"sliding_window", 3},
                                                 {"max_window_layers", 1}})},
        {"qwen3", tiny_with("Qwen3ForCausalLM", {{"intermediate_size", 20}, {"head_dim", 6}})},
        {"qwen3_moe", tiny_with("Qwen3MoeForCausalLM", {{"head_dim", 6},
                                                        {"moe_intermediate_size", 8},
                                                        {"num_experts", 6},
                                                        {"num_experts_per_tok", 3},
                                                        {"norm_topk_prob", true}})},
        {"gemma", tiny_with("GemmaForCausalLM",
                            {{"intermediate_size", 20}, {"head_dim", 8}, {"hidden_act", "gelu_pytorch_tanh"}})},
        {"opt", tiny_with("OPTForCausalLM", {{"ffn_dim", 20}})},
        {"dbrx",
         {{"architectures", {"DbrxForCausalLM"}},
          {"d_model", 16},
          {"n_heads", 4},
          {"n_layers", 2},
          {"max_seq_len", 64},
          {"vocab_size", 17},
          {"attn_config", {{"kv_n_heads", 2}, {"clip_qkv", 0.75}, {"rope_theta", 500000.0}}},
          {"ffn_config", {{"ffn_hidden_size", 6}, {"moe_num_experts", 6}, {"moe_top_k", 4}}}}},
        {"grok1", tiny_with("Grok1ModelForCausalLM", {{"hidden_size", 16},
                                                      {"intermediate_size", 10},
                                                      {"num_experts", 4},
                                                      {"num_experts_per_tok", 2},
                                                      {"attn_output_multiplier", 0.5},
                                                      {"max_attn_value", 1.5},
                                                      {"embedding_multiplier_scale", 4.0},
                                                      {"output_multiplier_scale", 0.577}})},
        {"deepseek_v3", tiny_with("DeepseekV3ForCausalLM", {{"num_key_value_heads", 4},
                                                            {"intermediate_size", 20},
                                                            {"moe_intermediate_size", 6},
                                                            {"n_routed_experts", 12},
                                                            {"num_experts_per_tok", 3},
                                                            {"n_group", 4},
                                                            {"topk_group", 2},
                                                            {"first_k_dense_replace", 1},
                                                            {"q_lora_rank", 10},
                                                            {"kv_lora_rank", 8},
                                                            {"qk_rope_head_dim", 4},
                                                            {"qk_nope_head_dim", 6},
                                                            {"v_head_dim", 5},
                                                            {"rope_scaling",
                                                             {{"rope_type", "yarn"},
                                                              {"factor", 4.0},
                                                              {"mscale", 1.0},
                                                              {"mscale_all_dim", 1.0},
                                                              {"original_max_position_embeddings", 16}}}})},
        {"gpt_oss", tiny_with("GptOssForCausalLM", {{"head_dim", 6},
                                                    {"intermediate_size", 10},
                                                    {"num_local_experts", 6},
                                                    {"num_experts_per_tok", 4},
                                                    {"sliding_window", 3},
                                                    {"swiglu_limit", 0.5},
                                                    {"rope_scaling",
                                                     {{"rope_type", "yarn"},
                                                      {"factor", 4.0},
                                                      {"truncate", false},
                                                      {"original_max_position_embeddings", 16}}}})},
    };
}

inline LlmConfig tiny_family(const std::string& family) {
    for (const auto& [name, file] : tiny_configs())
        if (name == family) return parse_llm_config(file, "config.json", "tiny-" + name);
    return {};
}

inline std::vector<std::string> family_names() {
    std::vector<std::string> names;
    for (const auto& [name, file] : tiny_configs()) names.push_back(name);
    return names;
}

}  // namespace superlane
