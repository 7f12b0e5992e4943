// SPDX-License-Identifier: Apache-2.0
// The step-time interface: what a machine takes for one step of a batch, whatever the machine is.
#pragma once
#include <algorithm>
#include <cstdint>

namespace superlane::serving {

/// What a step does, summed over its requests. A request takes `new` tokens with `context` tokens in its KV cache.
struct StepShape {
    struct Part {
        int64_t requests = 0;
        int64_t new_tokens = 0;
        int64_t context_tokens = 0;  ///< in the caches before the step: what attention reads
        int64_t pairs = 0;           ///< of a query and a key: what attention computes
    };
    Part decode;          ///< requests with one new token
    Part prefill;         ///< requests with more
    int64_t longest = 0;  ///< tokens in the longest cache after the step

    void add(int64_t context, int64_t new_tokens) {
        Part& part = new_tokens == 1 ? decode : prefill;
        ++part.requests;
        part.new_tokens += new_tokens;
        part.context_tokens += context;
        part.pairs += new_tokens * context + new_tokens * (new_tokens + 1) / 2;
        longest = std::max(longest, context + new_tokens);
    }
    int64_t requests() const { return decode.requests + prefill.requests; }
    int64_t new_tokens() const { return decode.new_tokens + prefill.new_tokens; }
};

struct StepCost {
    double latency_s = 0;   ///< from the start of the step to its tokens
    double interval_s = 0;  ///< until the next step may start: less than the latency where steps overlap in a pipeline
    double joules = 0;      ///< beyond what the machine takes when idle
};

class StepTime {
public:
    virtual ~StepTime() = default;
    /// Of a step with at least one request. Equal shapes have equal costs. UserError when the machine cannot say.
    virtual StepCost cost(const StepShape& shape) const = 0;
    /// Relative error of the latency beside the machine it stands for, as far as it is known; 0 = none.
    virtual double error_bound() const { return 0; }
};

}  // namespace superlane::serving
