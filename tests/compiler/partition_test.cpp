// SPDX-License-Identifier: Apache-2.0
// Cuts into stages: contiguous, complete, fitting, and balanced.
#include "compiler/partition.hpp"

#include <gtest/gtest.h>

using namespace superlane;
using namespace superlane::compiler;

namespace {

LlmConfig of_layers(int layers) {
    LlmConfig config = find_llm("llama-2-7b");
    config.layers = layers;
    return config;
}

/// Sizes in units that are easy to count: a chip of 100 bytes of which 10 are taken at once.
BlockSizes sizes() {
    BlockSizes sizes;
    sizes.attention = {20, 5};
    sizes.ffn = {30, 10};
    sizes.embedding = {5, 0};
    sizes.head = {35, 20};
    sizes.fixed_bytes = 10;
    sizes.chip_bytes = 100;
    return sizes;
}

int64_t bytes_of(const StageBlocks& stage) {
    const BlockSizes s = sizes();
    int64_t bytes = s.fixed_bytes + (stage.embedding ? s.embedding.bytes : 0) + (stage.head ? s.head.bytes : 0);
    for (int block = stage.first_block; block < stage.first_block + stage.blocks; ++block)
        bytes += block % 2 == 0 ? s.attention.bytes : s.ffn.bytes;
    return bytes;
}

}  // namespace

TEST(Partition, PartsAreBlocksOfTheirOwn) {
    const LlmConfig config = of_layers(2);
    BlockSizes parts = sizes();
    parts.ffn = {70, 10};
    parts.parts.ffn = 3;
    parts.head_parts = 2;
    EXPECT_EQ(model_blocks(config, parts.parts).size(), 8u);
    // The embedding with an attention; three parts; an attention with a part; two parts; the head.
    const auto cut = divide_blocks(config, parts, least_stages(config, parts, 0), 0);
    int next = 0, head = 0;
    for (const StageBlocks& stage : cut) {
        EXPECT_EQ(stage.first_block, next);
        next += stage.blocks;
        if (!stage.head) continue;
        EXPECT_EQ(stage.head_part.first, head);
        EXPECT_EQ(stage.head_part.of, 2);
        head = stage.head_part.last;
    }
    EXPECT_EQ(next, 8);
    EXPECT_EQ(head, 2);
    EXPECT_EQ(cut.size(), 8u);
}

TEST(Partition, AStageHasPartsOfOneMixtureOnly) {
    LlmConfig config = find_llm("mixtral-8x7b");
    config.layers = 2;
    BlockSizes small = sizes();
    small.attention = small.ffn = small.embedding = small.head = {1, 1};
    EXPECT_EQ(least_stages(config, small, 0), 1);
    small.parts.ffn = 2;
    EXPECT_EQ(least_stages(config, small, 0), 2);
}

TEST(Partition, StagesFollowEachOtherAndFit) {
    const LlmConfig config = of_layers(6);
    const int least = least_stages(config, sizes(), 0);
    for (int stages = least; stages <= 12; ++stages) {
        const auto cut = divide_blocks(config, sizes(), stages, 0);
        ASSERT_EQ(cut.size(), size_t(stages));
        int next = 0;
        for (const StageBlocks& stage : cut) {
            EXPECT_EQ(stage.first_block, next);
            EXPECT_GE(stage.blocks, stage.head ? 0 : 1);
            EXPECT_EQ(stage.embedding, next == 0);
            next += stage.blocks;
            EXPECT_EQ(stage.head, &stage == &cut.back());
            EXPECT_LE(bytes_of(stage), 100);
        }
        EXPECT_EQ(next, 12);
    }
}

TEST(Partition, TheLeastStagesAreTheLeast) {
    const LlmConfig config = of_layers(6);
    // 90 bytes a stage: an attention, an FFN and an attention are 70, a second FFN no longer fits; the head's 35 leave
    // room for one block or an attention and an FFN.
    EXPECT_EQ(least_stages(config, sizes(), 0), 5);
    EXPECT_TRUE(divide_blocks(config, sizes(), 4, 0).empty());
    EXPECT_TRUE(divide_blocks(config, sizes(), 14, 0).empty()) << "there are 12 blocks and a head";
}

TEST(Partition, SlackAndTooLargeBlocksAreRefused) {
    const LlmConfig config = of_layers(2);
    EXPECT_GT(least_stages(config, sizes(), 0.2), least_stages(config, sizes(), 0));
    EXPECT_EQ(least_stages(config, sizes(), 0.65), 0) << "an FFN and what is fixed take 40 of 35";
}

TEST(Partition, TheLongestStageIsAsShortAsCanBe) {
    BlockSizes roomy = sizes();
    roomy.chip_bytes = 1'000'000;
    // 6 layers of 15 cycles and a head of 20: after 4 layers (60) follow 50 cycles; after an FFN less, 50 and 60; any
    // other cut has a longer stage. In three: 40, 35 and 35.
    const auto two = divide_blocks(of_layers(6), roomy, 2, 0);
    ASSERT_EQ(two.size(), 2u);
    EXPECT_TRUE(two[0].blocks == 8 || two[0].blocks == 7) << two[0].blocks;
    const auto three = divide_blocks(of_layers(6), roomy, 3, 0);
    ASSERT_EQ(three.size(), 3u);
    EXPECT_EQ(three[2].blocks, 2) << "the head counts";
}
