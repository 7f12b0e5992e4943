// SPDX-License-Identifier: Apache-2.0
// Speculative decoding: the tokens of plain decoding whatever the draft proposes, and figures that add up.
#include <gmock/gmock.h>

#include "base/error.hpp"
#include "tests/agreement/system_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;
using testing::AllOf;
using testing::HasSubstr;

namespace {

constexpr uint64_t seed = 7;

/// The first layer of the model, with its embedding and head: proposes now and then what the whole model chooses.
RandomModel first_layer(const LlmConfig& shape) {
    LlmConfig draft = shape;
    draft.layers = 1;
    draft.name += "-first-layer";
    LlmWeights weights = random_weights(shape, seed);
    weights.layers.resize(1);
    return {draft, weights};
}

/// Past a block of 16 positions, in which values are transposed together.
DecodeOptions speculative(const std::string& model, const std::string& draft, int proposals, int tokens = 20) {
    DecodeOptions options;
    options.model = model;
    options.prompt_ids = {{3, 1, 4, 1, 5, 9}};
    options.tokens = tokens;
    options.context = 32;
    options.prefill_rows = 4;
    options.chip = models::load_chip("mini");
    options.speculation = {.draft = draft, .tokens = proposals};
    return options;
}

std::vector<int> plain_tokens(DecodeOptions options) {
    options.speculation = {};
    return run_decode(options).tokens[0];
}

}  // namespace

class Drafts : public testing::TestWithParam<std::tuple<const char*, int>> {};
INSTANTIATE_TEST_SUITE_P(TypesAndProposals, Drafts,
                         testing::Combine(testing::Values("fp16", "int8"), testing::Values(1, 5)));

TEST_P(Drafts, ThatAreOftenRefusedGiveTheTokensOfPlainDecoding) {
    const auto [dtype, proposals] = GetParam();
    const RandomModel model(eight_heads(4), seed), draft = first_layer(eight_heads(4));
    DecodeOptions options = speculative(model.directory(), draft.directory(), proposals);
    options.dtype = dtype;
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.tokens[0], plain_tokens(options));
    const SpeculationFigures& figures = *result.speculation;
    EXPECT_EQ(figures.tokens, 20);
    EXPECT_LT(figures.accepted, figures.proposed) << "no keys and values were written over";
    EXPECT_EQ(figures.accepted + figures.verifications(), figures.tokens);
    EXPECT_EQ(figures.draft_steps, figures.proposed);
}

TEST(Speculation, WithTheModelItselfForADraftAcceptsAllProposals) {
    const RandomModel model(eight_heads(4), seed);
    const DecodeResult result = run_decode(speculative(model.directory(), model.directory(), 4));
    const SpeculationFigures& figures = *result.speculation;
    EXPECT_EQ(figures.accepted, figures.proposed);
    EXPECT_EQ(figures.accepted_by_verification, (std::vector<int>{4, 4, 4, 4}));
    EXPECT_EQ(figures.tokens_per_verification(), 5);
}

TEST(Speculation, WithMoreProposalsThanRowsOfAProgramTakesSeveral) {
    const RandomModel model(eight_heads(4), seed);
    DecodeOptions options = speculative(model.directory(), model.directory(), 19);
    EXPECT_EQ(run_decode(options).speculation->accepted_by_verification, std::vector<int>{19});
}

TEST(Speculation, TakesTheSameCyclesWithAndWithoutValues) {
    const RandomModel model(eight_heads(4), seed);
    DecodeOptions options = speculative(model.directory(), model.directory(), 3, 9);
    const SpeculationFigures values = *run_decode(options).speculation;
    options.timing_only = true;
    options.speculation.acceptance = 1;
    const SpeculationFigures timing = *run_decode(options).speculation;
    EXPECT_EQ(timing.draft_cycles, values.draft_cycles);
    EXPECT_EQ(timing.verify_cycles, values.verify_cycles);
    EXPECT_EQ(timing.draft_prefill_cycles, values.draft_prefill_cycles);
    EXPECT_EQ(timing.plain_us, values.plain_us);
}

