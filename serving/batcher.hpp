// SPDX-License-Identifier: Apache-2.0
// Continuous batching: which requests take part in the next step, with how many tokens, and who must give way.
#pragma once
#include <functional>

#include "serving/waiting.hpp"

namespace superlane::serving {

/// One request's part of a step.
struct Work {
    Active* request = nullptr;
    int64_t new_tokens = 0;
};

class Batcher {
public:
    /// UserError when the options allow no run.
    Batcher(traces::RequestSource& source, const ServerOptions& options);

    /// The next step into `work`, empty when nobody can do anything. In order of admission each request that is in no
    /// step takes in its known tokens, as far as step_tokens reaches; when pages run out the latest gives way. Then
    /// waiting requests are admitted, if nobody had to.
    StepShape form(double now_s, std::vector<Work>& work);
    /// The step is over: its tokens are in the KV cache. Hands each request that is finished to `done`.
    void end(const std::vector<Work>& work, double now_s, const std::function<void(const Active&)>& done);

    /// Every cache is lost, no step being in flight: all that were served wait again, in their order.
    void lose_kv();

    bool idle() const { return running_.empty() && waiting_.empty(); }
    int64_t served() const { return int64_t(running_.size()); }
    const Waiting& waiting() const { return waiting_; }
    const KvPages& kv() const { return kv_; }
    int64_t owned_pages() const;  ///< sum over the requests, without shared blocks
    int64_t preemptions() const { return preemptions_; }
    int64_t reused_tokens() const { return reused_tokens_; }
    int64_t dropped_tokens() const { return dropped_tokens_; }

private:
    bool make_room(Active& request, int64_t tokens, size_t place);
    void preempt(size_t place);
    void admit(double now_s, int64_t& budget, StepShape& shape, std::vector<Work>& work);
    static void begin(Active& request, int64_t& budget, StepShape& shape, std::vector<Work>& work);
    void emit_token(Active& request, double now_s);

    const ServerOptions& options_;
    KvPages kv_;
    Waiting waiting_;
    std::vector<std::unique_ptr<Active>> running_;  ///< in order of admission
    size_t step_requests_;
    int64_t preemptions_ = 0, reused_tokens_ = 0, dropped_tokens_ = 0;
};

}  // namespace superlane::serving
