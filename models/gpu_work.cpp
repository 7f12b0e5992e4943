// SPDX-License-Identifier: Apache-2.0
// The products, cache rows and small kernels that one device of a tensor-parallel group has for a model.
#include <algorithm>

#include "base/error.hpp"
#include "models/gpu.hpp"
#include "models/llm.hpp"

namespace superlane::models {
namespace {

constexpr GpuDtype dtypes[] = {
    {"fp16", 2, 2, false, "weights, KV cache and products in fp16"},
    {"fp8", 1, 1, true, "weights and KV cache in fp8, products at the fp8 peak"},
    {"int8", 1, 2, false, "weights alone in 8 bits, products in fp16"},
    {"int4", 0.5, 2, false, "weights alone in 4 bits, products in fp16"},
};
constexpr double row_bytes = 2;  // activations are fp16 whatever the weights are

const GpuDtype& find_dtype(const std::string& name) {
    std::string list;
    std::vector<std::string> names;
    for (const GpuDtype& one : dtypes) {
        if (one.name == name) return one;
        names.emplace_back(one.name);
        list += (list.empty() ? "" : ", ") + names.back();
    }
    throw user_error("dtype '", name, "' is unknown to GPUs (allowed: ", list, ")", nearest_hint(name, names));
}

void check_group(const Gpu& gpu, const LlmConfig& model, int tp) {
    if (tp < 1 || tp > gpu.link_group)
        throw user_error("tp ", tp, ": a group of ", gpu.name, " has 1 to ", gpu.link_group, " devices (link.group)");
    const auto divides = [&](int count, const char* what) {
        if (count % tp != 0)
            throw user_error("tp ", tp, ": does not divide the ", count, " ", what, " of ", model.name);
    };
    divides(model.heads, "heads");
    divides(model.ffn, "FFN elements");
    divides(model.moe.ffn, "elements of an expert");
    if (model.kv_heads % tp != 0 && tp % model.kv_heads != 0)
        throw user_error("tp ", tp, ": neither divides nor is a multiple of the ", model.kv_heads, " KV heads of ",
                         model.name);
}

void add_attention_gemms(const LlmConfig& m, double tp, std::vector<GpuGemm>& gemms) {
    const double layers = m.layers;
    if (!m.has_mla()) {
        const double kv_heads = std::max(1.0, m.kv_heads / tp);
        gemms.push_back({double(m.hidden), m.q_columns() / tp + 2 * kv_heads * m.head_dim, layers});
    } else {
        const double latent = m.mla.kv_lora + m.mla.rope_dim;
        const double first = m.mla.q_lora > 0 ? m.mla.q_lora : m.q_columns() / tp;
        gemms.push_back({double(m.hidden), first + latent, layers});
        if (m.mla.q_lora > 0) gemms.push_back({double(m.mla.q_lora), m.q_columns() / tp, layers});
        gemms.push_back({double(m.mla.kv_lora), m.heads * (m.mla.nope_dim + m.mla.v_dim) / tp, layers});
    }
    gemms.push_back({m.attention_columns() / tp, double(m.hidden), layers});
}

void add_ffn_gemms(const LlmConfig& m, double tp, std::vector<GpuGemm>& gemms) {
    const double up = m.gated_ffn ? 2 : 1, hidden = m.hidden;
    const double dense = m.moe.experts == 0 ? m.layers : std::min(m.layers, m.moe.first_dense_layers);
    if (dense > 0) {
        gemms.push_back({hidden, up * m.ffn / tp, dense});
        gemms.push_back({m.ffn / tp, hidden, dense});
    }
    const double mixed = m.layers - dense;
    if (mixed == 0) return;
    gemms.push_back({hidden, double(m.moe.experts), mixed});  // the router, on every device
    gemms.push_back({hidden, up * m.moe.ffn / tp, mixed, m.moe.experts, m.moe.active});
    gemms.push_back({m.moe.ffn / tp, hidden, mixed, m.moe.experts, m.moe.active});
    if (m.moe.shared_ffn == 0) return;
    gemms.push_back({hidden, up * m.moe.shared_ffn / tp, mixed});
    gemms.push_back({m.moe.shared_ffn / tp, hidden, mixed});
}

void add_cache(const LlmConfig& m, double tp, GpuWork& work) {
    if (m.has_mla()) {  // one latent row for all heads: every device keeps it whole
        const double latent = m.mla.kv_lora + m.mla.rope_dim;
        work.kv_bytes = latent * work.dtype.kv_bytes;
        work.flops_per_pair = 2 * m.heads / tp * (latent + m.mla.kv_lora);
    } else {
        work.kv_bytes = 2 * std::max(1.0, m.kv_heads / tp) * m.head_dim * work.dtype.kv_bytes;
        work.flops_per_pair = 4 * m.heads / tp * m.head_dim;
    }
}

/// Norms, rotary, activation and residual sums, each reading its operands and writing its result.
void add_small_kernels(const LlmConfig& m, double tp, GpuWork& work) {
    const double norms = m.sandwich_norms ? 4 : 2, adds = 2, inner = m.gated_ffn ? 3 : 2;
    const bool mixed = m.moe.experts > 0;
    const double ffn = mixed ? double(m.moe.active) * m.moe.ffn + m.moe.shared_ffn : m.ffn;
    work.kernels = norms + adds + 2 + (m.qk_norm ? 1 : 0) + (mixed ? 2 : 0);  // experts: choose, and add up
    work.kernel_bytes =
        row_bytes * ((2 * norms + 3 * adds) * m.hidden + 2 * (m.q_columns() + m.kv_columns()) / tp + inner * ffn / tp);
}

}  // namespace

std::span<const GpuDtype> gpu_dtypes() { return dtypes; }

GpuWork gpu_work(const Gpu& gpu, const LlmConfig& model, const std::string& dtype, int tp) {
    GpuWork work;
    work.model = model.name;
    work.dtype = find_dtype(dtype);
    work.tp = tp;
    if (work.dtype.fp8_math && gpu.fp8_tflops == 0)
        throw user_error("dtype fp8: ", gpu.name, " has no fp8 peak (math.fp8_tflops); int8 is for weights alone");
    check_group(gpu, model, tp);
    add_attention_gemms(model, tp, work.gemms);
    add_ffn_gemms(model, tp, work.gemms);
    work.head = {double(model.hidden), double(model.vocabulary) / tp, 1};
    work.layers = model.layers;
    for (int layer = 0; layer < model.layers; ++layer)
        if (model.window(layer) > 0) ++work.windowed_layers;
    work.window = model.sliding_window_tokens;
    add_cache(model, tp, work);
    add_small_kernels(model, tp, work);
    work.all_reduce_bytes = tp > 1 ? row_bytes * model.hidden : 0;
    work.weight_bytes = weight_bytes(model, work.dtype.weight_bytes) / tp;
    return work;
}

int64_t kv_capacity_tokens(const Gpu& gpu, const GpuWork& work) {
    const double room = gpu.memory_gb * 1e9 * gpu.memory_usable - work.weight_bytes;
    const double page = gpu.page_tokens * work.kv_bytes * work.layers;
    return int64_t(room / page) * int64_t(gpu.page_tokens);
}

}  // namespace superlane::models
