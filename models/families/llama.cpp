// SPDX-License-Identifier: Apache-2.0
// Llama and Mistral: RMSNorm, grouped-query attention with RoPE, SiLU-gated FFN; Mistral may have a sliding window.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture llama_architecture{"LlamaForCausalLM", "llama"};
constexpr Architecture mistral_architecture{"MistralForCausalLM", "mistral"};

void read(const JsonObject& file, const Architecture& architecture, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_standard(file, llm, {}, {});
    if (std::string(architecture.name) == mistral_architecture.name)
        llm.sliding_window_tokens = file.integer_or("sliding_window", 0, 1, max_tokens);
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.mlp_bias = file.boolean_or("mlp_bias", false);
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    const bool window = llm.sliding_window_tokens != 0;
    write_architecture(window ? mistral_architecture : llama_architecture, file);
    write_standard(llm, {}, file);
    write_key(file, "hidden_act", "silu");
    write_key(file, "attention_bias", llm.attention_bias);
    write_key(file, "mlp_bias", llm.mlp_bias);
    if (window) write_key(file, "sliding_window", llm.sliding_window_tokens);
}

}  // namespace

constinit const Family llama{
    "llama", {llama_architecture, mistral_architecture}, read, write, standard_before, standard_layer, standard_after};

}  // namespace superlane::families
