// SPDX-License-Identifier: Apache-2.0
// One layer of full-size models of several families on a group that holds it: it is laid out, compiled, and no schedule
// uses anything twice.
#include <gtest/gtest.h>

#include "compiler/llama.hpp"

using namespace superlane;
using namespace superlane::compiler;

struct FullSize {
    const char* model;
    bool int8;
    int chips;  ///< the least power of two that holds a layer
};

void PrintTo(const FullSize& size, std::ostream* out) { *out << size.model << (size.int8 ? " int8" : " fp16"); }

class SlowFullSize : public testing::TestWithParam<FullSize> {};
INSTANTIATE_TEST_SUITE_P(Models, SlowFullSize,
                         testing::Values(FullSize{"qwen3-8b", true, 2}, FullSize{"qwen3-8b", false, 2},
                                         FullSize{"gemma-7b", true, 2}, FullSize{"gemma-7b", false, 4},
                                         FullSize{"opt-13b", true, 2}, FullSize{"opt-13b", false, 4},
                                         FullSize{"qwen2.5-7b", true, 2}, FullSize{"qwen2.5-7b", false, 4}));

TEST_P(SlowFullSize, OneLayerCompiles) {
    const FullSize& size = GetParam();
    const LlamaOptions options{.int8 = size.int8,
                               .context = 512,
                               .embedding = false,
                               .head = false,
                               .chips = size.chips,
                               .first_block = 2,
                               .blocks = 2};
    const LlamaCompiler compiler(models::load_chip("tsp-v1"), find_llm(size.model), options);
    const std::vector<StepRow> rows = {{.request = 0, .position = 511}};
    EXPECT_NO_THROW(compiler.verify(rows));
    const CompiledStep step = compiler.compile(rows);
    EXPECT_GT(step.cycles, 1000);
    RecordProperty("cycles", std::to_string(step.cycles));
    RecordProperty("bytes", std::to_string(compiler.memory_use().total()));
}

/// Shapes of large models with all that their families add, but without experts.
TEST(SlowFeatures, EveryFeatureCompilesTogether) {
    LlmConfig model = find_llm("llama-2-13b");
    model.norm = NormKind::layer;
    model.norm_bias = model.sandwich_norms = model.qk_norm = model.attention_sinks = true;
    model.attention_bias = model.mlp_bias = true;
    model.activation = Activation::clamped_swiglu;
    model.activation_limit = 7;
    model.clip_qkv = 8;
    model.attention_soft_cap = 30;
    model.heads = 48;
    model.kv_heads = 8;
    model.hidden = 6144;
    for (const bool int8 : {true, false})
        for (const int chips : {4, 8}) {
            const LlamaOptions options{.int8 = int8,
                                       .context = 1024,
                                       .batch = 2,
                                       .embedding = false,
                                       .head = false,
                                       .chips = chips,
                                       .blocks = 2};
            const LlamaCompiler compiler(models::load_chip("tsp-v1"), model, options);
            const std::vector<StepRow> rows = {
                {.request = 0, .position = 700}, {.request = 0, .position = 701}, {.request = 1, .position = 9}};
            EXPECT_NO_THROW(compiler.verify(rows)) << int8 << ' ' << chips;
        }
}
