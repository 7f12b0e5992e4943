// SPDX-License-Identifier: Apache-2.0
// Errors of links are flagged and the step is replayed; dead nodes are mapped out. Tokens are those of a whole system.
#include <gmock/gmock.h>

#include "base/error.hpp"
#include "tests/agreement/system_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;
using testing::HasSubstr;

namespace {

class LinkErrors : public testing::Test {
protected:
    LinkErrors() { options_.keep_logits = true; }
    RandomModel model_{eight_heads(2), 5};
    DecodeOptions options_ = on_system(model_, 4, 4, 1, 3);
};

}  // namespace

TEST_F(LinkErrors, AStepIsReplayedAndNothingElseChanges) {
    const DecodeResult whole = run_decode(options_);
    EXPECT_EQ(whole.system->replayed_steps, 0);
    for (const char* error : {"0:0:0:0", "1:2:1:5", "2:3:2:30"}) {  // residual, partial sums, near the end
        options_.link_errors = {error};
        const DecodeResult result = run_decode(options_);
        EXPECT_EQ(result.tokens, whole.tokens) << error;
        EXPECT_EQ(result.logits, whole.logits) << error;
        EXPECT_EQ(result.cycles_per_token, whole.cycles_per_token) << error;
        EXPECT_EQ(result.system->replayed_steps, 1) << error;
        EXPECT_EQ(result.system->replay_cycles, whole.cycles_per_token[size_t(error[0] - '0')]) << error;
        EXPECT_NE(result.digest, whole.digest) << error;
    }
}

TEST_F(LinkErrors, SeveralStepsAndErrorsAreReplayedOnceAStep) {
    const DecodeResult whole = run_decode(options_);
    options_.link_errors = {"0:0:0:0", "0:1:1:3", "2:2:0:7"};
    const DecodeResult result = run_decode(options_);
    EXPECT_EQ(result.tokens, whole.tokens);
    EXPECT_EQ(result.logits, whole.logits);
    EXPECT_EQ(result.system->replayed_steps, 2);
    options_.keep_logits = false;
    options_.timing_only = true;
    EXPECT_EQ(run_decode(options_).system->replay_cycles, result.system->replay_cycles);
}

TEST_F(LinkErrors, OnesThatCannotHappenAreRefused) {
    const auto with = [&](const char* error) {
        options_.link_errors = {error};
        return complaint(options_);
    };
    EXPECT_THAT(with("0:0:0:99999"),
                HasSubstr("--link-error 0:0:0:99999: in that step the link carries no such vector"));
    EXPECT_THAT(with("3:0:0:0"), HasSubstr("step '3' must be a number from 0 to 2"));
    EXPECT_THAT(with("0:4:0:0"), HasSubstr("no usable chip 4 (allowed: 0 to 3"));
    EXPECT_THAT(with("0:0:99:0"), HasSubstr("link '99'"));
    EXPECT_THAT(with("0:0:0"), HasSubstr("must be STEP:CHIP:LINK:N"));
}

TEST(DeadChips, TheirNodesAreMappedOutAndTokensStay) {
    const RandomModel model(eight_heads(8), 9);
    DecodeOptions options = on_system(model, 24, 8, 2);
    const models::System whole = *options.system;
    options.keep_logits = true;
    const DecodeResult all = run_decode(options);
    for (const int dead : {3, 9, 17}) {  // 9: the other cables, two nodes on
        options.system = models::without(whole, {dead});
        options.chip_numbers = models::usable_chips(whole, {dead});
        const DecodeResult rest = run_decode(options);
        EXPECT_EQ(rest.tokens, all.tokens) << dead;
        EXPECT_EQ(rest.logits, all.logits) << dead;
    }
    options.link_errors = {"0:17:0:0"};
    EXPECT_THAT(complaint(options), HasSubstr("has no usable chip 17"));
}
