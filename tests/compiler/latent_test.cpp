// SPDX-License-Identifier: Apache-2.0
// Latent attention at full size: one block of DeepSeek-V3 on the eight chips of a node.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "compiler/llama.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

/// Only the attention of the first layer; the experts that later layers have do not matter to it.
LlmConfig deepseek() {
    LlmConfig config = find_llm("deepseek-v3");
    config.moe = {};
    return config;
}

constexpr LlamaOptions block{.int8 = true,
                             .context = 4096,
                             .prefill_rows = 1,
                             .embedding = false,
                             .head = false,
                             .chips = 8,
                             .first_block = 0,
                             .blocks = 1};

}  // namespace

TEST(LatentAttention, WeightsOfAChipAreItsHeadsAndTheWholeLatentProjections) {
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), deepseek(), block);
    const int64_t latent = 7168ll * (1536 + 512 + 64);
    const int64_t heads = 16 * (1536ll * 192 + 512ll * (128 + 128) + 128ll * 7168);
    EXPECT_GE(compiler.memory_use().weights, latent + heads);
    EXPECT_LE(compiler.memory_use().weights, (latent + heads) * 3 / 2);
}

TEST(LatentAttention, ABlockTakesNotMuchLongerThanItsWeightsAndItsLongestWay) {
    const models::Chip chip = models::load_chip("tsp-v1");
    const LlamaCompiler compiler(chip, deepseek(), block);
    const CompiledStep step = compiler.compile({{0, 4095}});
    const int64_t streaming = compiler.memory_use().weights / (64 * chip.lanes());  // 64 weight rows a cycle
    EXPECT_GE(step.cycles, streaming);
    EXPECT_LE(step.cycles, 4.5 * double(streaming));
    compiler.verify({{0, 4095}});
}

TEST(LatentAttention, AKeyTooWideForTheChipIsRefused) {
    try {
        LlamaCompiler(models::load_chip("mini"), deepseek(), block);
        FAIL();
    } catch (const UserError& error) {
        EXPECT_NE(std::string(error.what()).find("latent attention needs 288 lanes"), std::string::npos)
            << error.what();
    }
}
