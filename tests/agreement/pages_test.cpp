// SPDX-License-Identifier: Apache-2.0
// Requests of different lengths whose pages of keys and values stand between each other's, and prefill steps of more
// rows than wait in a receive FIFO: the reference's tokens.
#include "tests/agreement/system_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

/// Eight heads, and room for more than one page of the small chip's 64 tokens.
LlmConfig long_context() {
    LlmConfig model = eight_heads(2);
    model.layers = 2;
    model.max_position = 256;
    return model;
}

std::vector<int> prompt(int length, int seed) {
    std::vector<int> tokens;
    for (int i = 0; i < length; ++i) tokens.push_back((7 * i * i + 11 * i + seed) % 256);
    return tokens;
}

class Pages : public testing::Test {
protected:
    RandomModel model_{long_context(), 21};

    DecodeResult decode(DecodeOptions options) {
        options.prompt_ids = {prompt(135, 1), prompt(3, 2), prompt(70, 3)};
        options.contexts = {140, 16, 80};
        options.context = 0;
        options.prefill_rows = 16;
        options.compare = true;
        DecodeResult result = run_decode(options);
        EXPECT_EQ(result.kv_pages.by_request(), (std::vector<int>{3, 1, 2}));
        EXPECT_TRUE(result.comparison->rounded.tokens_equal());
        EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
        return result;
    }
};

}  // namespace

TEST_F(Pages, RequestsOfDifferentLengthsOnOneChip) {
    DecodeOptions options = on_system(model_, 2, 2, 1);
    options.system.reset();
    options.split = {};
    decode(options);
}

TEST_F(Pages, RequestsOfDifferentLengthsOnTwoChips) { decode(on_system(model_, 2, 2, 1)); }

TEST_F(Pages, RequestsOfDifferentLengthsInFlightThroughTwoStages) {
    DecodeOptions options = on_system(model_, 2, 1, 2);
    options.in_flight = 3;
    decode(options);
}

TEST_F(Pages, RequestsTakeOnlyTheSramOfTheirOwnLength) {
    DecodeOptions options = on_system(model_, 2, 2, 1);
    options.timing_only = true;
    options.prompt_ids = {prompt(3, 1)};
    options.batch = 4;
    options.context = 256;
    const int64_t all = run_decode(options).memory.kv;
    options.context = 0;
    options.contexts = {256, 64, 64, 64};
    const DecodeResult own = run_decode(options);
    EXPECT_LT(own.memory.kv, all * 6 / 10);
    EXPECT_EQ(own.kv_pages.all(), 7);
}

TEST(PacedReceives, AStepOfMoreRowsThanAReceiveFifoHolds) {
    const RandomModel model(eight_heads(8), 31);
    DecodeOptions options = on_system(model, 4, 1, 4);
    options.system->chip.fifo_vectors = options.chip.fifo_vectors = 8;  // of 8 vectors a row
    options.prompt_ids = {prompt(13, 4)};
    options.compare = true;
    options.prefill_rows = 1;
    const DecodeResult single = run_decode(options);
    options.prefill_rows = 12;
    const DecodeResult chunk = run_decode(options);  // no hazard: or it throws
    EXPECT_TRUE(chunk.comparison->rounded.tokens_equal());
    EXPECT_EQ(chunk.tokens, single.tokens);
    EXPECT_LT(chunk.prefill_cycles, single.prefill_cycles);
    options.prompt_ids.assign(6, prompt(3, 5));
    EXPECT_TRUE(run_decode(options).comparison->rounded.tokens_equal());
}
