// SPDX-License-Identifier: Apache-2.0
// Shape, tokens, windows and experts of a config.json, by the key names of the family.
#include "models/families/config_keys.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace superlane::families {

using nlohmann::json;

void read_standard(const JsonObject& file, LlmConfig& llm, const ShapeKeys& keys, const Defaults& defaults) {
    refuse_variants(file);
    read_shape(file, llm, keys, defaults);
    llm.rms_norm_eps = file.number_or("rms_norm_eps", defaults.norm_eps, 0, 1);
    llm.rope = read_rope(file, llm, defaults.rope_theta);
    llm.tied_head = file.boolean_or("tie_word_embeddings", defaults.tied_head);
    read_bos_eos(file, llm);
}

void refuse_variants(const JsonObject& file) {
    if (file.number_or("partial_rotary_factor", 1, 0, 1) != 1) file.fail("partial_rotary_factor", "is not 1");
}

void read_kv_heads(const JsonObject& file, const char* key, LlmConfig& llm) {
    llm.kv_heads = int(file.integer_or(key, llm.heads, 1, llm.heads));
    if (llm.heads % llm.kv_heads != 0)
        file.fail(key, "does not divide num_attention_heads " + std::to_string(llm.heads));
}

namespace {

void read_head_dim(const JsonObject& file, LlmConfig& llm, const ShapeKeys& keys, const Defaults& defaults) {
    const bool given = keys.head_dim != nullptr && file.has(keys.head_dim);
    if (!given && defaults.head_dim == 0 && llm.hidden % llm.heads != 0)
        file.fail(keys.heads, "does not divide " + std::string(keys.hidden) + " " + std::to_string(llm.hidden) +
                                  (keys.head_dim != nullptr ? ", give head_dim" : ""));
    llm.head_dim = given                    ? int(file.integer(keys.head_dim, 2, max_head_dim))
                   : defaults.head_dim != 0 ? defaults.head_dim
                                            : llm.hidden / llm.heads;
    const char* key = given ? keys.head_dim : keys.hidden;
    if (llm.position == PositionKind::rope && llm.head_dim % 2 != 0)
        file.fail(key, "makes heads of " + std::to_string(llm.head_dim) + " elements (allowed: even, for RoPE)");
    if (llm.head_dim > max_head_dim) file.fail(key, "makes heads of more than 4096 elements");
}

}  // namespace

void read_shape(const JsonObject& file, LlmConfig& llm, const ShapeKeys& keys, const Defaults& defaults) {
    llm.layers = int(file.integer(keys.layers, 1, max_layers));
    llm.hidden = int(file.integer(keys.hidden, 1, max_hidden));
    llm.heads = int(file.integer(keys.heads, 1, max_heads));
    llm.kv_heads = llm.heads;
    if (keys.kv_heads != nullptr) read_kv_heads(file, keys.kv_heads, llm);
    read_head_dim(file, llm, keys, defaults);
    if (keys.ffn != nullptr) llm.ffn = int(file.integer(keys.ffn, 1, max_ffn));
    llm.vocabulary = int(file.integer(keys.vocabulary, 1, max_vocabulary));
    llm.max_position = file.integer_or(keys.max_position, defaults.max_position, 1, max_tokens);
}

namespace {

std::vector<int> read_tokens(const JsonObject& file, const std::string& key, int vocabulary) {
    std::vector<int> ids;
    if (!file.has(key)) return ids;
    const json& value = file.at(key);
    const json list = value.is_array() ? value : json::array({value});
    for (const json& id : list) {
        if (!id.is_number_integer() || id < 0 || id >= vocabulary)
            file.fail(key, "is not a token (allowed: 0 to " + std::to_string(vocabulary - 1) + ")");
        ids.push_back(id.get<int>());
    }
    return ids;
}

}  // namespace

void read_bos_eos(const JsonObject& file, LlmConfig& llm) {
    llm.bos_tokens = read_tokens(file, "bos_token_id", llm.vocabulary);
    llm.eos_tokens = read_tokens(file, "eos_token_id", llm.vocabulary);
}

void check_choice(const JsonObject& file, const std::string& key, const std::vector<std::string>& allowed) {
    if (file.has(key)) file.choice(key, allowed);
}

void check_boolean(const JsonObject& file, const std::string& key, bool wanted) {
    if (file.boolean_or(key, wanted) != wanted)
        file.fail(key, std::string("is not supported (allowed: ") + (wanted ? "true)" : "false)"));
}

