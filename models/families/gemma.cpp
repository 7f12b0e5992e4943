// SPDX-License-Identifier: Apache-2.0
// Gemma: norms with 1 + weight, a GELU-gated FFN, wide heads, and an embedding scaled by the root of the hidden size.
#include <cmath>

#include "models/families/config_keys.hpp"

namespace superlane::families {
namespace {

constexpr Architecture architecture{"GemmaForCausalLM", "gemma"};

void read(const JsonObject& file, const Architecture&, LlmConfig& llm) {
    // The first files say "gelu" in hidden_act where the model was trained with the tanh form; hidden_activation, where
    // it stands, decides, and there "gelu" would be the other form.
    check_choice(file, "hidden_act", {"gelu", "gelu_pytorch_tanh"});
    check_choice(file, "hidden_activation", {"gelu_pytorch_tanh"});
    read_standard(file, llm, {}, {.max_position = 8192, .tied_head = true, .head_dim = 256});
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.norm = NormKind::rms_plus_one;
    llm.activation = Activation::gelu_tanh;
    llm.embedding_multiplier = std::sqrt(double(llm.hidden));
}

void write(const LlmConfig& llm, nlohmann::json& file) {
    write_architecture(architecture, file);
    write_standard(llm, {}, file);
    write_key(file, "hidden_activation", "gelu_pytorch_tanh");
    write_key(file, "attention_bias", llm.attention_bias);
}

}  // namespace

constinit const Family gemma{"gemma", {architecture}, read, write, standard_before, standard_layer, standard_after};

}  // namespace superlane::families
