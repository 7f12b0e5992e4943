// SPDX-License-Identifier: Apache-2.0
// Random requests for tests, with prompts that begin alike, and lists of requests.
#pragma once
#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "models/counter_random.hpp"
#include "serving/server.hpp"
#include "serving/step_time.hpp"

namespace superlane::test {

/// A decode step of so many requests, each at this context.
inline serving::StepShape decode(int64_t requests, int64_t context) {
    serving::StepShape shape;
    for (int64_t i = 0; i < requests; ++i) shape.add(context, 1);
    return shape;
}

class Listed : public traces::RequestSource {
public:
    explicit Listed(std::vector<traces::Request> requests, int block_tokens = 0)
        : requests_(std::move(requests)), block_tokens_(block_tokens) {}
    bool next(traces::Request& request) override {
        if (next_ == requests_.size()) return false;
        request = requests_[next_++];
        return true;
    }
    int block_tokens() const override { return block_tokens_; }
    void refuse(const traces::Request& request, const std::string& why) override {
        throw user_error("request ", request.line, ": ", why);
    }

private:
    std::vector<traces::Request> requests_;
    int block_tokens_;
    size_t next_ = 0;
};

inline traces::Request request(double arrival_s, int64_t prompt, int64_t output, std::vector<uint64_t> blocks = {}) {
    return {.arrival_s = arrival_s, .prompt_tokens = prompt, .output_tokens = output, .blocks = std::move(blocks)};
}

/// Arrivals at random gaps; most prompts begin with one of a few conversations.
inline std::vector<traces::Request> random_requests(uint64_t seed, int count, double mean_gap_s, int block_tokens) {
    uint64_t draws = 0;
    const auto below = [&](uint64_t n) { return int64_t(mix(seed ^ mix(++draws)) % n); };
    std::vector<traces::Request> requests;
    double now_s = 0;
    for (int i = 0; i < count; ++i) {
        now_s += mean_gap_s * double(below(2000)) / 1000;
        traces::Request r = request(now_s, 1 + below(300), 1 + below(80));
        const int64_t blocks = block_tokens > 0 ? r.prompt_tokens / block_tokens : 0, talk = below(6), own = below(4);
        for (int64_t b = 0; b < blocks; ++b)
            r.blocks.push_back(uint64_t(b < own ? 1000 * talk + b : 1'000'000 + 1000 * i + b));
        r.line = i + 1;
        requests.push_back(std::move(r));
    }
    return requests;
}

}  // namespace superlane::test