TEST(Speculation, DrawsAcceptanceFromTheSeedAlone) {
    const RandomModel model(eight_heads(4), seed);
    DecodeOptions options = speculative(model.directory(), model.directory(), 3, 12);
    options.timing_only = true;
    options.speculation.acceptance = 0;
    EXPECT_EQ(run_decode(options).speculation->verifications(), 12);
    options.speculation.acceptance = 0.6;
    const DecodeResult once = run_decode(options), again = run_decode(options);
    EXPECT_EQ(once.digest, again.digest);
    EXPECT_GT(once.speculation->accepted, 0);
    EXPECT_LT(once.speculation->accepted, once.speculation->proposed);
    options.speculation.seed = 2;
    EXPECT_NE(run_decode(options).speculation->accepted_by_verification, once.speculation->accepted_by_verification);
}

TEST(Speculation, OnASystemTheDraftStandsOnOtherChips) {
    const RandomModel model(eight_heads(4), seed), draft = first_layer(eight_heads(4));
    DecodeOptions options = speculative(model.directory(), draft.directory(), 3, 8);
    options.system = small_system(8);
    options.chip = options.system->chip;
    options.split = {2, 2};
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.tokens[0], plain_tokens(options));
    EXPECT_EQ(result.system->chips, 4);
    EXPECT_LE(result.speculation->draft_chips, 4);
    EXPECT_LT(result.speculation->accepted, result.speculation->proposed);
    const double host_us = 2 * options.system->pcie_latency_us;
    EXPECT_GT(result.speculation->verify_us, host_us * double(result.speculation->verifications()));
    options.split = {8, 1};
    EXPECT_THAT(complaint(options),
                AllOf(HasSubstr(", which takes 8 of 8 chips: "), HasSubstr("0 chips left have 0 B")));
}

TEST(Speculation, RefusesWhatMakesNoSense) {
    const RandomModel model(eight_heads(4), seed);
    LlmConfig other = eight_heads(4);
    other.vocabulary = 301;
    other.name = "other-words";
    const RandomModel draft(other, seed);
    const DecodeOptions good = speculative(model.directory(), model.directory(), 3, 3);
    const auto with = [&](auto change) {
        DecodeOptions options = good;
        change(options);
        return complaint(options);
    };
    EXPECT_THAT(with([&](auto& o) { o.speculation.draft = draft.directory(); }),
                AllOf(HasSubstr("its vocabulary has 301 tokens, that of model '"), HasSubstr("' 300")));
    EXPECT_THAT(with([](auto& o) { o.speculation.tokens = 0; }), HasSubstr("needs --speculate K"));
    EXPECT_THAT(with([](auto& o) { o.speculation.tokens = -1; }), HasSubstr("--speculate -1: must be from 1 to 64"));
    EXPECT_THAT(with([](auto& o) { o.speculation.draft = ""; }), HasSubstr("need --draft"));
    EXPECT_THAT(with([](auto& o) { o.speculation.dtype = "fp8"; }), HasSubstr("must be fp16 or int8"));
    EXPECT_THAT(with([](auto& o) { o.speculation.acceptance = 1.5; }),
                HasSubstr("--acceptance 1.5: must be from 0 to 1"));
    EXPECT_THAT(with([](auto& o) { o.speculation.acceptance = 0.5; }), HasSubstr("needs --timing-only"));
    EXPECT_THAT(with([](auto& o) { o.timing_only = true; }), HasSubstr("needs --acceptance P"));
    EXPECT_THAT(with([](auto& o) { o.batch = 2; }), HasSubstr("one request, not 2"));
    EXPECT_THAT(with([](auto& o) { o.speculation.draft = "llama-2-7b"; }), HasSubstr("its vocabulary has 32000"));
    EXPECT_THAT(with([](auto& o) {
                    o.timing_only = true;
                    o.layers = 1;
                    o.speculation.acceptance = 0.5;
                }),
                HasSubstr("leave out --layers"));
}
