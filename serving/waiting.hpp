// SPDX-License-Identifier: Apache-2.0
// The waiting requests: preempted ones first, then those of the source that have arrived, read no sooner than needed.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "serving/active.hpp"

namespace superlane::serving {

class Waiting {
public:
    /// Requests over `max_tokens` can never be served: the source refuses them.
    Waiting(traces::RequestSource& source, int64_t max_tokens, bool blocks);

    /// The first in line at this time, or null.
    Active* front(double now_s);
    /// Takes it out of the line.
    std::unique_ptr<Active> pop();
    void push_front(std::unique_ptr<Active> preempted) { preempted_.push_front(std::move(preempted)); }
    /// Its memory serves a later request.
    void recycle(std::unique_ptr<Active> done) { spare_.push_back(std::move(done)); }
    bool empty() const { return preempted_.empty() && !next_; }
    /// When the next request of the source arrives; only if it is not empty.
    bool has_next() const { return next_ != nullptr; }
    double next_arrival_s() const { return next_->request.arrival_s; }

private:
    void read();

    traces::RequestSource& source_;
    int64_t max_tokens_;
    bool blocks_;
    std::deque<std::unique_ptr<Active>> preempted_;
    std::unique_ptr<Active> next_;
    std::vector<std::unique_ptr<Active>> spare_;
};

}  // namespace superlane::serving
