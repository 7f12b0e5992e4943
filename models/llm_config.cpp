// SPDX-License-Identifier: Apache-2.0
// LlmConfig to and from a Hugging Face config.json; absent optional keys take that format's own defaults.
#include <array>

#include "base/error.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane {

using nlohmann::json;

namespace {

/// One row an architecture we can read; a new family is a row here and its tensors in tensor_shapes.
struct Architecture {
    const char* name;        ///< in "architectures"
    const char* model_type;  ///< for files without "architectures"
    const char* family;
    bool sliding_window;  ///< whether "sliding_window" has a meaning
};
constexpr std::array architectures{
    Architecture{"LlamaForCausalLM", "llama", "llama", false},
    Architecture{"MistralForCausalLM", "mistral", "llama", true},
};

struct RopeName {
    RopeType type;
    const char* name;
};
constexpr std::array rope_names{
    RopeName{RopeType::none, "default"},  RopeName{RopeType::linear, "linear"}, RopeName{RopeType::dynamic, "dynamic"},
    RopeName{RopeType::llama3, "llama3"}, RopeName{RopeType::yarn, "yarn"},
};

// Bounds that keep every product of dimensions inside 63 bits; far above any published model.
constexpr int64_t max_layers = 4096, max_hidden = 1 << 20, max_heads = 4096, max_head_dim = 4096, max_ffn = 1 << 22,
                  max_vocabulary = 1 << 24, max_tokens = int64_t{1} << 32;

const Architecture& find_architecture(const JsonObject& file) {
    const bool by_name = file.has("architectures");
    std::string wanted;
    if (by_name) {
        const json& list = file.at("architectures");
        if (!list.is_array() || list.empty() || !list[0].is_string())
            file.fail("architectures", "is not a list of names");
        wanted = list[0].get<std::string>();
    } else {
        wanted = file.text("model_type");
    }
    std::vector<std::string> known;
    for (const Architecture& row : architectures) {
        known.push_back(by_name ? row.name : row.model_type);
        if (known.back() == wanted) return row;
    }
    std::string allowed;
    for (const std::string& name : known) allowed += (allowed.empty() ? "" : ", ") + name;
    file.fail(by_name ? "architectures" : "model_type",
              "is an unknown architecture (allowed: " + allowed + ")" + nearest_hint(wanted, known));
}

RopeType rope_type(const JsonObject& scaling) {
    std::vector<std::string> allowed;
    for (const RopeName& row : rope_names) allowed.push_back(row.name);
    const std::string key = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
    const std::string name = scaling.choice(key, allowed);
    for (const RopeName& row : rope_names)
        if (name == row.name) return row.type;
    SUPERLANE_CHECK(false, name);
    return RopeType::none;
}

void read_llama3(const JsonObject& scaling, RopeConfig& rope) {
    rope.low_freq_factor = scaling.number("low_freq_factor", 1e-3, 1e6);
    rope.high_freq_factor = scaling.number("high_freq_factor", 1e-3, 1e6);
    if (rope.high_freq_factor <= rope.low_freq_factor) scaling.fail("high_freq_factor", "is not above low_freq_factor");
    rope.original_max_position = scaling.integer("original_max_position_embeddings", 1, max_tokens);
}

void read_yarn(const JsonObject& scaling, int64_t max_position, RopeConfig& rope) {
    rope.beta_fast = scaling.number_or("beta_fast", 32, 1e-3, 1e6);
    rope.beta_slow = scaling.number_or("beta_slow", 1, 1e-3, 1e6);
    if (rope.beta_fast < rope.beta_slow) scaling.fail("beta_fast", "is below beta_slow");
    rope.attention_factor = scaling.number_or("attention_factor", 0, 1e-3, 1e3);
    rope.mscale = scaling.number_or("mscale", 0, 0, 1e3);
    rope.mscale_all_dim = scaling.number_or("mscale_all_dim", 0, 0, 1e3);
    rope.truncate = scaling.boolean_or("truncate", true);
    rope.original_max_position = scaling.integer_or("original_max_position_embeddings", max_position, 1, max_tokens);
}

/// Older files have rope_theta beside rope_scaling; newer ones have both inside rope_parameters.
RopeConfig read_rope(const JsonObject& file, const LlmConfig& llm) {
    RopeConfig rope;
    rope.theta = file.number_or("rope_theta", 10000, 2, 1e12);
    const char* key = file.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
    if (!file.has(key)) return rope;
    const JsonObject scaling(file.at(key), file.where() + ": " + key);
    rope.theta = scaling.number_or("rope_theta", rope.theta, 2, 1e12);
    rope.type = rope_type(scaling);
    if (rope.type == RopeType::none) return rope;
    rope.factor = scaling.number("factor", 1, 1e6);
    if (rope.type == RopeType::llama3) read_llama3(scaling, rope);
    if (rope.type == RopeType::yarn) read_yarn(scaling, llm.max_position, rope);
    if (rope.type == RopeType::dynamic && llm.head_dim == 2) scaling.fail("factor", "needs a head_dim above 2");
    return rope;
}

void read_shape(const JsonObject& file, LlmConfig& llm) {
    llm.layers = int(file.integer("num_hidden_layers", 1, max_layers));
    llm.hidden = int(file.integer("hidden_size", 1, max_hidden));
    llm.heads = int(file.integer("num_attention_heads", 1, max_heads));
    llm.kv_heads = int(file.integer_or("num_key_value_heads", llm.heads, 1, llm.heads));
    if (llm.heads % llm.kv_heads != 0)
        file.fail("num_key_value_heads", "does not divide num_attention_heads " + std::to_string(llm.heads));
    if (!file.has("head_dim") && llm.hidden % llm.heads != 0)
        file.fail("num_attention_heads",
                  "does not divide hidden_size " + std::to_string(llm.hidden) + ", give head_dim");
    llm.head_dim = int(file.has("head_dim") ? file.integer("head_dim", 2, max_head_dim) : llm.hidden / llm.heads);
    if (llm.head_dim % 2 != 0)
        file.fail(file.has("head_dim") ? "head_dim" : "hidden_size",
                  "makes heads of " + std::to_string(llm.head_dim) + " elements (allowed: even, for RoPE)");
    if (llm.head_dim > max_head_dim) file.fail("hidden_size", "makes heads of more than 4096 elements");
    llm.ffn = int(file.integer("intermediate_size", 1, max_ffn));
    llm.vocabulary = int(file.integer("vocab_size", 1, max_vocabulary));
    llm.max_position = file.integer_or("max_position_embeddings", 2048, 1, max_tokens);
}

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

/// Keys that change the arithmetic in a way nobody here computes: better an error than wrong tokens.
void refuse_variants(const JsonObject& file) {
    if (file.has("quantization_config")) file.fail("quantization_config", "is not supported (allowed: absent)");
    if (file.number_or("partial_rotary_factor", 1, 0, 1) != 1) file.fail("partial_rotary_factor", "is not 1");
    if (file.has("hidden_act")) file.choice("hidden_act", {"silu"});
}

}  // namespace

