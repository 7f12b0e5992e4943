// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>

#include "serving/affine_step_time.hpp"
#include "tests/serving/support.hpp"
#include "workloads/traces/generator.hpp"

using namespace superlane;
using namespace superlane::serving;
using namespace superlane::test;

namespace {

constexpr int block = 32;

/// A server of random size: from one where requests must give way to one with room for all.
ServerOptions random_server(uint64_t seed) {
    const auto below = [&](uint64_t draw, uint64_t n) { return int64_t(mix(seed ^ mix(draw + 1000)) % n); };
    return {.kv_pages = 50 + below(1, 4) * 100,
            .page_tokens = 8 << below(2, 3),
            .max_requests = 1 + below(3, 40),
            .step_tokens = 1 + below(4, 200),
            .pipeline_steps = int(1 + below(5, 4)),
            .reuse_prefixes = below(6, 4) > 0};
}

AffineStepTime random_time(uint64_t seed, int stages) {
    return {1e-3 * double(1 + mix(seed) % 9), 1e-5 * double(mix(seed + 1) % 9), 1e-7 * double(mix(seed + 2) % 9),
            stages};
}

ServingResult serve_random(uint64_t seed, const ServerOptions& options, const Watch& watch = {}) {
    Listed source(random_requests(seed, 150, 0.02, block), block);
    return serve(source, random_time(seed, options.pipeline_steps), options, watch);
}

double elapsed(const StepTime& time, const ServerOptions& options, uint64_t seed) {
    Listed source(random_requests(seed, 80, 0, block), block);
    return serve(source, time, options).elapsed_s();
}

}  // namespace

TEST(Conservation, TokensPagesAndTimeInRandomRuns) {
    int64_t preemptions = 0, reused = 0;
    for (uint64_t seed = 1; seed <= 60; ++seed) {
        const ServerOptions options = random_server(seed);
        double last_begin = 0, last_end = 0, in_service = 0;
        std::map<int64_t, RequestRecord> done;
        const Watch watch{
            [&](const StepRecord& step) {
                EXPECT_GE(step.begin_s, last_begin) << seed;
                EXPECT_GE(step.end_s, last_end) << seed;
                EXPECT_GT(step.end_s, step.begin_s);
                EXPECT_EQ(step.kv_pages_owned + step.kv_pages_shared + step.kv_pages_free, options.kv_pages) << seed;
                EXPECT_LE(step.shape.new_tokens(), options.step_tokens);
                last_begin = step.begin_s, last_end = step.end_s;
            },
            [&](const RequestRecord& r) {
                EXPECT_TRUE(done.emplace(r.line, r).second) << "request " << r.line << " ended twice";
                EXPECT_GE(r.admitted_s, r.arrival_s);
                EXPECT_GT(r.first_token_s, r.admitted_s);
                EXPECT_GE(r.last_token_s, r.first_token_s);
                in_service += r.last_token_s - r.admitted_s;
            }};
        const ServingResult result = serve_random(seed, options, watch);
        int64_t prompts = 0, outputs = 0;
        for (const traces::Request& r : random_requests(seed, 150, 0.02, block))
            prompts += r.prompt_tokens, outputs += r.output_tokens;
        EXPECT_EQ(result.requests, 150);
        EXPECT_EQ(result.prompt_tokens, prompts);
        EXPECT_EQ(result.output_tokens, outputs);
        EXPECT_LE(result.busy_s, result.elapsed_s() * (1 + 1e-12));
        // Little's law: the mean number being served is their rate times the mean time being served.
        const double served = result.timeline.total().request_seconds;
        if (result.preemptions == 0)
            EXPECT_NEAR(served, in_service, 1e-9 * in_service) << seed;
        else
            EXPECT_LE(served, in_service) << "a preempted request waits again";
        preemptions += result.preemptions;
        reused += result.reused_tokens;
    }
    EXPECT_GT(preemptions, 100) << "the runs must try what they test";
    EXPECT_GT(reused, 10000);
}

TEST(Conservation, EnergyIsThatOfEveryStep) {
    const ServerOptions options = random_server(5);
    AffineStepTime time = random_time(5, 1);
    time.joules_per_s = 7;
    double joules = 0;
    Listed source(random_requests(5, 150, 0.02, block), block);
    const ServingResult result =
        serve(source, time, options, {[&](const StepRecord& step) { joules += time.cost(step.shape).joules; }, {}});
    EXPECT_GT(joules, 1);
    EXPECT_NEAR(result.joules, joules, 1e-9 * joules);
}

TEST(Conservation, SameSeedSameTimes) {
    const ServerOptions options = random_server(3);
    EXPECT_EQ(serve_random(3, options).digest, serve_random(3, options).digest);
    EXPECT_NE(serve_random(3, options).digest, serve_random(4, options).digest);
}

TEST(Conservation, AFasterMachineAndAnEndlessPoolAreNeverSlower) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        ServerOptions options = random_server(seed);
        options.pipeline_steps = 1;
        AffineStepTime time = random_time(seed, 1);
        const double finite = elapsed(time, options, seed);
        ServerOptions endless = options;
        endless.kv_pages = 1'000'000;
        EXPECT_LE(elapsed(time, endless, seed), finite * (1 + 1e-12)) << seed;
        time.context_s = 0;  // infinite bandwidth to the cache
        EXPECT_LE(elapsed(time, options, seed), finite * (1 + 1e-12)) << seed;
    }
}

TEST(ConservationSlow, AMillionRequestsInAMinuteAndAGigabyte) {
    const auto source = traces::generate({.requests_per_s = 40, .variation = 3},
                                         {.prompt_tokens = {16, 2048}, .output_tokens = {16, 416}}, 1'000'000);
    const ServingResult result =
        serve(*source, AffineStepTime(4e-3, 2e-6, 1e-9), {.kv_pages = 40'000, .max_requests = 256});
    EXPECT_EQ(result.requests, 1'000'000);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(double(usage.ru_utime.tv_sec), 60);
    EXPECT_LT(usage.ru_maxrss, 1'000'000) << "kilobytes";
}
