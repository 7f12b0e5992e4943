// SPDX-License-Identifier: Apache-2.0
// The list of a model's blocks.
#include "compiler/blocks.hpp"

namespace superlane::compiler {

std::vector<Block> model_blocks(const LlmConfig& config, const FfnParts& parts) {
    std::vector<Block> blocks;
    for (int layer = 0; layer < config.layers; ++layer)
        for (int part = -1; part < parts.of(config, layer); ++part) blocks.push_back({layer, part});
    return blocks;
}

}  // namespace superlane::compiler
