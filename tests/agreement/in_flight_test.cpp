// SPDX-License-Identifier: Apache-2.0
// Several batches in the pipeline at once: the reference's tokens for each, and a throughput read from simulated time
// that is the one the longest stage allows.
#include "tests/agreement/system_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

class InFlight : public testing::Test {
protected:
    RandomModel model_{eight_heads(8), 11};
    DecodeOptions options_ = on_system(model_, 4, 1, 4);

    SystemFigures timing(int batches) {
        options_.timing_only = true;
        options_.in_flight = batches;
        return *run_decode(options_).system;
    }
};

}  // namespace

TEST_F(InFlight, EveryRequestGetsTheReferencesTokens) {
    options_.prompt_ids = {{3, 1, 4, 1, 5}, {2, 7}, {9, 9, 8, 1, 2, 3, 4}};
    options_.in_flight = 3;
    options_.tokens = 3;
    options_.compare = true;
    const DecodeResult result = run_decode(options_);
    EXPECT_EQ(result.tokens.size(), 3u);
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
    EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
    EXPECT_EQ(result.system->requests_in_flight, 3);
}

TEST_F(InFlight, BatchesOfSeveralRequestsGetTheReferencesTokens) {
    options_.prompt_ids = {{3, 1, 4, 1, 5}, {2, 7}, {9, 9, 8}, {6}};
    options_.in_flight = 2;
    options_.split = {2, 2};
    options_.compare = true;
    const DecodeResult result = run_decode(options_);
    EXPECT_TRUE(result.comparison->rounded.tokens_equal());
    EXPECT_EQ(result.system->requests_in_flight, 4);
}

TEST_F(InFlight, AFullPipelineGivesABatchEachTimeOfItsLongestStage) {
    const SystemFigures alone = timing(1);
    const SystemFigures full = timing(alone.batches_that_fill);
    EXPECT_EQ(full.interval_cycles, full.longest_stage_cycles);
    const double interval_s = double(full.longest_stage_cycles) / (options_.chip.clock_mhz * 1e6);
    EXPECT_NEAR(full.throughput_tokens_per_second * interval_s, 1.0, 1e-9);
    EXPECT_NEAR(alone.throughput_tokens_per_second * alone.latency_us * 1e-6, 1.0, 1e-3);
    EXPECT_NEAR(timing(2).throughput_tokens_per_second / alone.throughput_tokens_per_second, 2.0, 1e-3);
    EXPECT_NEAR(timing(full.batches_that_fill + 1).throughput_tokens_per_second / full.throughput_tokens_per_second,
                1.0, 1e-3);
}

TEST_F(InFlight, AsManyAsFillThePipelineWhenLeftToChoose) {
    const SystemFigures chosen = timing(0);
    EXPECT_EQ(chosen.requests_in_flight, timing(1).batches_that_fill);
}

TEST_F(InFlight, NoResultDependsOnThreadsEngineOrSharing) {
    options_.in_flight = 2;
    const DecodeResult values = run_decode(options_);
    options_.threads = 2;
    EXPECT_EQ(run_decode(options_).digest, values.digest);
    options_.engine = "kernel";
    EXPECT_EQ(run_decode(options_).digest, values.digest);
    options_.engine = "fast";
    options_.timing_only = true;
    const DecodeResult shared = run_decode(options_);
    options_.share = false;
    EXPECT_EQ(run_decode(options_).digest, shared.digest);
    EXPECT_EQ(shared.cycles_per_token, values.cycles_per_token);
    EXPECT_EQ(shared.system->throughput_tokens_per_second, values.system->throughput_tokens_per_second);
}
