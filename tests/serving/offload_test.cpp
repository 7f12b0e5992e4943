// SPDX-License-Identifier: Apache-2.0
// The offloaded pair: its parts against the closed formulas, its limits, and what must never make it slower.
#include "serving/offload.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "base/error.hpp"
#include "serving/affine_step_time.hpp"
#include "tests/serving/support.hpp"

using namespace superlane;
using namespace superlane::serving;
using namespace superlane::test;
using testing::HasSubstr;

namespace {

OffloadOptions pair_of(const std::string& model, int compute, int memory, int batches = 2,
                       const std::string& network = "host-bypassed") {
    OffloadOptions options;
    options.ports = compute / offload_replicas(batches);
    options.weights = std::make_shared<GpuWeights>(models::load_gpu("h100"), find_llm(model), "fp16", options.ports);
    options.memory = models::load_gpu("h20");
    options.memory_devices = memory;
    options.network = models::find_pool_network(network);
    options.batches = batches;
    return options;
}

OffloadStepTime time_of(const std::string& model, const OffloadOptions& options) {
    return OffloadStepTime(options, find_llm(model));
}

std::string refusal(const std::string& model, const OffloadOptions& options) {
    try {
        time_of(model, options);
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

double serve_seconds(const StepTime& time, ServerOptions options, uint64_t seed) {
    Listed source(random_requests(seed, 60, 0, 0));
    return serve(source, time, options).elapsed_s();
}

}  // namespace

TEST(Offload, BytesOfAStepAreTwoAndTwoOverGTimesHidden) {
    for (const auto& [name, g] : {std::pair{"llama-33b", 1.0}, {"llama-3-70b", 8.0}}) {
        const LlmConfig model = find_llm(name);
        const OffloadParts parts = time_of(name, pair_of(name, 2, 4)).parts(decode(48, 1000));
        EXPECT_NEAR(parts.bytes, (2 + 2 / g) * 2 * model.hidden * 48 * model.layers, 1);
    }
}

TEST(Offload, StepIsThatOfTheClosedFormula) {
    for (const char* name : {"llama-33b", "llama-3-70b"})
        for (const int batches : {1, 2}) {
            const OffloadStepTime time = time_of(name, pair_of(name, 2, 4, batches));
            for (const int64_t requests : {1, 16, 200}) {
                const OffloadParts parts = time.parts(decode(requests, 2000));
                const double bound = std::max({batches * parts.weights_s, batches * parts.attention_s, parts.alone_s});
                EXPECT_GE(parts.together.step_s, bound * (1 - 1e-9)) << name << requests;
                EXPECT_LE(parts.together.step_s, bound * 1.05) << name << requests;
                EXPECT_LE(parts.together.memory_busy, 1 + 1e-9);
                EXPECT_LE(parts.together.replica_busy, 1 + 1e-9);
            }
        }
}

TEST(Offload, NetworkCostsRoundTripsAndBytesLessWhatOverlaps) {
    OffloadOptions options = pair_of("llama-33b", 1, 2, 1);
    const LlmConfig model = find_llm("llama-33b");
    options.overlap = false;
    const StepShape shape = decode(40, 1000);
    const OffloadParts parts = time_of("llama-33b", options).parts(shape);
    const double merges = 60 * 1e-6 * options.memory.kernel_us;
    const double wire = parts.bytes / 45.7e9;  // one port of the compute device is the narrowest
    EXPECT_NEAR(parts.network_s, 60 * 33e-6 + wire + merges, 1e-9);
    options.overlap = true;
    const double kept = time_of("llama-33b", options).parts(shape).network_s;
    // Keys and values (half the bytes) and their projection (their share of the weights) run beside attention.
    const double late = 2.0 * 60 * model.hidden * model.hidden / double(projection_parameters(model)) * parts.weights_s;
    EXPECT_NEAR(kept, parts.network_s - wire / 2 - late, 1e-7);
}

TEST(Offload, EveryDeviceHasAPort) {
    for (const auto& [compute, memory] : {std::pair{4, 2}, {2, 4}, {1, 4}}) {
        OffloadOptions options = pair_of("llama-33b", compute, memory, 1);
        options.overlap = false;
        const OffloadParts parts = time_of("llama-33b", options).parts(decode(40, 1000));
        const double wire = parts.bytes / (45.7e9 * std::min(compute, memory));
        EXPECT_NEAR(parts.network_s, 60 * (33e-6 + 1e-6 * options.memory.kernel_us) + wire, 1e-9) << compute;
    }
}

TEST(Offload, StepsFollowEachOtherAsTheScheduleOfAllBatchesSays) {
    for (const int batches : {1, 2}) {
        const OffloadStepTime time = time_of("llama-3-70b", pair_of("llama-3-70b", 2, 4, batches));
        const OffloadParts parts = time.parts(decode(100, 2000));
        const StepCost cost = time.cost(decode(100, 2000));
        EXPECT_EQ(cost.latency_s, parts.alone_s);
        EXPECT_DOUBLE_EQ(cost.interval_s, parts.together.step_s / batches);
    }
}

TEST(Offload, EnergyIsThatOfBothPools) {
    OffloadOptions options = pair_of("llama-2-7b", 1, 4);
    auto weights = std::make_shared<AffineStepTime>(2e-3, 0);
    weights->joules_per_s = 1000;
    options.weights = weights;
    const OffloadStepTime time = time_of("llama-2-7b", options);
    const OffloadParts parts = time.parts(decode(10, 5000));
    const models::Gpu& h20 = options.memory;
    EXPECT_NEAR(parts.memory_s, parts.attention_s + 32 * 1e-6 * h20.kernel_us, 1e-12) << "a merge a layer";
    EXPECT_NEAR(time.cost(parts).joules, 2 + parts.memory_s * 4 * h20.watts * (1 - h20.idle_share), 1e-9);
}

TEST(Offload, CapacityIsThatOfTheMemoryPool) {
    const OffloadStepTime time = time_of("llama-3-70b", pair_of("llama-3-70b", 2, 4));
    const double bytes = 4 * 96e9 * 0.9, token = 2.0 * 80 * 1024 * 2;
    EXPECT_NEAR(double(time.pool().kv_tokens()), bytes / token, 16 * 4);
}

TEST(Offload, ParallelDevicesMustShareTheHeads) {
    EXPECT_THAT(refusal("llama-3-70b", pair_of("llama-3-70b", 2, 3)),
                HasSubstr("memory pool of 3 h20: llama-3-70b has 8 KV heads to share, so the number of devices must be "
                          "one of 1, 2, 4, 8"));
    OffloadOptions latent = pair_of("llama-3-70b", 2, 2);
    EXPECT_THAT(refusal("deepseek-v3", latent), HasSubstr("1 latent row for all heads"));
    EXPECT_THROW(pair_of("llama-65b", 1, 4), UserError) << "130 GB on one h100";
}

TEST(Offload, AnEndlessNetworkAndAnEndlessPoolNeverSlowARun) {
    const ServerOptions server{.kv_pages = 120, .max_requests = 64, .pipeline_steps = 2, .even_steps = true};
    OffloadOptions options = pair_of("llama-2-7b", 1, 2);
    OffloadOptions endless = options, wide = options;
    endless.network.round_trip_us = 0;
    endless.network.gb_per_s = std::numeric_limits<double>::infinity();
    wide.memory.memory_tb_per_s = std::numeric_limits<double>::infinity();
    const auto time = time_of("llama-2-7b", options);
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        const double seconds = serve_seconds(time, server, seed);
        EXPECT_LE(serve_seconds(time_of("llama-2-7b", endless), server, seed), seconds * (1 + 1e-9)) << seed;
        EXPECT_LE(serve_seconds(time_of("llama-2-7b", wide), server, seed), seconds * (1 + 1e-9)) << seed;
    }
}

TEST(Offload, AnyMachineMayHoldTheWeights) {
    OffloadOptions options = pair_of("llama-2-7b", 1, 4);
    options.weights = std::make_shared<AffineStepTime>(2e-3, 1e-5, 1e-3);  // its caches are empty: no price of context
    const OffloadStepTime time = time_of("llama-2-7b", options);
    EXPECT_NEAR(time.parts(decode(10, 500)).weights_s, 2.1e-3, 1e-12);
    EXPECT_GT(time.parts(decode(10, 5000)).attention_s, time.parts(decode(10, 500)).attention_s);
}

TEST(Offload, NeededBandwidthFallsWithContextAndRisesWithBatch) {
    const auto needed = [&](int64_t batch, int64_t context) {
        const OffloadParts p = time_of("llama-33b", pair_of("llama-33b", 1, 2)).parts(decode(batch, context));
        return needed_bytes_per_s(p.bytes, p.weights_s, p.attention_s);
    };
    EXPECT_GT(needed(64, 2000), needed(16, 2000));
    EXPECT_GT(needed(64, 2000), needed(64, 8000));
    EXPECT_NEAR(needed_bytes_per_s(100, 3, 2, 0.2), 100, 1e-12);
}

// A fault stops the machine; only a lost cache is computed again.
TEST(Offload, FaultsCostTheirRepairAndTheLostCache) {
    const OffloadStepTime time = time_of("llama-2-7b", pair_of("llama-2-7b", 1, 2));
    ServerOptions server{.kv_pages = 4000, .max_requests = 64, .pipeline_steps = 2, .decode_only = true};
    const auto run = [&](std::vector<Fault> faults) {
        server.faults = std::move(faults);
        Listed source(random_requests(7, 60, 0, 0));
        return serve(source, time, server);
    };
    const ServingResult whole = run({}), weights = run({{0.2, 3, false}}), cache = run({{0.2, 3, true}});
    EXPECT_EQ(whole.dropped_tokens, 0);
    EXPECT_NEAR(weights.elapsed_s(), whole.elapsed_s() + 3, 0.1);
    EXPECT_EQ(weights.computed_tokens, whole.computed_tokens);
    EXPECT_GT(cache.elapsed_s(), weights.elapsed_s());
    EXPECT_GT(cache.dropped_tokens, 1000);
    EXPECT_EQ(cache.computed_tokens, whole.computed_tokens + cache.dropped_tokens) << "all of it, here";
    EXPECT_EQ(cache.output_tokens, whole.output_tokens);
    EXPECT_EQ(run({{0.1, 1, true}, {0.1, 1, true}}).output_tokens, whole.output_tokens);
}

TEST(Offload, OnlyTheLastTokenOfAPromptIsTakenInWherePromptsAreComputedElsewhere) {
    Listed source({request(0, 500, 10), request(0, 700, 20)});
    const ServingResult result = serve(source, AffineStepTime(1e-3, 1e-5), {.kv_pages = 200, .decode_only = true});
    EXPECT_EQ(result.computed_tokens, 30);
    EXPECT_EQ(result.reused_tokens, 499 + 699);
    EXPECT_EQ(result.steps, 20);
}

TEST(Offload, StepsInFlightShareTheRequestsEvenly) {
    std::vector<traces::Request> requests;
    for (int i = 0; i < 30; ++i) requests.push_back(request(0, 10, 50));
    std::vector<int64_t> sizes;
    Listed source(requests);
    serve(source, AffineStepTime(1e-3, 1e-5, 0, 3),
          {.kv_pages = 1000, .max_requests = 300, .pipeline_steps = 3, .decode_only = true, .even_steps = true},
          {[&](const StepRecord& step) { sizes.push_back(step.shape.requests()); }, {}});
    EXPECT_EQ(sizes.front(), 30);
    EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 10), int64_t(sizes.size()) - 1);
}
