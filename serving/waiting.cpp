// SPDX-License-Identifier: Apache-2.0
// Since requests are served in order, a queue of any length needs only its head.
#include "serving/waiting.hpp"

#include "base/error.hpp"

namespace superlane::serving {

Waiting::Waiting(traces::RequestSource& source, int64_t max_tokens, bool blocks)
    : source_(source), max_tokens_(max_tokens), blocks_(blocks) {
    read();
}

Active* Waiting::front(double now_s) {
    if (!preempted_.empty()) return preempted_.front().get();
    return next_ && next_->request.arrival_s <= now_s ? next_.get() : nullptr;
}

std::unique_ptr<Active> Waiting::pop() {
    std::unique_ptr<Active> first;
    if (!preempted_.empty()) {
        first = std::move(preempted_.front());
        preempted_.pop_front();
    } else {
        first = std::move(next_);
        read();
    }
    return first;
}

void Waiting::read() {
    if (spare_.empty()) spare_.push_back(std::make_unique<Active>());
    Active& fresh = *spare_.back();
    traces::Request& request = fresh.request;
    while (source_.next(request)) {
        // The last token is handed out, never taken in.
        const int64_t tokens = request.prompt_tokens + request.output_tokens - 1;
        if (tokens > max_tokens_) {
            source_.refuse(request, "a prompt of " + std::to_string(request.prompt_tokens) + " and an output of " +
                                        std::to_string(request.output_tokens) + " tokens take " +
                                        std::to_string(tokens) + " positions, a request can have at most " +
                                        std::to_string(max_tokens_));
            continue;
        }
        const int block_tokens = source_.block_tokens();
        const int64_t full = blocks_ && block_tokens > 0 ? request.prompt_tokens / block_tokens : 0;
        if (int64_t(request.blocks.size()) > full) request.blocks.resize(size_t(full));
        fresh.begin();
        next_ = std::move(spare_.back());
        spare_.pop_back();
        return;
    }
}

}  // namespace superlane::serving
