// SPDX-License-Identifier: Apache-2.0
// The chip against the reference executor: 256 greedy tokens of the model that ships, and random models of random
// shapes.
#include "base/error.hpp"
#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

constexpr const char* prompts[] = {"The chip", "A stream carries", "# Licence\n"};

Comparison compared(const DecodeOptions& options) {
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.tokens[0].size(), size_t(options.tokens));
    return *result.comparison;
}

}  // namespace

class SlowReference : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Prompts, SlowReference, testing::ValuesIn(prompts),
                         [](const auto& info) { return std::to_string(info.index); });

TEST_P(SlowReference, Fp16TokensAreIdentical) {
    DecodeOptions options = tiny_options("fp16", 256);
    options.prompts = {GetParam()};
    options.compare = true;
    const Comparison comparison = compared(options);
    EXPECT_EQ(comparison.rounded.equal_choices, 256);
    EXPECT_LE(comparison.rounded.max_relative_difference, 1e-2);
    RecordProperty("max_relative_difference", std::to_string(comparison.rounded.max_relative_difference));
    RecordProperty("float32_max_relative_difference", std::to_string(comparison.exact.max_relative_difference));
    EXPECT_GE(comparison.exact.cosine, 0.999);
}

TEST_P(SlowReference, Int8StaysClose) {
    DecodeOptions options = tiny_options("int8", 256);
    options.prompts = {GetParam()};
    options.compare = true;
    const Comparison comparison = compared(options);
    EXPECT_GE(comparison.rounded.cosine, 0.99);
    EXPECT_GE(comparison.rounded.top1_share(), 0.95);
    EXPECT_GE(comparison.exact.mean_cosine(), 0.99);  // against float32: what int8 itself costs
    EXPECT_GE(comparison.exact.top1_share(), 0.95);
}

TEST(Reference, ShortRunsAgree) {
    for (const char* dtype : {"fp16", "int8"}) {
        DecodeOptions options = tiny_options(dtype, 6);
        options.compare = true;
        const Comparison comparison = compared(options);
        EXPECT_TRUE(comparison.rounded.tokens_equal()) << dtype;
        EXPECT_LE(comparison.rounded.max_relative_difference, 1e-2) << dtype;
    }
}

class RandomShapes : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomShapes, testing::Range(1, 9));

namespace {

DecodeOptions random_options(const RandomModel& model, int seed, const std::string& dtype) {
    DecodeOptions options = tiny_options(dtype, 4);
    options.model = model.directory();
    options.prompts.clear();
    options.prompt_ids = {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}};
    options.chip = models::load_chip(seed % 2 == 0 ? "mini" : "tsp-v1");
    options.compare = true;
    return options;
}

void expect_fp16(int seed) {
    const RandomModel model{uint64_t(seed)};
    SCOPED_TRACE(describe(model.shape));
    const Comparison comparison = compared(random_options(model, seed, "fp16"));
    EXPECT_TRUE(comparison.rounded.tokens_equal());
    EXPECT_LE(comparison.rounded.max_relative_difference, 1e-2);
}

// One value at a rounding boundary that falls the other way moves the next layer's values a little, so that more of
// them fall the other way: the worst to expect of int8 is the noise of quantization itself.
void expect_int8(int seed) {
    const RandomModel model{uint64_t(seed)};
    SCOPED_TRACE(describe(model.shape));
    const Comparison comparison = compared(random_options(model, seed, "int8"));
    EXPECT_GE(comparison.rounded.cosine, 0.99);
    EXPECT_GE(comparison.exact.mean_cosine(), 0.99);
}

}  // namespace

class SlowRandomShapes : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, SlowRandomShapes, testing::Range(9, 41));

TEST_P(SlowRandomShapes, AgreeInFp16) { expect_fp16(GetParam()); }
TEST_P(SlowRandomShapes, AgreeInInt8) { expect_int8(GetParam()); }
TEST_P(RandomShapes, AgreeInFp16) { expect_fp16(GetParam()); }
TEST_P(RandomShapes, AgreeInInt8) { expect_int8(GetParam()); }
