// SPDX-License-Identifier: Apache-2.0
// Schedules of stages, checked by brute force: groups of chips, gateways that carry several shards, both exchanges.
#include <gtest/gtest.h>

#include "compiler/llama.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

LlmConfig small() {
    LlmConfig config;
    config.name = "small";
    config.family = "llama";
    config.layers = 2;
    config.heads = 8;
    config.kv_heads = 2;
    config.head_dim = 16;
    config.hidden = 200;
    config.ffn = 150;
    config.vocabulary = 300;
    config.max_position = 128;
    config.rms_norm_eps = 1e-5;
    return config;
}

struct Stage {
    int chips, blocks, first_block;
    Boundary in, out;
    bool int8, wide;
};

class Stages : public testing::TestWithParam<Stage> {};

}  // namespace

INSTANTIATE_TEST_SUITE_P(Options, Stages,
                         testing::Values(Stage{4, 2, 0, {}, {1, 1, 0}, false, false},
                                         Stage{4, 2, 1, {1, 2, 1}, {2, 4, 3}, true, false},
                                         Stage{8, 2, 0, {}, {1, 4, 2}, false, true},
                                         Stage{8, 1, 1, {4, 8, 5}, {1, 2, 0}, true, true},
                                         Stage{8, 2, 2, {1, 2, 1}, {}, false, false}));

TEST_P(Stages, NothingIsUsedTwice) {
    const Stage& stage = GetParam();
    const LlamaOptions options{.int8 = stage.int8,
                               .context = 64,
                               .batch = 2,
                               .embedding = stage.first_block == 0,
                               .head = stage.out.cables == 0,
                               .chips = stage.chips,
                               .first_block = stage.first_block,
                               .blocks = stage.blocks,
                               .in = stage.in,
                               .out = stage.out,
                               .wide_exchange = stage.wide};
    const LlamaCompiler compiler(models::load_chip("mini"), small(), options);
    const bool logits = options.head;
    EXPECT_NO_THROW(compiler.verify({{0, 5, false, logits}, {1, 9, false, logits}}));
    EXPECT_NO_THROW(compiler.verify({{0, 0}, {0, 1}, {0, 2}}, "random:3"));
}

/// Chips that each took their own logits might choose differently near a tie: one has them, the others receive them.
TEST(Router, OneChipOfAGroupDecidesForAll) {
    const auto programs = [](const LlmConfig& config) {
        const LlamaCompiler compiler(models::load_chip("mini"), config, {.context = 64, .chips = 2});
        return compiler.compile({{0, 5, false, true}}).programs.size();
    };
    LlmConfig config = small();
    EXPECT_EQ(programs(config), 1u);
    config.moe = {.experts = 4, .active = 2, .ffn = 72, .normalise = true};
    EXPECT_EQ(programs(config), 2u);
}
