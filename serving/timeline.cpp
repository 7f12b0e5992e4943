// SPDX-License-Identifier: Apache-2.0
// When there are too many intervals, each two become one.
#include "serving/timeline.hpp"

#include <algorithm>

namespace superlane::serving {
namespace {

constexpr size_t most_intervals = 256;

}  // namespace

void Timeline::join(Interval& into, const Interval& other) {
    into.seconds += other.seconds;
    into.kv_page_seconds += other.kv_page_seconds;
    into.request_seconds += other.request_seconds;
    into.most_kv_pages = std::max(into.most_kv_pages, other.most_kv_pages);
}

void Timeline::halve() {
    for (size_t i = 0; 2 * i < intervals_.size(); ++i) {
        Interval joined = intervals_[2 * i];
        if (2 * i + 1 < intervals_.size()) join(joined, intervals_[2 * i + 1]);
        intervals_[i] = joined;
    }
    intervals_.resize((intervals_.size() + 1) / 2);
    width_s_ *= 2;
}

void Timeline::add(double begin_s, double end_s, int64_t kv_pages, int64_t requests) {
    if (begin_s_ < 0) begin_s_ = begin_s;
    while ((end_s - begin_s_) / width_s_ > double(most_intervals)) halve();
    for (double from = begin_s; from < end_s;) {
        const size_t i = std::min(size_t((from - begin_s_) / width_s_), most_intervals - 1);
        // Rounding may put the end of interval i at or before `from`: then all that is left goes into it.
        const double edge = begin_s_ + double(i + 1) * width_s_, to = edge > from ? std::min(edge, end_s) : end_s;
        const double seconds = to - from;
        if (intervals_.size() <= i) intervals_.resize(i + 1);
        join(intervals_[i], {seconds, seconds * double(kv_pages), seconds * double(requests), kv_pages});
        from = to;
    }
}

Timeline::Interval Timeline::total() const {
    Interval sum;
    for (const Interval& each : intervals_) join(sum, each);
    return sum;
}

}  // namespace superlane::serving
