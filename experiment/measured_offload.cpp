// SPDX-License-Identifier: Apache-2.0
// Offloaded pairs against what is published: gains over GPUs of equal cost, device mixes, links, use of the devices.
#include "experiment/measured.hpp"
#include "models/cost.hpp"
#include "serving/gpu_step_time.hpp"
#include "serving/offload.hpp"
#include "serving/server.hpp"
#include "workloads/traces/shapes.hpp"

namespace superlane::experiment::measured {
namespace {

/// Steps before which a full machine's first and last requests do not count for much.
constexpr int64_t waves = 12;

/// Prompts computed elsewhere, all requests there from the beginning, as many at once as their cache allows.
serving::ServingResult saturate(const serving::StepTime& time, int64_t kv_tokens, int batches,
                                const traces::LengthOptions& lengths) {
    constexpr int page_tokens = 16;
    constexpr int64_t no_limit = int64_t(1) << 40;
    const int64_t each = (lengths.prompt_tokens.high + lengths.output_tokens.high) / 2;
    const serving::ServerOptions server{.kv_pages = kv_tokens / page_tokens,
                                        .page_tokens = page_tokens,
                                        .max_requests = no_limit,
                                        .step_tokens = no_limit,
                                        .pipeline_steps = batches,
                                        .decode_only = true,
                                        .even_steps = true};
    const auto source = traces::generate({.requests_per_s = 1e9, .variation = 0}, lengths,
                                         std::max<int64_t>(100, waves * kv_tokens / each));
    return serving::serve(*source, time, server);
}

double tokens_per_s(const serving::ServingResult& served) { return double(served.output_tokens) / served.elapsed_s(); }
double mean_batch(const serving::ServingResult& served) {
    return served.timeline.total().request_seconds / served.elapsed_s();
}

serving::OffloadStepTime pair_time(const OffloadedPair& pair, const LlmConfig& model, int batches) {
    serving::OffloadOptions options;
    options.ports = pair.compute;
    options.weights =
        std::make_shared<serving::GpuWeights>(models::load_gpu(pair.compute_gpu), model, "fp16", pair.compute);
    options.memory = models::load_gpu(pair.memory_gpu);
    options.memory_devices = pair.memory;
    options.network = models::find_pool_network(pair.network);
    options.batches = batches;
    return {options, model};
}

/// With one batch or two in flight, whichever makes more tokens.
serving::ServingResult run_pair(const OffloadedPair& pair, const LlmConfig& model,
                                const traces::LengthOptions& lengths) {
    serving::ServingResult best;
    for (const int batches : {1, 2}) {
        const serving::OffloadStepTime time = pair_time(pair, model, batches);
        serving::ServingResult served = saturate(time, time.pool().kv_tokens(), batches, lengths);
        if (batches == 1 || tokens_per_s(served) > tokens_per_s(best)) best = std::move(served);
    }
    return best;
}

serving::ServingResult run_baseline(const OffloadedPair& pair, const LlmConfig& model,
                                    const traces::LengthOptions& lengths) {
    const models::Gpu gpu = models::load_gpu(pair.compute_gpu);
    const models::GpuWork work = models::gpu_work(gpu, model, "fp16", pair.baseline);
    return saturate(serving::GpuStepTime(gpu, work), models::kv_capacity_tokens(gpu, work), 1, lengths);
}

}  // namespace

double offload_gain_percent(const OffloadedPair& pair, const std::string& shape) {
    const LlmConfig model = find_llm(pair.model);
    const traces::LengthOptions lengths = traces::lengths_of(traces::find_trace_shape(shape));
    return 100 * (tokens_per_s(run_pair(pair, model, lengths)) / tokens_per_s(run_baseline(pair, model, lengths)) - 1);
}

double offload_batch_ratio(const OffloadedPair& pair, const std::string& shape) {
    const LlmConfig model = find_llm(pair.model);
    const traces::LengthOptions lengths = traces::lengths_of(traces::find_trace_shape(shape));
    return mean_batch(run_pair(pair, model, lengths)) / mean_batch(run_baseline(pair, model, lengths));
}

double offload_per_usd_ratio(const OffloadedPair& pair, const std::string& shape, const std::string& price_set) {
    const models::PriceSet prices = models::load_prices(price_set);
    const double compute = prices.usd_per_hour(pair.compute_gpu);
    const double usd = pair.compute * compute + pair.memory * prices.usd_per_hour(pair.memory_gpu);
    return (1 + offload_gain_percent(pair, shape) / 100) * pair.baseline * compute / usd;
}

double most_needed_gigabytes_per_s(const OffloadedPair& pair, int64_t most_batch, int64_t least_context) {
    const serving::OffloadStepTime time = pair_time(pair, find_llm(pair.model), 1);
    double most = 0;
    for (int64_t batch = 1; batch <= most_batch; ++batch) {
        serving::StepShape shape;
        shape.decode = {batch, batch, batch * least_context, batch * (least_context + 1)};
        const serving::OffloadParts parts = time.parts(shape);
        most = std::max(most, serving::needed_bytes_per_s(parts.bytes, parts.weights_s, parts.attention_s));
    }
    return most / 1e9 / pair.compute;
}

double weights_mfu_percent(const std::string& gpu, const std::string& model, int tp, int64_t batch) {
    const models::Gpu device = models::load_gpu(gpu);
    const LlmConfig llm = find_llm(model);
    serving::StepShape shape;
    shape.decode = {batch, batch, 0, 0};
    const double seconds = serving::GpuWeights(device, llm, "fp16", tp).cost(shape).latency_s;
    return 100 * 2 * double(projection_parameters(llm)) * double(batch) / (seconds * tp * device.fp16_tflops * 1e12);
}

double attention_mbu_percent(const std::string& gpu, const std::string& model, int64_t batch, int64_t context) {
    const models::Gpu device = models::load_gpu(gpu);
    const LlmConfig llm = find_llm(model);
    serving::StepShape shape;
    shape.decode = {batch, batch, batch * context, batch * (context + 1)};
    const double bytes = double(batch * (context + 1)) * kv_bytes_per_token(llm, 2);
    return 100 * bytes / (serving::MemoryPool(device, llm, "fp16", 1).attention_s(shape) * device.memory_bytes_per_s());
}

}  // namespace superlane::experiment::measured
