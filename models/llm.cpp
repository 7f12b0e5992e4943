// SPDX-License-Identifier: Apache-2.0
// The tensors and counts of an LLM shape, and the search for a model by name or directory.
#include "models/llm.hpp"

#include "base/error.hpp"
#include "models/data_path.hpp"

namespace superlane {
namespace {

void add_attention(const LlmConfig& llm, const std::string& layer, std::vector<TensorShape>& list) {
    const int64_t d = llm.hidden, q = llm.q_columns(), kv = llm.kv_columns();
    list.push_back({layer + "input_layernorm.weight", {d}});
    list.push_back({layer + "self_attn.q_proj.weight", {q, d}});
    list.push_back({layer + "self_attn.k_proj.weight", {kv, d}});
    list.push_back({layer + "self_attn.v_proj.weight", {kv, d}});
    list.push_back({layer + "self_attn.o_proj.weight", {d, q}});
    if (!llm.attention_bias) return;
    list.push_back({layer + "self_attn.q_proj.bias", {q}});
    list.push_back({layer + "self_attn.k_proj.bias", {kv}});
    list.push_back({layer + "self_attn.v_proj.bias", {kv}});
    list.push_back({layer + "self_attn.o_proj.bias", {d}});
}

void add_ffn(const LlmConfig& llm, const std::string& layer, std::vector<TensorShape>& list) {
    const int64_t d = llm.hidden, f = llm.ffn;
    list.push_back({layer + "post_attention_layernorm.weight", {d}});
    list.push_back({layer + "mlp.gate_proj.weight", {f, d}});
    list.push_back({layer + "mlp.up_proj.weight", {f, d}});
    list.push_back({layer + "mlp.down_proj.weight", {d, f}});
    if (!llm.mlp_bias) return;
    list.push_back({layer + "mlp.gate_proj.bias", {f}});
    list.push_back({layer + "mlp.up_proj.bias", {f}});
    list.push_back({layer + "mlp.down_proj.bias", {d}});
}

}  // namespace

std::vector<TensorShape> tensor_shapes(const LlmConfig& llm) {
    std::vector<TensorShape> list{{"model.embed_tokens.weight", {llm.vocabulary, llm.hidden}}};
    for (int layer = 0; layer < llm.layers; ++layer) {
        const std::string prefix = "model.layers." + std::to_string(layer) + ".";
        add_attention(llm, prefix, list);
        add_ffn(llm, prefix, list);
    }
    list.push_back({"model.norm.weight", {llm.hidden}});
    if (!llm.tied_head) list.push_back({"lm_head.weight", {llm.vocabulary, llm.hidden}});
    return list;
}

int64_t weight_parameters(const LlmConfig& llm) {
    int64_t total = 0;
    for (const TensorShape& tensor : tensor_shapes(llm)) {
        int64_t elements = 1;
        for (const int64_t dimension : tensor.shape) elements *= dimension;
        total += elements;
    }
    return total;
}

int64_t projection_parameters(const LlmConfig& llm) {
    const int64_t attention = int64_t{llm.hidden} * (2 * llm.q_columns() + 2 * llm.kv_columns());
    const int64_t ffn = 3 * int64_t{llm.hidden} * llm.ffn;
    return llm.layers * (attention + ffn) + int64_t{llm.vocabulary} * llm.hidden;
}

double weight_bytes(const LlmConfig& llm, double bytes_per_parameter) {
    return double(weight_parameters(llm)) * bytes_per_parameter;
}

double kv_bytes_per_token(const LlmConfig& llm, double bytes_per_element) {
    return 2.0 * llm.layers * llm.kv_columns() * bytes_per_element;
}

std::vector<std::string> llm_names() { return data_names("llms"); }

LlmConfig find_llm(const std::string& name) {
    const std::filesystem::path directory(name);
    if (std::filesystem::is_directory(directory)) {
        if (std::filesystem::exists(directory / "config.json")) return load_llm_config(directory / "config.json");
        throw user_error("model '", name, "': the directory has no config.json");
    }
    const std::vector<std::string> known = llm_names();
    for (const std::string& candidate : known)
        if (candidate == name) return load_llm_config(data_path("llms/" + name + ".json"));
    std::string list;
    for (const std::string& candidate : known) list += (list.empty() ? "" : ", ") + candidate;
    throw user_error("model '", name, "': neither a directory nor a known name (known: ", list, ")",
                     nearest_hint(name, known));
}

}  // namespace superlane
