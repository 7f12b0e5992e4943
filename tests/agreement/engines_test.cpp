// SPDX-License-Identifier: Apache-2.0
// One decode, many ways: engines, data modes, schedulers, prefill widths and batches give the same cycles or values.
#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

class Engines : public testing::TestWithParam<std::string> {
protected:
    DecodeOptions options_ = tiny_options(GetParam(), 3);
};
INSTANTIATE_TEST_SUITE_P(Types, Engines, testing::Values("fp16", "int8"), [](const auto& info) { return info.param; });

TEST_P(Engines, FastIsKernel) {
    const DecodeResult fast = run_decode(options_);
    options_.engine = "kernel";
    const DecodeResult kernel = run_decode(options_);
    EXPECT_EQ(fast.cycles_per_token, kernel.cycles_per_token);
    EXPECT_EQ(fast.digest, kernel.digest);  // every program, cycle, token and logit
    EXPECT_EQ(fast.decode.vectors_read, kernel.decode.vectors_read);
    EXPECT_EQ(fast.decode.joules, kernel.decode.joules);
}

TEST_P(Engines, TimingOnlyTakesTheSameCycles) {
    const DecodeResult values = run_decode(options_);
    options_.timing_only = true;
    const DecodeResult timing = run_decode(options_);
    EXPECT_EQ(values.prefill_cycles, timing.prefill_cycles);
    EXPECT_EQ(values.cycles_per_token, timing.cycles_per_token);
    EXPECT_EQ(values.operators, timing.operators);
    EXPECT_EQ(values.decode.vectors_read, timing.decode.vectors_read);
    EXPECT_EQ(timing.texts, std::vector<std::string>{""});
}

TEST_P(Engines, SchedulersGiveTheSameValues) {
    options_.keep_logits = true;
    const DecodeResult asap = run_decode(options_);
    for (const char* scheduler : {"list", "random:1", "random:2"}) {
        options_.scheduler = scheduler;
        const DecodeResult other = run_decode(options_);
        EXPECT_EQ(asap.tokens, other.tokens) << scheduler;
        EXPECT_EQ(asap.logits, other.logits) << scheduler;
    }
}

TEST_P(Engines, TwoRunsAreEqual) { EXPECT_EQ(run_decode(options_).digest, run_decode(options_).digest); }

TEST_P(Engines, PrefillWidthChangesNoValue) {
    options_.keep_logits = true;
    const DecodeResult wide = run_decode(options_);
    options_.prefill_rows = 3;
    EXPECT_EQ(wide.logits, run_decode(options_).logits);
}

TEST_P(Engines, ABatchOfDifferentPromptsDecodesEachAsAlone) {
    const std::vector<std::string> prompts = {"The chip", "A stream is", "x"};
    options_.prompts = prompts;
    options_.compare = true;
    const DecodeResult batch = run_decode(options_);
    EXPECT_TRUE(batch.comparison->rounded.tokens_equal());
    for (size_t r = 0; r < prompts.size(); ++r) {
        options_.prompts = {prompts[r]};
        EXPECT_EQ(batch.tokens[r], run_decode(options_).tokens[0]) << prompts[r];
    }
}

TEST(Chips, OtherSizesTakeOtherCyclesToTheSameTokens) {
    DecodeOptions options = tiny_options("int8", 3);
    const DecodeResult first = run_decode(options);
    for (const char* change : {"mem.read=4", "vxm.op=4", "superlanes=16", "mem.slices_per_hemisphere=48"}) {
        options.chip = models::load_chip("tsp-v1", {change});
        const DecodeResult other = run_decode(options);
        EXPECT_EQ(first.tokens, other.tokens) << change;
        EXPECT_NE(first.cycles_per_token, other.cycles_per_token) << change;
    }
}
