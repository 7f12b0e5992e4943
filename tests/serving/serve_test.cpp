// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "serving/affine_step_time.hpp"
#include "tests/serving/support.hpp"

using namespace superlane;
using namespace superlane::serving;
using namespace superlane::test;
using testing::HasSubstr;

namespace {

constexpr double ms = 1e-3;

struct Served {
    ServingResult result;
    std::vector<StepRecord> steps;
    std::vector<RequestRecord> requests;  ///< in the order in which they end
};

Served serve_all(traces::RequestSource&& source, const StepTime& time, const ServerOptions& options) {
    Served all;
    all.result = serve(source, time, options,
                       {[&](const StepRecord& step) { all.steps.push_back(step); },
                        [&](const RequestRecord& request) { all.requests.push_back(request); }});
    return all;
}

}  // namespace

TEST(Serve, OneRequestCountedByHand) {
    const Served one = serve_all(Listed({request(7, 5, 3)}), AffineStepTime(ms, 0.1 * ms), {.kv_pages = 10});
    // 5 tokens: 1.5 ms to the first token; two steps of one token: 1.1 ms each.
    EXPECT_NEAR(one.requests[0].ttft_s(), 1.5 * ms, 1e-12);
    EXPECT_NEAR(one.requests[0].tpot_s(), 1.1 * ms, 1e-12);
    EXPECT_NEAR(one.requests[0].e2e_s(), 3.7 * ms, 1e-12);
    EXPECT_EQ(one.result.computed_tokens, 7) << "the last token is handed out, not taken in";
    EXPECT_NEAR(one.result.busy_s, one.result.elapsed_s(), 1e-12);
    EXPECT_EQ(one.result.slo_met, 1);
}

TEST(Serve, LongPromptsGoInChunksBesideDecoding) {
    const Served two = serve_all(Listed({request(0, 1, 9), request(0.5 * ms, 10, 1)}), AffineStepTime(ms, 0),
                                 {.kv_pages = 10, .step_tokens = 4});
    // Of 4 tokens a step one decodes: 3, 3, 3 and 1 of the prompt in steps 2 to 5.
    EXPECT_NEAR(two.requests[0].first_token_s, 5 * ms, 1e-12);
    EXPECT_NEAR(two.requests[1].tpot_s(), 1 * ms, 1e-12) << "decoding does not wait";
    EXPECT_EQ(two.steps[1].shape.decode.requests, 1);
    EXPECT_EQ(two.steps[1].shape.prefill.new_tokens, 3);
}

TEST(Serve, AStepTakesNoMoreThanItsRequestsAndTheRestWaits) {
    const Served many = serve_all(Listed({request(0, 1, 2), request(0, 1, 2), request(0, 1, 2)}), AffineStepTime(ms, 0),
                                  {.kv_pages = 10, .max_requests = 2});
    EXPECT_EQ(many.result.steps, 4);
    EXPECT_NEAR(many.requests[2].admitted_s, 2 * ms, 1e-12);
    EXPECT_NEAR(many.result.queue_s.most(), 2 * ms, 1e-12);
}

TEST(Serve, TheLatestGivesWayAndIsComputedAnew) {
    // Two pages of 4 tokens each at first; a third page for both does not exist.
    const Served two = serve_all(Listed({request(0, 6, 8), request(0, 6, 8)}), AffineStepTime(ms, 0),
                              {.kv_pages = 5, .page_tokens = 4});
    EXPECT_GE(two.result.preemptions, 1);
    EXPECT_EQ(two.requests[0].preemptions, 0) << "who came first is never kept waiting";
    EXPECT_NEAR(two.requests[0].e2e_s(), 8 * ms, 1e-12);
    EXPECT_GT(two.result.dropped_tokens, 0);
    EXPECT_EQ(two.result.output_tokens, 16);
}

TEST(Serve, PromptsThatBeginAlikeAreComputedOnce) {
    const std::vector<uint64_t> blocks = {1, 2};
    const std::vector<traces::Request> requests = {request(0, 40, 1, blocks), request(1, 40, 1, blocks)};
    const AffineStepTime time(ms, ms);
    const ServerOptions options{.kv_pages = 10, .page_tokens = 8};
    const Served reused = serve_all(Listed(requests, 16), time, options);
    EXPECT_NEAR(reused.requests[0].ttft_s(), 41 * ms, 1e-12);
    EXPECT_NEAR(reused.requests[1].ttft_s(), 9 * ms, 1e-12);
    EXPECT_EQ(reused.requests[1].reused_tokens, 32);
    ServerOptions without = options;
    without.reuse_prefixes = false;
    EXPECT_EQ(serve_all(Listed(requests, 16), time, without).result.reused_tokens, 0);
}

TEST(Serve, APipelineTakesAStepAtEachInterval) {
    std::vector<traces::Request> requests(8, request(0, 1, 10));
    const ServerOptions options{.kv_pages = 100, .max_requests = 8, .pipeline_steps = 4};
    const Served piped = serve_all(Listed(requests), AffineStepTime(4 * ms, 0, 0, 4), options);
    // Four steps of two requests in flight, each 4 ms: ten rounds, the last step starts 3 ms after the first.
    EXPECT_NEAR(piped.result.elapsed_s(), 43 * ms, 1e-9);
    EXPECT_EQ(piped.result.steps, 40);
    for (const StepRecord& step : piped.steps) EXPECT_LE(step.shape.requests(), 2);
    for (size_t i = 4; i < piped.steps.size(); ++i) EXPECT_GE(piped.steps[i].begin_s, piped.steps[i - 4].end_s);
}

TEST(Serve, SloCountsRequestsThatAreQuickEnough) {
    const std::vector<traces::Request> requests = {request(0, 1, 5), request(0, 1, 1)};
    const auto met = [&](double step_s, double ttft_s) {
        return serve_all(Listed(requests), AffineStepTime(step_s, 0), {.kv_pages = 10, .slo_ttft_s = ttft_s})
            .result.slo_met;
    };
    EXPECT_EQ(met(0.066, 0), 2);
    EXPECT_EQ(met(0.067, 0), 1) << "15 tokens/s are 66.7 ms a token; one token has no rate";
    EXPECT_EQ(met(0.066, 0.05), 0);
}

TEST(Serve, SaysWhatCannotBeServed) {
    const auto complaint = [](traces::RequestSource&& source, const ServerOptions& options) -> std::string {
        try {
            serve(source, AffineStepTime(), options);
        } catch (const UserError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_THAT(complaint(Listed({}), {.kv_pages = 1}), HasSubstr("no request"));
    EXPECT_THAT(complaint(Listed({request(0, 30, 4)}), {.kv_pages = 2}),
                HasSubstr("a prompt of 30 and an output of 4 tokens take 33 positions, a request can have at most 32"));
    EXPECT_THAT(complaint(Listed({request(0, 30, 4)}), {.kv_pages = 9, .max_tokens = 20}), HasSubstr("at most 20"));
    EXPECT_THAT(complaint(Listed({request(0, 1, 1)}), {.kv_pages = 9, .step_tokens = 0}), HasSubstr("step_tokens 0"));
    EXPECT_THAT(complaint(Listed({request(0, 1, 1)}, 512), {.kv_pages = 9, .page_tokens = 48}),
                HasSubstr("page_tokens 48: must divide the trace's blocks of 512"));
    EXPECT_EQ(complaint(Listed({request(0, 29, 4)}), {.kv_pages = 2}), "");
}
