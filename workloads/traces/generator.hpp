// SPDX-License-Identifier: Apache-2.0
// Made-up requests: Poisson or bursty arrivals and random lengths, the same from a seed on every machine.
#pragma once
#include <memory>

#include "workloads/traces/request.hpp"

namespace superlane::traces {

/// Gaps between arrivals are gamma-distributed: by their coefficient of variation 0 is a clock, 1 Poisson, above
/// bursty.
struct ArrivalOptions {
    double requests_per_s = 1;
    double variation = 1;  ///< standard deviation by mean of the gaps
    uint64_t seed = 1;
};

/// Lengths evenly distributed from low to high.
struct LengthRange {
    int64_t low = 1, high = 1;
};

struct LengthOptions {
    LengthRange prompt_tokens{512, 512}, output_tokens{128, 128};
};

/// `requests` in all, 0 = endless. The first arrives after one gap.
std::unique_ptr<RequestSource> generate(const ArrivalOptions& arrivals, const LengthOptions& lengths, int64_t requests);
/// The requests of a trace, arriving at other times.
std::unique_ptr<RequestSource> retime(std::unique_ptr<RequestSource> trace, const ArrivalOptions& arrivals);

/// "512" or "128:2048"; UserError that names the option.
LengthRange parse_length(const std::string& option, const std::string& text);

}  // namespace superlane::traces
