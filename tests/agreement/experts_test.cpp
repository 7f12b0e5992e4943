// SPDX-License-Identifier: Apache-2.0
// Mixtures of experts: the router on the chip chooses whose weights are read, and tokens equal the reference's.
#include "tests/agreement/saved_model.hpp"
#include "tests/models/families_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

LlmConfig tiny_mixtral() {
    LlmConfig model;
    model.name = "tiny-mixtral";
    model.family = "mixtral";
    model.layers = 2;
    model.heads = 4;
    model.kv_heads = 2;
    model.head_dim = 16;
    model.hidden = 96;
    model.vocabulary = 300;
    model.max_position = 256;
    model.rms_norm_eps = 1e-5;
    model.moe = {.experts = 6, .active = 2, .ffn = 72, .normalise = true};
    return model;
}

void expect_agreement(const DecodeOptions& options) {
    const DecodeResult result = run_decode(options);
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
    EXPECT_GE(result.comparison->rounded.cosine, 0.99);
    if (options.dtype == "fp16") {
        EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
    }
}

}  // namespace

class Experts : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Types, Experts, testing::Values("fp16", "int8"), [](const auto& info) { return info.param; });

TEST_P(Experts, OneChip) { expect_agreement(SavedModel(tiny_mixtral(), 1).options(GetParam())); }

TEST_P(Experts, OnGroupsOfChipsAndInStages) {
    const SavedModel model(tiny_mixtral(), 1);
    struct Case {
        int chips, tp, pp, ep;
    };
    for (const Case& c : {Case{2, 2, 1, 1}, Case{4, 4, 1, 1}, Case{2, 2, 1, 2}, Case{4, 2, 2, 2}}) {
        SCOPED_TRACE(testing::Message() << "tp " << c.tp << " pp " << c.pp << " ep " << c.ep);
        DecodeOptions options = model.options(GetParam());
        options.system = models::one_node(options.chip, c.chips);
        options.split = {c.tp, c.pp, c.ep};
        expect_agreement(options);
    }
}

TEST(ExpertTies, TheLowerNumberWins) {
    const LlmConfig shape = tiny_mixtral();
    LlmWeights weights = random_weights(shape, 3);
    const std::vector<std::byte> zeros(size_t(shape.moe.experts * shape.hidden) * 4);
    for (LayerWeights& layer : weights.layers)
        layer.router.bytes = std::span(zeros).first(layer.router.bytes.size());  // all logits are equal
    expect_agreement(SavedModel(shape, weights).options("fp16"));
}

/// Families whose experts come with other features.
class ExpertFamilies : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Families, ExpertFamilies,
                         testing::Values("mixtral", "qwen3_moe", "dbrx", "grok1", "deepseek_v3", "gpt_oss"),
                         [](const auto& info) { return info.param; });

/// With a vocabulary that has the bytes, as a model without a tokenizer needs.
LlmConfig with_bytes(const std::string& family) {
    LlmConfig model = tiny_family(family);
    model.vocabulary = 300;
    return model;
}

TEST_P(ExpertFamilies, AgreeInHalf) { expect_agreement(SavedModel(with_bytes(GetParam()), 2).options("fp16")); }
TEST_P(ExpertFamilies, AgreeInInt8) { expect_agreement(SavedModel(with_bytes(GetParam()), 2).options("int8")); }
TEST_P(ExpertFamilies, AgreeOnTwoChips) {
    const SavedModel model(with_bytes(GetParam()), 2);
    DecodeOptions options = model.options("fp16");
    options.system = models::one_node(options.chip, 2);
    options.split = {2, 1, 1};
    expect_agreement(options);
}
