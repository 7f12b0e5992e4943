// SPDX-License-Identifier: Apache-2.0
// What an LLM is: its shape and constants, read from a Hugging Face config.json, and the list of its tensors.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/llm_features.hpp"

namespace superlane {

enum class RopeType { none, linear, dynamic, llama3, yarn };

/// Rotary position embedding; names as in the Hugging Face `rope_scaling` object. See models/rope.hpp.
struct RopeConfig {
    RopeType type = RopeType::none;
    double theta = 10000.0;             ///< base of the geometric series of wavelengths
    double factor = 1.0;                ///< context stretch, ratio
    double low_freq_factor = 1.0;       ///< llama3: wavelengths above original / this are stretched
    double high_freq_factor = 4.0;      ///< llama3: wavelengths below original / this are kept
    double beta_fast = 32.0;            ///< yarn: rotations within the original context that are kept
    double beta_slow = 1.0;             ///< yarn: rotations within the original context that are stretched
    double attention_factor = 0.0;      ///< yarn: scale of cos and sin, ratio; 0 = derived from factor
    double mscale = 0.0;                ///< yarn: 0 = absent
    double mscale_all_dim = 0.0;        ///< yarn: 0 = absent
    bool truncate = true;               ///< yarn: round the bounds of the ramp to whole dimensions
    bool interleaved = false;           ///< element 2i turns with 2i + 1, not i with i + half
    int64_t original_max_position = 0;  ///< tokens; llama3, yarn
    int64_t context_tokens = 0;         ///< dynamic: context at load time, tokens; 0 = max_position
    bool operator==(const RopeConfig&) const = default;
};

struct LlmConfig {
    std::string name;                 ///< short name or last part of the directory
    std::string family;               ///< row of the table in models/families/family.cpp: keys and tensor names
    std::filesystem::path directory;  ///< where checkpoint and tokenizer lie; empty for a shape without weights
    int layers = 0;
    int hidden = 0;            ///< elements of the residual row
    int heads = 0;             ///< query heads
    int kv_heads = 0;          ///< key and value heads; divides heads
    int head_dim = 0;          ///< elements of a query or key head; even with RoPE
    int ffn = 0;               ///< elements of the dense FFN's inner row; 0 when every layer is a mixture of experts
    int vocabulary = 0;        ///< tokens
    int64_t max_position = 0;  ///< tokens
    int64_t sliding_window_tokens = 0;  ///< attention sees at most this many last tokens; 0 = all
    std::vector<bool> windowed;         ///< by layer: whether the window holds; empty = in every layer
    NormKind norm = NormKind::rms;
    double rms_norm_eps = 1e-6;  ///< of every norm, whatever its kind, but MLA's
    PositionKind position = PositionKind::rope;
    int position_offset = 0;  ///< learned: row of the table for the first token
    RopeConfig rope;
    Activation activation = Activation::silu;
    double activation_limit = 0.0;  ///< clamped_swiglu
    bool gated_ffn = true;          ///< down(act(gate(h)) * up(h)), else down(act(up(h)))
    bool tied_head = false;         ///< the head is the embedding table
    bool attention_bias = false;    ///< q, k, v, o projections have biases (MLA: only those of the latent rows, and o)
    bool qkv_bias = false;          ///< q, k, v projections have biases, o has none
    bool mlp_bias = false;          ///< gate, up, down projections have biases, those of experts too
    bool norm_bias = false;         ///< norms have biases
    bool sandwich_norms = false;    ///< attention and FFN are normed again before they are added to the residual row
    bool qk_norm = false;           ///< RMS norm of each q and k head before RoPE, one gain row for all heads
    bool attention_sinks = false;   ///< a learned score a head takes part in the softmax, with a value of zero
    double clip_qkv = 0.0;          ///< q, k, v are clamped to +-this before RoPE; 0 = not
    double query_scale = 0.0;       ///< factor on the scores; 0 = 1 / sqrt(head_dim)
    double attention_soft_cap = 0.0;    ///< scores become cap * tanh(score / cap); 0 = not
    double embedding_multiplier = 1.0;  ///< factor on the embedding row
    double logit_multiplier = 1.0;      ///< factor on the logits
    MoeConfig moe;                      ///< moe.experts = 0: none
    MlaConfig mla;                      ///< mla.kv_lora = 0: ordinary attention
    std::string quantization;  ///< method by which the checkpoint's weights are quantised; empty = they are not
    std::vector<int> bos_tokens;        ///< ids; empty when the file names none
    std::vector<int> eos_tokens;        ///< ids; empty when the file names none

    int q_columns() const { return heads * head_dim; }      ///< outputs of the q projection
    int kv_columns() const { return kv_heads * head_dim; }  ///< outputs of the k and of the v projection (not MLA)
    int queries_per_kv() const { return heads / kv_heads; }
    bool has_mla() const { return mla.kv_lora > 0; }
    int value_dim() const { return has_mla() ? mla.v_dim : head_dim; }    ///< elements of a value head
    int attention_columns() const { return heads * value_dim(); }         ///< inputs of the o projection
    int rope_dim() const { return has_mla() ? mla.rope_dim : head_dim; }  ///< elements of a head that RoPE turns
    int cache_columns() const;                                            ///< elements a token adds in a layer
    double score_scale() const;                                           ///< query_scale, or its default
    bool has_qkv_bias() const { return attention_bias || qkv_bias; }
    bool has_o_bias() const { return attention_bias; }
    bool is_moe(int layer) const { return moe.experts > 0 && layer >= moe.first_dense_layers; }
    int64_t window(int layer) const;  ///< last tokens that attention of this layer sees; 0 = all
    bool operator==(const LlmConfig&) const = default;
};

/// A tensor of the checkpoint: Hugging Face name and shape, for most [elements] or [outputs, inputs].
struct TensorShape {
    std::string name;
    std::vector<int64_t> shape;
};

/// Every tensor of the model in checkpoint order; a tied head is not listed.
std::vector<TensorShape> tensor_shapes(const LlmConfig& config);

/// Parameters stored (a tied head counts once).
int64_t weight_parameters(const LlmConfig& config);
/// Parameters that one token reads in a decode step: every projection, router and the head, of the routed experts only
/// the active ones; not the embedding table, norms or biases.
int64_t projection_parameters(const LlmConfig& config);
/// Bytes of all stored parameters at this width.
double weight_bytes(const LlmConfig& config, double bytes_per_parameter);
/// Bytes of keys and values that one token adds, over all layers.
double kv_bytes_per_token(const LlmConfig& config, double bytes_per_element);

/// Reads a config.json. `file` is only for messages and for the name when `name` is empty.
/// Throws UserError: missing key, wrong type, value out of range, unknown architecture or scaling.
LlmConfig parse_llm_config(const nlohmann::json& object, const std::string& file, const std::string& name);
LlmConfig load_llm_config(const std::filesystem::path& config_file);
/// The same keys back: parse_llm_config(to_json(c)) equals c but for name, directory and rope.context_tokens.
nlohmann::json to_json(const LlmConfig& config);

/// A short name ("llama-2-7b": shape only, from llms/*.json of the data directory) or a directory with a config.json.
LlmConfig find_llm(const std::string& name_or_directory);
/// Short names, sorted.
std::vector<std::string> llm_names();

}  // namespace superlane
