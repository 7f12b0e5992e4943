// SPDX-License-Identifier: Apache-2.0
// Quantiles of any number of values in constant memory: counts over buckets of equal relative width.
#pragma once
#include <cstdint>
#include <vector>

namespace superlane::serving {

/// Values from 0; what is below 1 ns counts as 0. A quantile is within 2^-11 (0.05 %) of the exact one.
class Quantiles {
public:
    void add(double value);
    int64_t count() const { return count_; }
    double mean() const { return count_ > 0 ? sum_ / double(count_) : 0; }
    double least() const { return count_ > 0 ? least_ : 0; }
    double most() const { return most_; }
    /// The smallest value that a share `q` of all values does not exceed; 0 when there are none.
    double at(double q) const;

private:
    std::vector<int64_t> buckets_;
    int64_t count_ = 0;
    double sum_ = 0, least_ = 0, most_ = 0;
};

}  // namespace superlane::serving
