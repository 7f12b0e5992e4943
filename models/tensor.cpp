// SPDX-License-Identifier: Apache-2.0
// Conversion of stored weights, row by row; every stored width converts to float exactly.
#include "models/tensor.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.hpp"
#include "base/half.hpp"

namespace superlane {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian");

/// memcpy, for a tensor may start at an odd byte of its file.
template <class Stored>
Stored stored_at(const std::byte* data, size_t index) {
    Stored value;
    std::memcpy(&value, data + index * sizeof value, sizeof value);
    return value;
}

float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

const std::byte* row_start(const Tensor& tensor, int64_t row) {
    SUPERLANE_CHECK(row >= 0 && row < tensor.rows(), tensor.name, row);
    const int64_t stride = tensor.row_stride == 0 ? tensor.columns() : tensor.row_stride;
    return tensor.bytes.data() + size_t(row * stride) * size_t(dtype_bytes(tensor.dtype));
}

}  // namespace

const char* dtype_name(Dtype dtype) {
    constexpr const char* names[] = {"F32", "F16", "BF16"};
    return names[int(dtype)];
}

int dtype_bytes(Dtype dtype) { return dtype == Dtype::f32 ? 4 : 2; }

float Tensor::at(int64_t r, int64_t column) const {
    SUPERLANE_CHECK(column >= 0 && column < columns(), name, column);
    const std::byte* data = row_start(*this, r);
    const size_t index = size_t(column * column_stride);
    if (dtype == Dtype::f32) return stored_at<float>(data, index);
    const uint16_t bits = stored_at<uint16_t>(data, index);
    return dtype == Dtype::f16 ? half_to_float(bits) : bf16_to_float(bits);
}

void Tensor::row(int64_t r, std::span<float> out) const {
    SUPERLANE_CHECK(int64_t(out.size()) == columns(), name, out.size());
    const std::byte* data = row_start(*this, r);
    if (column_stride != 1) {
        for (size_t i = 0; i < out.size(); ++i) out[i] = at(r, int64_t(i));
    } else if (dtype == Dtype::f32) {
        std::memcpy(out.data(), data, out.size_bytes());
    } else if (dtype == Dtype::f16) {
        for (size_t i = 0; i < out.size(); ++i) out[i] = half_to_float(stored_at<uint16_t>(data, i));
    } else {
        for (size_t i = 0; i < out.size(); ++i) out[i] = bf16_to_float(stored_at<uint16_t>(data, i));
    }
}

void Tensor::row_halves(int64_t r, std::span<uint16_t> out) const {
    std::vector<float> values(out.size());
    row(r, values);
    for (size_t i = 0; i < out.size(); ++i) {
        out[i] = float_to_half(values[i]);
        if ((out[i] & 0x7c00u) == 0x7c00u)
            throw user_error("tensor '", name, "': value ", values[i], " at [", r, ", ", i,
                             "] does not fit fp16 (allowed: -65504 to 65504)");
    }
}

std::vector<float> Tensor::floats() const {
    std::vector<float> all(size_t(rows() * columns()));
    for (int64_t r = 0; r < rows() && columns() > 0; ++r)
        row(r, std::span(all).subspan(size_t(r * columns()), size_t(columns())));
    return all;
}

std::vector<uint16_t> Tensor::halves() const {
    std::vector<uint16_t> all(size_t(rows() * columns()));
    for (int64_t r = 0; r < rows() && columns() > 0; ++r)
        row_halves(r, std::span(all).subspan(size_t(r * columns()), size_t(columns())));
    return all;
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t dimension : shape) text += (text.empty() ? "" : ", ") + std::to_string(dimension);
    return "[" + text + "]";
}

}  // namespace superlane
