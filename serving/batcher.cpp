// SPDX-License-Identifier: Apache-2.0
// One pass in order of admission, so that those who came first are never kept from their tokens by later ones.
#include "serving/batcher.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/integers.hpp"

namespace superlane::serving {
namespace {

int block_tokens(const traces::RequestSource& source, const ServerOptions& options) {
    const int tokens = options.reuse_prefixes ? source.block_tokens() : 0;
    if (options.page_tokens < 1) throw user_error("page_tokens ", options.page_tokens, ": must be at least 1");
    if (tokens % options.page_tokens != 0)
        throw user_error("page_tokens ", options.page_tokens, ": must divide the trace's blocks of ", tokens,
                         " tokens, or prefixes not be reused");
    return tokens;
}

int64_t most_tokens(const ServerOptions& options) {
    const auto at_least_1 = [](const char* name, int64_t value) {
        if (value < 1) throw user_error(name, " ", value, ": must be at least 1");
    };
    at_least_1("kv_pages", options.kv_pages);
    at_least_1("max_requests", options.max_requests);
    at_least_1("step_tokens", options.step_tokens);
    at_least_1("pipeline_steps", options.pipeline_steps);
    const int64_t room = options.kv_pages * options.page_tokens;
    return options.max_tokens > 0 ? std::min(options.max_tokens, room) : room;
}

}  // namespace

Batcher::Batcher(traces::RequestSource& source, const ServerOptions& options)
    : options_(options),
      kv_(options.kv_pages, options.page_tokens, block_tokens(source, options)),
      waiting_(source, most_tokens(options), options.reuse_prefixes),
      step_requests_(size_t((options.max_requests + options.pipeline_steps - 1) / options.pipeline_steps)) {}

StepShape Batcher::form(double now_s, std::vector<Work>& work) {
    StepShape shape;
    int64_t budget = options_.step_tokens;
    const int64_t preemptions = preemptions_;
    const size_t part = size_t(ceil_div(served(), options_.pipeline_steps));
    const size_t most = options_.even_steps ? std::min(step_requests_, part) : step_requests_;
    for (size_t i = 0; i < running_.size() && budget > 0 && work.size() < most; ++i) {
        Active& request = *running_[i];
        if (request.in_flight) continue;
        const int64_t new_tokens = std::min(request.known - request.computed, budget);
        if (make_room(request, request.computed + new_tokens, i)) begin(request, budget, shape, work);
    }
    if (preemptions == preemptions_) admit(now_s, budget, shape, work);
    return shape;
}

void Batcher::begin(Active& request, int64_t& budget, StepShape& shape, std::vector<Work>& work) {
    const int64_t new_tokens = std::min(request.known - request.computed, budget);
    budget -= new_tokens;
    shape.add(request.computed, new_tokens);
    work.push_back({&request, new_tokens});
    request.in_flight = true;
}

/// False when the request itself, at this place, had to give way.
bool Batcher::make_room(Active& request, int64_t tokens, size_t place) {
    while (!kv_.grow(request.kv, tokens)) {
        size_t last = running_.size() - 1;
        while (running_[last]->in_flight) --last;  // at the latest `place` is in no step
        preempt(last);
        if (last == place) return false;
    }
    return true;
}

void Batcher::preempt(size_t place) {
    std::unique_ptr<Active> request = std::move(running_[place]);
    running_.erase(running_.begin() + std::ptrdiff_t(place));
    kv_.release(request->kv, request->request.blocks);
    dropped_tokens_ += request->computed;
    request->computed = 0;
    ++request->record.preemptions;
    ++preemptions_;
    waiting_.push_front(std::move(request));
}

void Batcher::lose_kv() {
    while (!running_.empty()) {
        running_.back()->lost = true;
        preempt(running_.size() - 1);
    }
    kv_.forget();
}

void Batcher::admit(double now_s, int64_t& budget, StepShape& shape, std::vector<Work>& work) {
    while (budget > 0 && work.size() < step_requests_ && served() < options_.max_requests) {
        Active* first = waiting_.front(now_s);
        if (!first || !kv_.admit(first->kv, first->request.blocks, first->known)) return;
        first->computed = kv_.shared_tokens(first->kv);
        if (options_.decode_only && !first->lost) first->computed = first->known - 1;
        reused_tokens_ += first->computed;
        first->record.reused_tokens += first->computed;
        if (!first->admitted) first->record.admitted_s = now_s;
        first->admitted = true;
        running_.push_back(waiting_.pop());
        begin(*first, budget, shape, work);
    }
}

void Batcher::emit_token(Active& request, double now_s) {
    if (request.generated() == 0) request.record.first_token_s = now_s;
    ++request.known;
    request.record.last_token_s = now_s;
}

void Batcher::end(const std::vector<Work>& work, double now_s, const std::function<void(const Active&)>& done) {
    bool any = false;
    for (const Work& part : work) {
        Active& request = *part.request;
        request.in_flight = false;
        request.computed += part.new_tokens;
        if (request.kv.blocks < int64_t(request.request.blocks.size()))
            kv_.share(request.kv, request.request.blocks, request.computed);
        if (request.computed < request.known) continue;
        emit_token(request, now_s);
        if (!request.finished()) continue;
        kv_.release(request.kv, request.request.blocks);
        done(request);
        any = true;
    }
    if (!any) return;
    const auto keep = std::stable_partition(
        running_.begin(), running_.end(), [](const std::unique_ptr<Active>& request) { return !request->finished(); });
    for (auto each = keep; each != running_.end(); ++each) waiting_.recycle(std::move(*each));
    running_.erase(keep, running_.end());
}

int64_t Batcher::owned_pages() const {
    int64_t pages = 0;
    for (const auto& request : running_) pages += request->kv.pages;
    return pages;
}

}  // namespace superlane::serving
