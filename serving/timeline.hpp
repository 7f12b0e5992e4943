// SPDX-License-Identifier: Apache-2.0
// Occupancy over time in a bounded number of equal intervals, however long a run is.
#pragma once
#include <cstdint>
#include <vector>

namespace superlane::serving {

class Timeline {
public:
    struct Interval {
        double seconds = 0;          ///< covered
        double kv_page_seconds = 0;  ///< integral of the pages in use
        double request_seconds = 0;  ///< integral of the requests being served
        int64_t most_kv_pages = 0;
    };
    /// These pages and requests from `begin` to `end`; calls follow each other in time, the first may begin anywhere.
    void add(double begin_s, double end_s, int64_t kv_pages, int64_t requests);
    double begin_s() const { return begin_s_; }
    double width_s() const { return width_s_; }
    const std::vector<Interval>& intervals() const { return intervals_; }
    Interval total() const;

private:
    static void join(Interval& into, const Interval& other);
    void halve();

    double begin_s_ = -1, width_s_ = 1e-3;
    std::vector<Interval> intervals_;
};

}  // namespace superlane::serving
