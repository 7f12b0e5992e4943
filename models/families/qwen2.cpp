// SPDX-License-Identifier: Apache-2.0
// Qwen2 and Qwen2.5: Llama with biases on q, k and v only; the upper layers may have a sliding window.
#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"Qwen2ForCausalLM", "qwen2"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    check_choice(file, "hidden_act", {"silu"});
    read_standard(file, llm, {}, {.max_position = 32768});
    read_switched_windows(file, llm, file.integer_or("max_window_layers", 28, 0, max_layers));
    llm.qkv_bias = true;
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, {}, file);
    write_switched_windows(llm, file);
    write_key(file, "hidden_act", "silu");
}

}  // namespace

constinit const Family qwen2{"qwen2", {architecture}, read, write, standard_before, standard_layer, standard_after};

}  // namespace superlane::families
