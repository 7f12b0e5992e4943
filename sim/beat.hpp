// SPDX-License-Identifier: Apache-2.0
// Cycles in arithmetic progression: when the elements of a burst are dispatched, access a bank, or stand on a register.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

namespace superlane::sim {

struct Beat {
    int64_t first = 0;
    uint32_t count = 1;
    uint32_t interval = 1;

    int64_t last() const { return first + int64_t(count - 1) * interval; }
    int64_t at(uint32_t index) const { return first + int64_t(index) * interval; }
    bool covers(int64_t cycle) const {
        return cycle >= first && cycle <= last() && (interval == 1 || (cycle - first) % interval == 0);
    }
    /// How many elements are before `cycle`, which is after the first.
    uint32_t reached(int64_t cycle) const { return std::min(count, uint32_t((cycle - first + interval - 1) / interval)); }
    Beat delayed(int64_t cycles) const { return {first + cycles, count, interval}; }
};

/// The first cycle that two beats share.
inline std::optional<int64_t> first_common(const Beat& a, const Beat& b) {
    const int64_t low = std::max(a.first, b.first), high = std::min(a.last(), b.last());
    if (low > high) return std::nullopt;
    const Beat& sparse = a.interval >= b.interval ? a : b;
    const Beat& dense = a.interval >= b.interval ? b : a;
    const int64_t skipped = (low - sparse.first + sparse.interval - 1) / sparse.interval;
    for (int64_t cycle = sparse.first + skipped * sparse.interval; cycle <= high; cycle += sparse.interval)
        if (dense.covers(cycle)) return cycle;
    return std::nullopt;
}

}  // namespace superlane::sim
