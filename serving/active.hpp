// SPDX-License-Identifier: Apache-2.0
// A request on its way through the server.
#pragma once
#include "serving/kv_pages.hpp"
#include "serving/server.hpp"

namespace superlane::serving {

/// Prefill and decode are one thing: a step takes in tokens that are known but not yet in the KV cache, and when none
/// is left it makes the next one known. A preempted request forgets its cache, not its tokens.
struct Active {
    traces::Request request;
    RequestRecord record;
    KvPages::Holding kv;
    int64_t known = 0;     ///< prompt and generated tokens
    int64_t computed = 0;  ///< of these in the KV cache
    bool admitted = false, in_flight = false;
    bool lost = false;  ///< its cache, by a fault

    /// `request` is new, all else from the one before.
    void begin() {
        record = {.line = request.line,
                  .prompt_tokens = request.prompt_tokens,
                  .output_tokens = request.output_tokens,
                  .arrival_s = request.arrival_s};
        kv = {};
        known = request.prompt_tokens;
        computed = 0;
        admitted = in_flight = lost = false;
    }
    int64_t generated() const { return known - request.prompt_tokens; }
    bool finished() const { return generated() == request.output_tokens; }
};

}  // namespace superlane::serving
