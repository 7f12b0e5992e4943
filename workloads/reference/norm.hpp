// SPDX-License-Identifier: Apache-2.0
// Norms of the reference executor: RMS with gain or one plus gain, and LayerNorm.
#pragma once
#include <span>
#include <vector>

#include "models/llm.hpp"
#include "models/tensor.hpp"

namespace superlane::reference {

class Norm {
public:
    Norm() = default;  ///< empty: a norm the model does not have
    Norm(NormKind kind, double epsilon, const Tensor& gain, const Tensor& bias);
    bool empty() const { return gain_.empty(); }
    /// Every run of as many elements as there are gains is normed by itself.
    std::vector<float> apply(std::span<const float> x) const;

private:
    NormKind kind_ = NormKind::rms;
    double epsilon_ = 0.0;
    std::vector<float> gain_, bias_;  // bias_ may be empty
};

}  // namespace superlane::reference
