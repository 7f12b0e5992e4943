// SPDX-License-Identifier: Apache-2.0
// Parts of a config.json that families have in common, read with checks and written back.
#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/families/family.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane::families {

// Bounds that keep every product of dimensions inside 63 bits; far above any published model.
constexpr int64_t max_layers = 4096, max_hidden = 1 << 20, max_heads = 4096, max_head_dim = 4096, max_ffn = 1 << 22,
                  max_vocabulary = 1 << 24, max_tokens = int64_t{1} << 32, max_experts = 1024, max_expert_ffn = 1 << 18,
                  max_lora = 1 << 18;

/// Names of the keys of a shape; nullptr where the family has no such key.
struct ShapeKeys {
    const char *layers = "num_hidden_layers", *hidden = "hidden_size", *heads = "num_attention_heads",
               *kv_heads = "num_key_value_heads", *head_dim = "head_dim", *ffn = "intermediate_size",
               *vocabulary = "vocab_size", *max_position = "max_position_embeddings";
};

/// What a format takes for absent optional keys.
struct Defaults {
    double norm_eps = 1e-6;
    double rope_theta = 10000;
    int64_t max_position = 2048;
    bool tied_head = false;
    int head_dim = 0;  ///< 0 = hidden / heads
};

/// Shape, norm epsilon, RoPE, tied head, bos and eos; refuses keys that change the arithmetic in a way nobody here
/// computes: better an error than wrong tokens.
void read_standard(const JsonObject& file, LlmConfig& llm, const ShapeKeys& keys, const Defaults& defaults);
void refuse_variants(const JsonObject& file);
void read_shape(const JsonObject& file, LlmConfig& llm, const ShapeKeys& keys, const Defaults& defaults);
void read_kv_heads(const JsonObject& file, const char* key, LlmConfig& llm);
RopeConfig read_rope(const JsonObject& file, const LlmConfig& llm, double default_theta);
void read_bos_eos(const JsonObject& file, LlmConfig& llm);
/// `key`, when there, must be one of `allowed`.
void check_choice(const JsonObject& file, const std::string& key, const std::vector<std::string>& allowed);
/// `key`, when there, must be `wanted`.
void check_boolean(const JsonObject& file, const std::string& key, bool wanted);

/// "layer_types", or where it is absent `otherwise` by layer; a pattern that is the same in all layers becomes none.
void read_windows(const JsonObject& file, LlmConfig& llm, int64_t window_tokens,
                  const std::function<bool(int layer)>& otherwise);
/// Qwen's: "sliding_window" counts only with "use_sliding_window", and from layer `first` on.
void read_switched_windows(const JsonObject& file, LlmConfig& llm, int64_t first);

struct ExpertKeys {
    const char *experts, *active, *ffn;
};
void read_experts(const JsonObject& file, LlmConfig& llm, const ExpertKeys& keys);

/// file[key] = value, out of line: without the JSON library a family compiles in half the time.
void write_key(nlohmann::json& file, const char* key, bool value);
void write_key(nlohmann::json& file, const char* key, int value);
void write_key(nlohmann::json& file, const char* key, int64_t value);
void write_key(nlohmann::json& file, const char* key, double value);
void write_key(nlohmann::json& file, const char* key, const char* value);
void write_architecture(const Architecture& architecture, nlohmann::json& file);
void write_standard(const LlmConfig& llm, const ShapeKeys& keys, nlohmann::json& file);
void write_shape(const LlmConfig& llm, const ShapeKeys& keys, nlohmann::json& file);
void write_rope(const RopeConfig& rope, nlohmann::json& file);
void write_bos_eos(const LlmConfig& llm, nlohmann::json& file);
void write_windows(const LlmConfig& llm, nlohmann::json& file);  ///< sliding_window, layer_types
void write_layer_types(const LlmConfig& llm, nlohmann::json& file);
void write_switched_windows(const LlmConfig& llm, nlohmann::json& file);
void write_experts(const LlmConfig& llm, const ExpertKeys& keys, nlohmann::json& file);

}  // namespace superlane::families
