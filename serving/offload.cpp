// SPDX-License-Identifier: Apache-2.0
// The model is cut at attention (workloads/step_graph.hpp); slices take the share of the weights that they read.
#include "serving/offload.hpp"

#include "base/error.hpp"
#include "serving/gpu_step_time.hpp"
#include "workloads/step_graph.hpp"

namespace superlane::serving {
namespace {

constexpr double row_bytes = 2;  // what crosses is fp16, as activations are

/// Requests of a part, all with its mean context and new tokens.
models::StepGroup group_of(const StepShape::Part& part) {
    return {part.requests, part.context_tokens / part.requests, part.new_tokens / part.requests};
}

int checked_devices(const LlmConfig& model, const std::string& gpu, int devices) {
    const int heads = model.has_mla() ? 1 : model.kv_heads;
    if (devices >= 1 && heads % devices == 0) return devices;
    std::string list;
    for (int n = 1; n <= heads; ++n)
        if (heads % n == 0) list += (list.empty() ? "" : ", ") + std::to_string(n);
    throw user_error("memory pool of ", devices, " ", gpu, ": ", model.name, " has ", heads,
                     model.has_mla() ? " latent row for all heads" : " KV heads",
                     " to share, so the number of devices must be one of ", list);
}

models::GpuWork share_of_cache(const models::Gpu& gpu, const LlmConfig& model, const std::string& dtype, int devices) {
    models::GpuWork work = models::gpu_work(gpu, model, dtype, 1);
    work.kv_bytes /= devices;
    work.flops_per_pair /= devices;
    work.weight_bytes = 0;
    return work;
}

}  // namespace

GpuWeights::GpuWeights(models::Gpu gpu, const LlmConfig& model, const std::string& dtype, int tp)
    : gpu_(std::move(gpu)), work_(models::gpu_work(gpu_, model, dtype, tp)) {
    const double room = 1e9 * gpu_.memory_gb * gpu_.memory_usable;
    if (work_.weight_bytes > room)
        throw user_error("compute pool: the weights of ", model.name, " take ", work_.weight_bytes / 1e9,
                         " GB on each of ", tp, " ", gpu_.name, ", which has ", room / 1e9, " GB usable");
}

StepCost GpuWeights::cost(const StepShape& shape) const {
    const double tokens = double(shape.new_tokens()), tp = work_.tp;
    const double seconds =
        models::layers_gemm_seconds(gpu_, work_, tokens) +
        models::gemm_seconds(gpu_, work_, work_.head, double(shape.requests())) +
        2 * work_.layers * models::all_reduce_seconds(gpu_, work_.tp, tokens * work_.all_reduce_bytes) +
        models::kernels_seconds(gpu_, work_, tokens) + 1e-6 * gpu_.step_us;
    return {seconds, seconds, seconds * (tp * gpu_.watts - idle_watts(gpu_, work_.tp))};
}

MemoryPool::MemoryPool(models::Gpu gpu, const LlmConfig& model, const std::string& dtype, int devices)
    : gpu_(std::move(gpu)),
      work_(share_of_cache(gpu_, model, dtype, checked_devices(model, gpu_.name, devices))),
      devices_(devices) {}

double MemoryPool::attention_s(const StepShape& shape) const {
    models::StepGroup groups[2];
    size_t count = 0;
    for (const StepShape::Part* part : {&shape.decode, &shape.prefill})
        if (part->requests > 0) groups[count++] = group_of(*part);
    return models::attention_seconds(gpu_, work_, {groups, count});
}

int64_t MemoryPool::kv_tokens() const { return models::kv_capacity_tokens(gpu_, work_); }

OffloadStepTime::OffloadStepTime(const OffloadOptions& options, const LlmConfig& model)
    : options_(options), pool_(options.memory, model, options.dtype, options.memory_devices), layers_(model.layers) {
    if (options.batches < 1) throw user_error("pipeline batches ", options.batches, ": must be at least 1");
    const StepGraph graph = step_graph(model);
    const AttentionCut cut = cut_at_attention(graph);
    for (const AttentionCut::Crossing& one : cut.crossings) {
        query_bytes_ += row_bytes * double(one.query) / layers_;
        rows_bytes_ += row_bytes * double(one.rows) / layers_;
        result_bytes_ += row_bytes * double(one.result) / layers_;
        kept_bytes_ += row_bytes * double(one.kept) / layers_;
    }
    double all = 0;
    for (const StepGraph::Op& op : graph.ops) all += double(op.weights);
    for (const AttentionCut::Slice& slice : cut.slices) {
        double early = 0, late = 0;
        for (size_t i = 0; i < slice.ops.size(); ++i)
            (i < slice.early ? early : late) += double(graph.ops[size_t(slice.ops[i])].weights);
        slice_shares_.push_back((early + late) / all);
        late_shares_.push_back(late / all);
    }
    late_shares_.pop_back();  // no query follows the last
}

OffloadParts OffloadStepTime::parts(const StepShape& shape) const {
    StepShape empty = shape;
    empty.decode.context_tokens = empty.prefill.context_tokens = empty.decode.pairs = empty.prefill.pairs = 0;
    const StepCost weights = options_.weights->cost(empty);
    const double tokens = double(shape.new_tokens());
    OffloadParts parts;
    parts.weights_s = weights.latency_s;
    parts.weights_joules = weights.joules;
    parts.attention_s = pool_.attention_s(shape);
    parts.memory_s = parts.attention_s + layers_ * pool_.merge_s();
    parts.bytes = tokens * bytes_per_token();
    PoolWork work{{}, {}, parts.attention_s / layers_, pool_.merge_s()};
    for (const double share : slice_shares_) work.slice_s.push_back(share * weights.latency_s);
    for (const double share : late_shares_) work.late_s.push_back(share * weights.latency_s);
    work.query_bytes = tokens * query_bytes_;
    work.rows_bytes = tokens * rows_bytes_;
    work.result_bytes = tokens * result_bytes_;
    work.kept_bytes = tokens * kept_bytes_;
    const double rate = options_.network.bytes_per_s();
    const PoolLinks links{options_.network.one_way_s(), options_.ports * rate, pool_.devices() * rate};
    parts.alone_s = schedule_pools(work, links, {1, 1, options_.overlap}).step_s;
    parts.network_s = parts.alone_s - parts.weights_s - parts.attention_s;
    parts.together =
        schedule_pools(work, links, {offload_replicas(options_.batches), options_.batches, options_.overlap});
    return parts;
}

StepCost OffloadStepTime::cost(const OffloadParts& parts) const {
    return {parts.alone_s, std::min(parts.alone_s, parts.together.step_s / options_.batches),
            parts.weights_joules +
                parts.memory_s * (pool_.devices() * pool_.gpu().watts - idle_watts(pool_.gpu(), pool_.devices()))};
}

double needed_bytes_per_s(double bytes, double weights_s, double attention_s, double slowdown) {
    return bytes / (slowdown * (weights_s + attention_s));
}

}  // namespace superlane::serving
