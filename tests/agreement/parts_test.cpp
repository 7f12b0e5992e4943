// SPDX-License-Identifier: Apache-2.0
// FFNs, mixtures and heads in parts over successive stages: the reference's tokens, whatever the parts.
#include "base/error.hpp"
#include "tests/agreement/saved_model.hpp"
#include "tests/agreement/system_support.hpp"
#include "tests/models/families_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

struct PartsCase {
    int chips, tp, pp, ffn_parts, head_parts, batch;
    const char* dtype;
    bool wide;
};

std::string parts_case_name(const testing::TestParamInfo<PartsCase>& info) {
    const PartsCase& s = info.param;
    return std::to_string(s.chips) + "ChipsTp" + std::to_string(s.tp) + "Pp" + std::to_string(s.pp) + "Ffn" +
           std::to_string(s.ffn_parts) + "Head" + std::to_string(s.head_parts) + s.dtype + "Batch" +
           std::to_string(s.batch) + (s.wide ? "Wide" : "");
}

/// On two chips a share of several vectors of the mini chip's 64 lanes, the last partly filled.
LlmConfig wide_ffn() {
    LlmConfig model = eight_heads(4);
    model.name = "wide-ffn";
    model.layers = 2;
    model.ffn = 530;
    model.vocabulary = 1100;
    return model;
}

}  // namespace

class Parts : public testing::TestWithParam<PartsCase> {};
INSTANTIATE_TEST_SUITE_P(Systems, Parts,
                         testing::Values(PartsCase{8, 2, 4, 3, 1, 1, "fp16", false},
                                         PartsCase{24, 2, 9, 3, 1, 2, "fp16", false},
                                         PartsCase{24, 4, 6, 2, 2, 1, "int8", true},
                                         PartsCase{32, 8, 4, 2, 2, 2, "fp16", true}),
                         parts_case_name);

TEST_P(Parts, GiveTheReferencesTokens) {
    const PartsCase& s = GetParam();
    const RandomModel model(wide_ffn(), uint64_t(s.chips + s.tp));
    DecodeOptions options = on_system(model, s.chips, s.tp, s.pp);
    options.split.ffn_parts = s.ffn_parts;
    options.split.head_parts = s.head_parts;
    options.dtype = s.dtype;
    options.wide_exchange = s.wide;
    if (s.batch == 2) options.prompt_ids.push_back({2, 7, 1});
    options.compare = true;
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.system->split, (Split{s.tp, s.pp, 1, s.ffn_parts, s.head_parts}));
    EXPECT_GE(result.comparison->rounded.cosine, 0.99);
    if (options.dtype != std::string("fp16")) return;
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
    EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
}

TEST(PartsOfOneModel, SeveralBatchesAreInFlight) {
    const RandomModel model(wide_ffn(), 7);
    DecodeOptions options = on_system(model, 24, 4, 6);
    options.split.ffn_parts = options.split.head_parts = 2;
    options.prompt_ids = {{3, 1, 4}, {2, 7, 1}};
    options.in_flight = 2;
    options.compare = true;
    const DecodeResult result = run_decode(options);
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
    EXPECT_EQ(result.system->requests_in_flight, 2);
}

TEST(PartsOfOneModel, OfMixturesHaveTheirExperts) {
    for (const std::string family : {"mixtral", "qwen3_moe", "dbrx", "grok1", "deepseek_v3", "gpt_oss"}) {
        SCOPED_TRACE(family);
        LlmConfig shape = tiny_family(family);
        shape.vocabulary = 300;
        const SavedModel model(shape, 2);
        DecodeOptions options = model.options("fp16");
        options.system = models::one_node(options.chip, 8);
        options.split = {.tp = 2, .pp = 4, .ffn_parts = 2};
        const DecodeResult result = run_decode(options);
        EXPECT_EQ(result.system->split.ffn_parts, 2);
        EXPECT_TRUE(result.comparison->rounded.tokens_equal());
        EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
    }
}

TEST(PartsOfOneModel, TimingEqualsFunctionalAndTheKernelEngine) {
    const RandomModel model(wide_ffn(), 5);
    DecodeOptions options = on_system(model, 8, 2, 4, 1);
    options.split.ffn_parts = 3;
    const DecodeResult values = run_decode(options);
    options.engine = "kernel";
    EXPECT_EQ(run_decode(options).digest, values.digest);
    options.engine = "fast";
    options.timing_only = true;
    for (const bool share : {true, false}) {
        options.share = share;
        const DecodeResult timing = run_decode(options);
        EXPECT_EQ(timing.cycles_per_token, values.cycles_per_token);
        EXPECT_EQ(timing.system->c2c_bytes, values.system->c2c_bytes);
    }
}

/// Sets of a group's chips, and the stages, each with their share of the six experts.
TEST(PartsOfOneModel, AndExpertsDealtInAGroup) {
    LlmConfig shape = tiny_family("qwen3_moe");
    shape.vocabulary = 300;
    const SavedModel model(shape, 3);
    DecodeOptions options = model.options("fp16");
    options.system = models::one_node(options.chip, 8);
    options.split = {.tp = 2, .pp = 4, .ep = 2, .ffn_parts = 2};
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.system->split, (Split{2, 4, 2, 2, 1}));
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
}

TEST(PartsOfOneModel, AreAtMostWhatAChipHas) {
    const RandomModel model(wide_ffn(), 5);
    const auto complaint = [&](Split split) {
        DecodeOptions options = on_system(model, 8, 2, 0, 1);
        options.split = split;
        try {
            run_decode(options);
        } catch (const UserError& error) {
            return std::string(error.what());
        }
        return std::string("none");
    };
    EXPECT_NE(complaint({.tp = 2, .ffn_parts = 6})
                  .find("ffn_parts 6: the vectors of an FFN's columns of a chip in a "
                        "group of 2"),
              std::string::npos);
    EXPECT_NE(complaint({.tp = 2, .head_parts = 10}).find("(allowed: 1 to 9)"), std::string::npos);
    EXPECT_NE(complaint({.tp = 1, .ffn_parts = 2}).find("parts are for groups of several chips, not tp 1"),
              std::string::npos);
}

/// Half the weights on either stage, read at the same time.
TEST(PartsOfOneModel, WorkAtTheSameTime) {
    LlmConfig shape = eight_heads(8);
    shape.name = "large-ffn";
    shape.layers = 1;
    shape.ffn = 6000;
    const RandomModel model(shape, 6);
    DecodeOptions options = on_system(model, 8, 2, 0, 1);
    options.timing_only = true;
    options.split = {.tp = 2, .pp = 3};
    const int64_t whole = run_decode(options).cycles_per_token[0];
    options.split.ffn_parts = 2;
    EXPECT_LT(run_decode(options).cycles_per_token[0], whole);
}
