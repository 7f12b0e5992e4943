// SPDX-License-Identifier: Apache-2.0
// Seeded random weights by a counter-based generator with integer and IEEE arithmetic only: the same bytes everywhere.
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/half.hpp"
#include "models/checkpoint.hpp"
#include "models/counter_random.hpp"

namespace superlane {
namespace {

uint16_t float_to_bf16(float value) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    return uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);  // nearest even; weights are finite
}

struct Scale {
    double mean = 0.0, deviation = 0.0;
};

/// Projections keep the size of a row (1 / sqrt of inputs); a tied table is smaller, so that logits stay near one.
Scale scale_of(const TensorShape& tensor, bool tied_head) {
    if (tensor.name.ends_with("norm.weight")) return {1.0, 0.1};
    if (tensor.name.ends_with(".bias")) return {0.0, 0.1};
    const double inputs = double(tensor.shape.back());
    if (tensor.name == "model.embed_tokens.weight") return {0.0, tied_head ? 1.0 / std::sqrt(std::sqrt(inputs)) : 1.0};
    return {0.0, 1.0 / std::sqrt(inputs)};
}

void store(float value, Dtype dtype, std::byte* out) {
    const uint16_t half = dtype == Dtype::f16 ? float_to_half(value) : float_to_bf16(value);
    if (dtype == Dtype::f32)
        std::memcpy(out, &value, sizeof value);
    else
        std::memcpy(out, &half, sizeof half);
}

uint64_t elements_of(const TensorShape& tensor) {
    uint64_t elements = 1;
    for (const int64_t dimension : tensor.shape) elements *= uint64_t(dimension);
    return elements;
}

}  // namespace

LlmWeights random_weights(const LlmConfig& llm, uint64_t seed, Dtype dtype) {
    const double bytes = weight_bytes(llm, dtype_bytes(dtype));
    if (bytes > 4e9)
        throw user_error("model '", llm.name, "': ", bytes, " bytes of random weights (allowed: up to 4e9)");
    const auto storage = std::make_shared<std::vector<std::byte>>(size_t(bytes));
    Checkpoint checkpoint{"random weights of " + llm.name, {}, storage};
    size_t offset = 0;
    uint64_t index = 0;
    for (const TensorShape& tensor : tensor_shapes(llm)) {
        const uint64_t elements = elements_of(tensor), key = mix(seed ^ mix(index++));
        const Scale scale = scale_of(tensor, llm.tied_head);
        const std::span<std::byte> data = std::span(*storage).subspan(offset, elements * size_t(dtype_bytes(dtype)));
        for (uint64_t i = 0; i < elements; ++i)
            store(float(scale.mean + scale.deviation * bell(key, i)), dtype, &data[i * size_t(dtype_bytes(dtype))]);
        checkpoint.tensors.emplace(tensor.name, Tensor{tensor.name, dtype, tensor.shape, data});
        offset += data.size();
    }
    return bind_weights(llm, std::move(checkpoint));
}

}  // namespace superlane
