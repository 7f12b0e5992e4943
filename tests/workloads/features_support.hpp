// SPDX-License-Identifier: Apache-2.0
// What the tests of families share: logits of a fixed prompt, what a probe shows of it, and tensors of chosen values.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "models/checkpoint.hpp"
#include "tests/models/families_support.hpp"
#include "workloads/reference/reference.hpp"

namespace superlane::test {

inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
    double largest = a.size() == b.size() ? 0 : 1e9;
    for (size_t i = 0; i < a.size() && i < b.size(); ++i)
        largest = std::max(largest, std::fabs(double(a[i]) - double(b[i])));
    return largest;
}

inline const std::vector<int> prompt{3, 16, 0, 5, 5, 9};

inline std::vector<float> logits_of(const LlmConfig& llm, const LlmWeights& weights,
                                    Rounding rounding = Rounding::none) {
    return Reference(llm, weights, rounding).prefill(0, prompt);
}

/// The values that a probe of this name shows in a prefill of the prompt, row after row.
inline std::vector<float> shown(const LlmConfig& llm, const LlmWeights& weights, int layer, const std::string& name) {
    std::vector<float> all;
    Reference reference(llm, weights, Rounding::none);
    reference.set_probe([&](int, int at, std::string_view what, std::span<const float> values) {
        if (at == layer && what == name) all.insert(all.end(), values.begin(), values.end());
    });
    reference.prefill(0, prompt);
    return all;
}

/// Owns the values of tensors that a test puts in place of a model's own.
class Values {
public:
    Tensor tensor(std::vector<int64_t> shape, std::vector<float> values) {
        storage_.push_back(std::move(values));
        return {"test", Dtype::f32, std::move(shape), std::as_bytes(std::span(storage_.back()))};
    }
    Tensor filled(const Tensor& like, float value) {
        return tensor(like.shape, std::vector<float>(size_t(like.rows() * like.columns()), value));
    }
    Tensor times(const Tensor& tensor_, float factor) {
        std::vector<float> values = tensor_.floats();
        for (float& value : values) value *= factor;
        return tensor(tensor_.shape, std::move(values));
    }

private:
    std::vector<std::vector<float>> storage_;
};

}  // namespace superlane::test
