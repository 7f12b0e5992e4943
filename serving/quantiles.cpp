// SPDX-License-Identifier: Apache-2.0
// Buckets are the leading bits of IEEE numbers: exponent and ten bits of the mantissa, so no logarithm is needed.
#include "serving/quantiles.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.hpp"

namespace superlane::serving {
namespace {

constexpr int mantissa_bits = 10, dropped_bits = 52 - mantissa_bits;
constexpr double smallest = 0x1p-30, largest = 0x1p34;
constexpr uint64_t first = std::bit_cast<uint64_t>(smallest) >> dropped_bits;
constexpr size_t buckets = size_t((std::bit_cast<uint64_t>(largest) >> dropped_bits) - first);

size_t bucket(double value) {
    return size_t((std::bit_cast<uint64_t>(std::clamp(value, smallest, largest * 0.999)) >> dropped_bits) - first);
}

/// The middle of a bucket.
double value_of(size_t bucket) {
    const uint64_t half = uint64_t(1) << (dropped_bits - 1);
    return bucket == 0 ? 0 : std::bit_cast<double>(((bucket + first) << dropped_bits) | half);
}

}  // namespace

void Quantiles::add(double value) {
    SUPERLANE_CHECK(value >= 0, "a time of", value);
    if (buckets_.empty()) buckets_.resize(buckets);
    ++buckets_[bucket(value)];
    least_ = count_ == 0 ? value : std::min(least_, value);
    most_ = std::max(most_, value);
    sum_ += value;
    ++count_;
}

double Quantiles::at(double q) const {
    if (count_ == 0) return 0;
    const int64_t rank = std::clamp<int64_t>(int64_t(std::ceil(q * double(count_))), 1, count_);
    if (rank == count_) return most_;
    int64_t below = 0;
    for (size_t i = 0; i < buckets; ++i)
        if ((below += buckets_[i]) >= rank) return std::clamp(value_of(i), least_, most_);
    return most_;
}

}  // namespace superlane::serving
