// SPDX-License-Identifier: Apache-2.0
// Projections in plain loops; sums are kept in double (or exactly in int32), so this side is the more exact one.
#include "workloads/reference/linear.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"

namespace superlane::reference {

QuantizedRow quantize(std::span<const float> row) {
    QuantizedRow out{std::vector<int8_t>(row.size()), 0.0f};
    float largest = 0.0f;
    for (const float value : row) largest = std::max(largest, std::fabs(value));
    out.scale = largest / 127.0f;
    if (out.scale == 0.0f) return out;
    for (size_t i = 0; i < row.size(); ++i)  // nearbyint: half to even, the rounding mode that no one changes
        out.q[i] = int8_t(std::clamp(std::nearbyint(row[i] / out.scale), -127.0f, 127.0f));
    return out;
}

double dot(const float* a, const float* b, size_t count) {
    std::array<double, 8> lane{};  // eight chains, so that the compiler may keep them in vector registers
    size_t k = 0;
    for (; k + lane.size() <= count; k += lane.size())
        for (size_t i = 0; i < lane.size(); ++i) lane[i] += double(a[k + i]) * double(b[k + i]);
    for (; k < count; ++k) lane[0] += double(a[k]) * double(b[k]);
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

namespace {

int32_t dot_int8(const std::vector<int8_t>& a, const std::vector<int8_t>& b) {
    int32_t sum = 0;
    for (size_t k = 0; k < a.size(); ++k) sum += int32_t{a[k]} * int32_t{b[k]};
    return sum;
}

}  // namespace

Linear::Linear(const Tensor& weight, const Tensor& bias, Rounding rounding)
    : inputs_(size_t(weight.columns())), outputs_(size_t(weight.rows())), rounding_(rounding) {
    SUPERLANE_CHECK(inputs_ < (size_t{1} << 17), weight.name, inputs_);  // 127 * 127 * inputs stays in int32
    if (rounding == Rounding::chip_int8)
        load_int8(weight);
    else
        load_floats(weight, rounding);
    if (!bias.empty()) bias_ = bias.floats();
}

void Linear::load_floats(const Tensor& weight, Rounding rounding) {
    if (rounding == Rounding::none) {
        weight_ = weight.floats();
        return;
    }
    for (const uint16_t half : weight.halves()) weight_.push_back(half_to_float(half));
}

void Linear::load_int8(const Tensor& weight) {
    std::vector<float> row(inputs_);
    for (int64_t r = 0; r < weight.rows(); ++r) {
        weight.row(r, row);
        rows_.push_back(quantize(row));
    }
}

std::vector<float> Linear::rounded_input(std::span<const float> x) const {
    std::vector<float> rounded(x.begin(), x.end());
    if (rounding_ == Rounding::chip_fp16)
        for (float& value : rounded) value = r16(value);
    return rounded;
}

std::vector<float> Linear::apply(std::span<const float> x) const {
    SUPERLANE_CHECK(inputs_ > 0 && x.size() % inputs_ == 0, x.size(), inputs_);
    std::vector<float> y;
    y.reserve(x.size() / inputs_ * outputs_);
    for (size_t start = 0; start < x.size(); start += inputs_) {
        const std::span<const float> row = x.subspan(start, inputs_);
        if (rounding_ == Rounding::chip_int8) {
            const QuantizedRow input = quantize(row);
            for (const QuantizedRow& output : rows_)
                y.push_back(float(double(dot_int8(input.q, output.q)) * double(input.scale) * double(output.scale)));
        } else {
            const std::vector<float> input = rounded_input(row);
            for (size_t out = 0; out < outputs_; ++out)
                y.push_back(float(dot(input.data(), &weight_[out * inputs_], inputs_)));
        }
        for (size_t out = 0; out < bias_.size(); ++out) y[y.size() - outputs_ + out] += bias_[out];
    }
    return y;
}

}  // namespace superlane::reference
