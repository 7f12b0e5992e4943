// SPDX-License-Identifier: Apache-2.0
// One row at a time; sums in double, so this side is the more exact one.
#include "workloads/reference/norm.hpp"

#include <cmath>

#include "base/error.hpp"
#include "workloads/reference/linear.hpp"

namespace superlane::reference {

Norm::Norm(NormKind kind, double epsilon, const Tensor& gain, const Tensor& bias) : kind_(kind), epsilon_(epsilon) {
    if (gain.empty()) return;
    gain_ = gain.floats();
    if (kind == NormKind::rms_plus_one)
        for (float& value : gain_) value += 1.0f;
    if (!bias.empty()) bias_ = bias.floats();
}

std::vector<float> Norm::apply(std::span<const float> x) const {
    const size_t d = gain_.size();
    SUPERLANE_CHECK(d > 0 && x.size() % d == 0, x.size(), d);
    std::vector<float> h(x.size());
    for (size_t start = 0; start < x.size(); start += d) {
        std::vector<float> row(x.begin() + std::ptrdiff_t(start), x.begin() + std::ptrdiff_t(start + d));
        if (kind_ == NormKind::layer) {
            double sum = 0.0;
            for (const float value : row) sum += double(value);
            const float mean = float(sum / double(d));
            for (float& value : row) value -= mean;
        }
        const float r = float(1.0 / std::sqrt(dot(row.data(), row.data(), d) / double(d) + epsilon_));
        for (size_t i = 0; i < d; ++i) h[start + i] = (row[i] * r) * gain_[i] + (bias_.empty() ? 0.0f : bias_[i]);
    }
    return h;
}

}  // namespace superlane::reference
