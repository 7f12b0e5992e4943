// SPDX-License-Identifier: Apache-2.0
// Weights of an LLM: loaded from a safetensors checkpoint, or seeded random ones for tests.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/llm.hpp"
#include "models/tensor.hpp"

namespace superlane {

/// Projections are [outputs, inputs]; norms and biases are [elements]. Biases are empty() where the model has none.
struct LayerWeights {
    Tensor attention_norm, q, k, v, o;
    Tensor ffn_norm, gate, up, down;
    Tensor q_bias, k_bias, v_bias, o_bias, gate_bias, up_bias, down_bias;
};

struct LlmWeights {
    Tensor embedding;  ///< [vocabulary, hidden]
    std::vector<LayerWeights> layers;
    Tensor final_norm;                    ///< [hidden]
    Tensor head;                          ///< [vocabulary, hidden]; the embedding itself when tied
    std::shared_ptr<const void> storage;  ///< keeps the bytes of every view alive; copies share it
};

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
