// SPDX-License-Identifier: Apache-2.0
// Weights of an LLM: loaded from a safetensors checkpoint, or seeded random ones for tests.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/llm.hpp"
#include "models/tensor.hpp"

namespace superlane {

/// Projections are [outputs, inputs]; norms and biases are [elements]. What the model does not have is empty().
/// An expert of a fused tensor is a view with strides: read it by Tensor::row and at, not by its bytes.
struct FfnWeights {
    Tensor gate, up, down;  ///< gate is empty() in an FFN that is not gated
    Tensor gate_bias, up_bias, down_bias;
};

/// The base is the dense FFN, empty() in a layer with experts.
struct LayerWeights : FfnWeights {
    Tensor attention_norm, attention_norm_bias;
    Tensor q, k, v, o;  ///< MLA has no k and v, and q only without a latent query row
    Tensor q_bias, k_bias, v_bias, o_bias;
    Tensor q_norm, k_norm;              ///< [head_dim]
    Tensor sinks;                       ///< [heads]
    Tensor q_a, q_a_bias, q_a_norm;     ///< MLA: [q_lora, hidden], [q_lora], [q_lora]
    Tensor q_b;                         ///< MLA: [heads * (nope + rope), q_lora]
    Tensor kv_a, kv_a_bias, kv_a_norm;  ///< MLA: [kv_lora + rope, hidden], [kv_lora + rope], [kv_lora]
    Tensor kv_b;                        ///< MLA: [heads * (nope + v_dim), kv_lora], a head's key rows before its values
    Tensor attention_post_norm;         ///< sandwich norm of the o projection's result
    Tensor ffn_norm, ffn_norm_bias;
    Tensor ffn_post_norm;             ///< sandwich norm of the FFN's result
    Tensor router, router_bias;       ///< [experts, hidden], [experts]
    Tensor router_correction;         ///< [experts]: added to the scores for the choice only
    std::vector<FfnWeights> experts;  ///< routed, by index
    FfnWeights shared;                ///< the expert that every token passes
};

struct LlmWeights {
    Tensor embedding;  ///< [vocabulary, hidden]
    Tensor positions;  ///< learned: [position_offset + max_position, hidden]
    std::vector<LayerWeights> layers;
    Tensor final_norm, final_norm_bias;   ///< [hidden]
    Tensor head;                          ///< [vocabulary, hidden]; the embedding itself when tied
    std::shared_ptr<const void> storage;  ///< keeps the bytes of every view alive; copies share it
};

/// Every tensor that the model has: those of the model, then layer by layer; a tied head is not repeated.
void for_each_tensor(const LlmConfig& config, const LlmWeights& weights,
                     const std::function<void(const Tensor&)>& visit);

/// A checkpoint's tensors by name, memory-mapped. `storage` keeps the mapping alive.
struct Checkpoint {
    std::string file;  ///< for messages: the safetensors file or the index
    std::map<std::string, Tensor> tensors;
    std::shared_ptr<const void> storage;
};

/// Opens model.safetensors, or the shards of model.safetensors.index.json. UserError on anything malformed.
Checkpoint open_checkpoint(const std::filesystem::path& directory);

/// Finds and checks every tensor of the model. UserError: missing (with nearest name), wrong shape, unknown tensor.
LlmWeights bind_weights(const LlmConfig& config, Checkpoint checkpoint);
LlmWeights load_weights(const LlmConfig& config, const std::filesystem::path& directory);
/// From config.directory; UserError when the model is a shape without weights.
LlmWeights load_weights(const LlmConfig& config);

/// Seeded random weights with scales that keep activations near one; byte-equal on every machine.
LlmWeights random_weights(const LlmConfig& config, uint64_t seed, Dtype dtype = Dtype::f32);

/// Writes config.json and model.safetensors (or, for shards > 1, shards with their index); makes the directory.
void save_checkpoint(const LlmConfig& config, const LlmWeights& weights, const std::filesystem::path& directory,
                     int shards = 1);

}  // namespace superlane
