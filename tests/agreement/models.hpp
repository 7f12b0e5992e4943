// SPDX-License-Identifier: Apache-2.0
// Models that the agreement tests decode: the one that ships, and random ones of random small shapes.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>

#include "base/error.hpp"
#include "experiment/decode.hpp"
#include "models/checkpoint.hpp"

namespace superlane::test {

inline const std::string tiny_llama = SUPERLANE_SOURCE_DIR "/examples/tiny-llama";

inline experiment::DecodeOptions tiny_options(const std::string& dtype, int tokens) {
    experiment::DecodeOptions options;
    options.model = tiny_llama;
    options.prompts = {"The chip"};
    options.dtype = dtype;
    options.tokens = tokens;
    options.chip = models::load_chip("tsp-v1");
    return options;
}

/// What a decode that is refused says.
inline std::string complaint(const experiment::DecodeOptions& options) {
    try {
        experiment::run_decode(options);
    } catch (const UserError& error) {
        return error.what();
    }
    ADD_FAILURE() << "taken";
    return "";
}

inline std::string describe(const LlmConfig& model) {
    return "hidden " + std::to_string(model.hidden) + ", heads " + std::to_string(model.heads) + "/" +
           std::to_string(model.kv_heads) + " of " + std::to_string(model.head_dim) + ", ffn " +
           std::to_string(model.ffn) + ", vocabulary " + std::to_string(model.vocabulary) + ", layers " +
           std::to_string(model.layers) + (model.tied_head ? ", tied" : "");
}

/// Odd sizes on purpose. std::mt19937_64 is the same everywhere; distributions are not, so remainders do.
inline LlmConfig random_shape(uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto from = [&](int low, int high) { return low + int(random() % uint64_t(high - low + 1)); };
    LlmConfig model;
    model.name = "random-" + std::to_string(seed);
    model.family = "llama";
    model.layers = from(1, 2);
    model.kv_heads = from(1, 3);
    model.heads = model.kv_heads * from(1, 4);
    model.head_dim = 2 * from(4, 24);
    model.hidden = from(20, 400);
    model.ffn = from(20, 500);
    model.vocabulary = from(256, 700);
    model.max_position = 128;
    model.rms_norm_eps = 1e-5;
    model.tied_head = from(0, 1) == 1;
    return model;
}

/// A checkpoint of random weights in a folder that lives as long as this.
class RandomModel {
public:
    explicit RandomModel(uint64_t seed) : RandomModel(random_shape(seed), seed) {}
    RandomModel(const LlmConfig& shape_, uint64_t seed) : RandomModel(shape_, random_weights(shape_, seed)) {}
    RandomModel(const LlmConfig& shape_, const LlmWeights& weights) : shape(shape_) {
        folder_ =
            std::filesystem::path(testing::TempDir()) / ("superlane_" + shape.name + "_" + std::to_string(getpid()));
        save_checkpoint(shape, weights, folder_);
    }
    ~RandomModel() { std::filesystem::remove_all(folder_); }
    std::string directory() const { return folder_.string(); }
    const LlmConfig shape;

private:
    std::filesystem::path folder_;
};

}  // namespace superlane::test
