// SPDX-License-Identifier: Apache-2.0
// Qwen3: Llama with an RMS norm of every query and key head.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"Qwen3ForCausalLM", "qwen3"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_standard(file, llm, {}, {.max_position = 32768, .head_dim = 128});
    read_switched_windows(file, llm, file.integer_or("max_window_layers", 28, 0, max_layers));
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.qk_norm = true;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, {}, file);
    write_switched_windows(llm, file);
    write_key(file, "hidden_act", "silu");
    write_key(file, "attention_bias", llm.attention_bias);
}

}  // namespace

constinit const Family qwen3{"qwen3", {architecture}, read, write, standard_before, standard_layer, standard_after};

}  // namespace superlane::families