void read_windows(const JsonObject& file, LlmConfig& llm, int64_t window_tokens,
                  const std::function<bool(int)>& otherwise) {
    if (window_tokens == 0) return;
    std::vector<bool> windowed;
    if (file.has("layer_types")) {
        const json& list = file.at("layer_types");
        if (!list.is_array() || int(list.size()) != llm.layers)
            file.fail("layer_types", "is not a list of " + std::to_string(llm.layers) + " layers");
        for (const json& type : list) {
            if (type != "full_attention" && type != "sliding_attention")
                file.fail("layer_types", "names an unknown type of layer (allowed: full_attention, sliding_attention)");
            windowed.push_back(type == "sliding_attention");
        }
    } else {
        for (int layer = 0; layer < llm.layers; ++layer) windowed.push_back(otherwise(layer));
    }
    const auto count = std::count(windowed.begin(), windowed.end(), true);
    if (count == 0) return;
    llm.sliding_window_tokens = window_tokens;
    if (count < llm.layers) llm.windowed = windowed;
}

void read_switched_windows(const JsonObject& file, LlmConfig& llm, int64_t first) {
    if (!file.boolean_or("use_sliding_window", false)) return;
    const int64_t window = file.integer_or("sliding_window", 4096, 1, max_tokens);
    read_windows(file, llm, window, [&](int layer) { return layer >= first; });
}

void read_experts(const JsonObject& file, LlmConfig& llm, const ExpertKeys& keys) {
    llm.moe.experts = int(file.integer(keys.experts, 1, max_experts));
    llm.moe.active = int(file.integer(keys.active, 1, llm.moe.experts));
    llm.moe.ffn = int(file.integer(keys.ffn, 1, max_expert_ffn));
}

void write_key(json& file, const char* key, bool value) { file[key] = value; }
void write_key(json& file, const char* key, int value) { file[key] = value; }
void write_key(json& file, const char* key, int64_t value) { file[key] = value; }
void write_key(json& file, const char* key, double value) { file[key] = value; }
void write_key(json& file, const char* key, const char* value) { file[key] = value; }

void write_architecture(const Architecture& architecture, json& file) {
    file["architectures"] = json::array({architecture.name});
    file["model_type"] = architecture.model_type;
}

void write_bos_eos(const LlmConfig& llm, json& file) {
    if (!llm.bos_tokens.empty()) file["bos_token_id"] = llm.bos_tokens;
    if (!llm.eos_tokens.empty()) file["eos_token_id"] = llm.eos_tokens;
}

void write_shape(const LlmConfig& llm, const ShapeKeys& keys, json& file) {
    file[keys.layers] = llm.layers;
    file[keys.hidden] = llm.hidden;
    file[keys.heads] = llm.heads;
    if (keys.kv_heads != nullptr) file[keys.kv_heads] = llm.kv_heads;
    if (keys.head_dim != nullptr) file[keys.head_dim] = llm.head_dim;
    if (keys.ffn != nullptr) file[keys.ffn] = llm.ffn;
    file[keys.vocabulary] = llm.vocabulary;
    file[keys.max_position] = llm.max_position;
}

void write_standard(const LlmConfig& llm, const ShapeKeys& keys, json& file) {
    write_shape(llm, keys, file);
    file["rms_norm_eps"] = llm.rms_norm_eps;
    file["tie_word_embeddings"] = llm.tied_head;
    write_rope(llm.rope, file);
    write_bos_eos(llm, file);
}

void write_windows(const LlmConfig& llm, json& file) {
    if (llm.sliding_window_tokens == 0) return;
    file["sliding_window"] = llm.sliding_window_tokens;
    write_layer_types(llm, file);
}

void write_layer_types(const LlmConfig& llm, json& file) {
    json types = json::array();
    for (int layer = 0; layer < llm.layers; ++layer)
        types.push_back(llm.window(layer) != 0 ? "sliding_attention" : "full_attention");
    file["layer_types"] = types;
}

void write_switched_windows(const LlmConfig& llm, json& file) {
    file["use_sliding_window"] = llm.sliding_window_tokens != 0;
    write_windows(llm, file);
}

void write_experts(const LlmConfig& llm, const ExpertKeys& keys, json& file) {
    file[keys.experts] = llm.moe.experts;
    file[keys.active] = llm.moe.active;
    file[keys.ffn] = llm.moe.ffn;
}

}  // namespace superlane::families
