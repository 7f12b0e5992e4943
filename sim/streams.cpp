// SPDX-License-Identifier: Apache-2.0
// Forgetting of segments, and the exact count of driven registers where segments overlap.
#include "sim/streams.hpp"

#include "sim/sources.hpp"

namespace superlane::sim {

void StreamLine::drop(int64_t oldest, SourcePool* sources) {
    while (head_ < segments_.size() && segments_[head_].last < oldest) {
        if (sources) sources->release(segments_[head_].source);
        ++head_;
    }
    if (head_ < 8 || head_ * 2 < segments_.size()) return;
    segments_.erase(segments_.begin(), segments_.begin() + std::ptrdiff_t(head_));
    head_ = 0;
}

int64_t StreamLine::newly_driven(const Segment& added, int32_t end) const {
    int64_t driven = 0;
    for (uint32_t i = 0; i < added.diagonal.count; ++i) {
        const int64_t c = added.diagonal.at(i);
        int32_t from = end + 1;  // most upstream driver so far; everything after it is driven already
        overlapping({c, 1, 1}, [&](const Segment& segment) {
            if (segment.covers(c)) from = std::min(from, segment.position);
        });
        driven += std::max(0, from - added.position);
    }
    return driven;
}

}  // namespace superlane::sim