LlmConfig parse_llm_config(const json& object, const std::string& file_name, const std::string& name) {
    const JsonObject file(object, file_name);
    const Architecture& architecture = find_architecture(file);
    refuse_variants(file);
    LlmConfig llm;
    llm.name = name.empty() ? file_name : name;
    llm.family = architecture.family;
    read_shape(file, llm);
    if (architecture.sliding_window) llm.sliding_window_tokens = file.integer_or("sliding_window", 0, 1, max_tokens);
    llm.rms_norm_eps = file.number_or("rms_norm_eps", 1e-6, 0, 1);
    llm.rope = read_rope(file, llm);
    llm.tied_head = file.boolean_or("tie_word_embeddings", false);
    llm.attention_bias = file.boolean_or("attention_bias", false);
    llm.mlp_bias = file.boolean_or("mlp_bias", false);
    llm.bos_tokens = read_tokens(file, "bos_token_id", llm.vocabulary);
    llm.eos_tokens = read_tokens(file, "eos_token_id", llm.vocabulary);
    return llm;
}

LlmConfig load_llm_config(const std::filesystem::path& config_file) {
    const bool in_directory = config_file.filename() == "config.json";
    const std::filesystem::path directory = std::filesystem::absolute(config_file).parent_path();
    const std::string name = (in_directory ? directory.filename() : config_file.stem()).string();
    LlmConfig llm = parse_llm_config(read_json_file(config_file), config_file.string(), name);
    if (in_directory) llm.directory = config_file.parent_path();
    return llm;
}

namespace {

json rope_to_json(const RopeConfig& rope) {
    json scaling;
    for (const RopeName& row : rope_names)
        if (row.type == rope.type) scaling["rope_type"] = row.name;
    scaling["factor"] = rope.factor;
    if (rope.type == RopeType::llama3) {
        scaling["low_freq_factor"] = rope.low_freq_factor;
        scaling["high_freq_factor"] = rope.high_freq_factor;
    }
    if (rope.original_max_position != 0) scaling["original_max_position_embeddings"] = rope.original_max_position;
    if (rope.type != RopeType::yarn) return scaling;
    scaling["beta_fast"] = rope.beta_fast;
    scaling["beta_slow"] = rope.beta_slow;
    scaling["truncate"] = rope.truncate;
    if (rope.attention_factor != 0) scaling["attention_factor"] = rope.attention_factor;
    if (rope.mscale != 0) scaling["mscale"] = rope.mscale;
    if (rope.mscale_all_dim != 0) scaling["mscale_all_dim"] = rope.mscale_all_dim;
    return scaling;
}

}  // namespace

json to_json(const LlmConfig& llm) {
    const bool window = llm.sliding_window_tokens != 0;
    json file = {{"architectures", json::array({window ? "MistralForCausalLM" : "LlamaForCausalLM"})},
                 {"model_type", window ? "mistral" : "llama"},
                 {"num_hidden_layers", llm.layers},
                 {"hidden_size", llm.hidden},
                 {"num_attention_heads", llm.heads},
                 {"num_key_value_heads", llm.kv_heads},
                 {"head_dim", llm.head_dim},
                 {"intermediate_size", llm.ffn},
                 {"vocab_size", llm.vocabulary},
                 {"max_position_embeddings", llm.max_position},
                 {"rms_norm_eps", llm.rms_norm_eps},
                 {"rope_theta", llm.rope.theta},
                 {"hidden_act", "silu"},
                 {"tie_word_embeddings", llm.tied_head},
                 {"attention_bias", llm.attention_bias},
                 {"mlp_bias", llm.mlp_bias}};
    if (window) file["sliding_window"] = llm.sliding_window_tokens;
    if (llm.rope.type != RopeType::none) file["rope_scaling"] = rope_to_json(llm.rope);
    if (!llm.bos_tokens.empty()) file["bos_token_id"] = llm.bos_tokens;
    if (!llm.eos_tokens.empty()) file["eos_token_id"] = llm.eos_tokens;
    return file;
}

}  // namespace superlane
