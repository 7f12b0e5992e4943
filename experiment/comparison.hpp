// SPDX-License-Identifier: Apache-2.0
// Several machines under one workload: a row each, and the curves of throughput over batch and of latency over
// throughput.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "experiment/serve.hpp"

namespace superlane::experiment {

struct ComparisonOptions {
    std::string description;
    ServeOptions workload;  ///< but its machine
    std::vector<MachineOptions> machines;
    std::vector<double> rates;     ///< requests/s, arriving by chance: a point of the latency curve each
    std::vector<int64_t> batches;  ///< requests at once: a point of the batch curve each
    int64_t batch_context = 0;     ///< tokens in the cache of each of these
};

/// A machine full of requests that decode.
struct BatchPoint {
    int64_t requests = 0;
    double token_s = 0;  ///< from one token of a request to the next
    double usd_per_million_tokens = 0;
    double tokens_per_second() const { return double(requests) / token_s; }
};

struct ComparedMachine {
    std::string name;
    int64_t devices = 0;
    double usd_per_hour = 0;
    ServeResult served;
    std::vector<BatchPoint> by_batch;  ///< those that fit
    std::vector<ServeResult> by_rate;
};

struct ComparisonResult {
    std::vector<ComparedMachine> machines;
    std::string digest;
};

/// UserError names file and key; paths in it start at the file.
ComparisonOptions read_comparison(const std::string& file);
/// `tell` hears of each machine before it runs.
ComparisonResult run_comparison(const ComparisonOptions& options, const std::function<void(const std::string&)>& tell);
Json result_json(const ComparisonOptions& options, const ComparisonResult& result,
                 const std::vector<std::string>& command);

}  // namespace superlane::experiment
