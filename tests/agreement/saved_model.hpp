// SPDX-License-Identifier: Apache-2.0
// A random model of any family as a checkpoint on disk.
#pragma once
#include "tests/agreement/models.hpp"

namespace superlane::test {

/// Random weights of the shape, in a folder that lives as long as this.
class SavedModel {
public:
    SavedModel(const LlmConfig& shape, uint64_t seed) : SavedModel(shape, random_weights(shape, seed)) {}
    SavedModel(const LlmConfig& shape, const LlmWeights& weights)
        : folder_(std::filesystem::path(testing::TempDir()) /
                  ("superlane_" + shape.name + "_" + std::to_string(getpid()))) {
        save_checkpoint(shape, weights, folder_);
    }
    ~SavedModel() { std::filesystem::remove_all(folder_); }
    experiment::DecodeOptions options(const std::string& dtype) const {
        experiment::DecodeOptions options = tiny_options(dtype, 5);
        options.model = folder_.string();
        options.prompts.clear();
        options.prompt_ids = {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}};
        options.compare = true;
        return options;
    }

private:
    std::filesystem::path folder_;
};

}  // namespace superlane::test
