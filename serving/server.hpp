// SPDX-License-Identifier: Apache-2.0
// Serving a stream of requests on one machine: continuous batching over a paged KV cache, as a discrete-event
// simulation.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "serving/quantiles.hpp"
#include "serving/step_time.hpp"
#include "serving/timeline.hpp"
#include "workloads/traces/request.hpp"

namespace superlane::serving {

/// Something breaks: no step begins until those in flight have ended and the repair is done.
struct Fault {
    double at_s = 0, repair_s = 0;
    bool loses_kv = false;  ///< every request is computed anew from its prompt and what it has generated, here
};

/// What the machine holds, and how it is scheduled (docs/serving.md).
struct ServerOptions {
    int64_t kv_pages = 0;
    int page_tokens = 16;
    int64_t max_requests = 256;  ///< being served at once, over all steps in flight
    int64_t step_tokens = 2048;  ///< new tokens of a step: what bounds a chunk of prefill
    int pipeline_steps = 1;      ///< steps in flight; each takes max_requests / pipeline_steps requests
    int64_t max_tokens = 0;      ///< of a request, prompt and output; 0 = as many as the KV cache holds
    bool reuse_prefixes = true;  ///< where the trace says which prompts begin alike
    bool decode_only = false;    ///< prompts are computed elsewhere: at admission only the last token is to be taken in
    bool even_steps = false;     ///< steps in flight share the requests evenly, as pools that take turns want them
    double slo_tokens_per_s = 15;    ///< a user is content with at least so many; a comfortable reading pace
    double slo_ttft_s = 0;           ///< and with a first token after at most this; 0 = any
    std::vector<Fault> faults = {};  ///< in order of time
};

/// One step, for whoever watches.
struct StepRecord {
    double begin_s = 0, end_s = 0;
    StepShape shape;
    /// Of one request each, of shared blocks, of nobody: together the pool.
    int64_t kv_pages_owned = 0, kv_pages_shared = 0, kv_pages_free = 0;
};

/// One request at its end.
struct RequestRecord {
    int64_t line = 0, prompt_tokens = 0, output_tokens = 0, reused_tokens = 0, preemptions = 0;
    double arrival_s = 0, admitted_s = 0, first_token_s = 0, last_token_s = 0;

    double ttft_s() const { return first_token_s - arrival_s; }
    double e2e_s() const { return last_token_s - arrival_s; }
    /// Between tokens; of a request with one token 0.
    double tpot_s() const { return output_tokens > 1 ? (last_token_s - first_token_s) / double(output_tokens - 1) : 0; }
};

struct Watch {
    std::function<void(const StepRecord&)> step;  ///< as each begins
    std::function<void(const RequestRecord&)> request;
};

struct ServingResult {
    int64_t requests = 0, prompt_tokens = 0, output_tokens = 0;
    int64_t steps = 0, preemptions = 0;
    int64_t computed_tokens = 0;    ///< tokens that steps took in
    int64_t reused_tokens = 0;      ///< tokens found in the KV cache at admission
    int64_t dropped_tokens = 0;     ///< tokens whose KV was given up by preemption
    double begin_s = 0, end_s = 0;  ///< first arrival, last token
    double busy_s = 0;              ///< a step was in flight
    double joules = 0;              ///< of the steps
    Quantiles ttft_s, tpot_s, e2e_s, queue_s;
    int64_t slo_met = 0;
    Timeline timeline;
    std::string digest;  ///< of every request's times

    double elapsed_s() const { return end_s - begin_s; }
};

/// Serves all of `source`. UserError for a request that can never fit, unless the source may skip it, when there is no
/// request at all, and when options or step times do not allow a run.
ServingResult serve(traces::RequestSource& source, const StepTime& time, const ServerOptions& options,
                    const Watch& watch = {});

}  // namespace superlane::serving
