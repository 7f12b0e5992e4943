// SPDX-License-Identifier: Apache-2.0
// A projection of the reference executor: y = W x + b, with the inputs and weights rounded as the mode says.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "models/tensor.hpp"
#include "workloads/reference/rounding.hpp"

namespace superlane::reference {

/// One row as int8 with its scale: value = q * scale. A zero row has scale 0 and all q 0.
struct QuantizedRow {
    std::vector<int8_t> q;
    float scale = 0.0f;
};
QuantizedRow quantize(std::span<const float> row);

/// sum a_k * b_k, accumulated in double.
double dot(const float* a, const float* b, size_t count);

class Linear {
public:
    Linear() = default;
    /// `bias` may be empty(). UserError when a weight does not fit fp16 in chip_fp16.
    Linear(const Tensor& weight, const Tensor& bias, Rounding rounding);
    size_t inputs() const { return inputs_; }
    size_t outputs() const { return outputs_; }
    /// x: rows * inputs() values -> rows * outputs() values, float32.
    std::vector<float> apply(std::span<const float> x) const;

private:
    void load_floats(const Tensor& weight, Rounding rounding);
    void load_int8(const Tensor& weight);
    std::vector<float> rounded_input(std::span<const float> x) const;

    size_t inputs_ = 0, outputs_ = 0;
    Rounding rounding_ = Rounding::none;
    std::vector<float> weight_;       // [outputs, inputs], unless int8
    std::vector<QuantizedRow> rows_;  // int8: one per output
    std::vector<float> bias_;         // empty, or one per output
};

}  // namespace superlane::reference
