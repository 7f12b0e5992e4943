// SPDX-License-Identifier: Apache-2.0
// Traces known by their mean lengths alone: requests like theirs can be generated without the files.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "workloads/traces/generator.hpp"

namespace superlane::traces {

struct TraceShape {
    std::string_view name;
    double prompt_tokens = 0, output_tokens = 0;  ///< means
    std::string_view mark, source, meaning;
};
std::span<const TraceShape> trace_shapes();
/// UserError with the list and the nearest.
const TraceShape& find_trace_shape(const std::string& name);
/// Evenly from 1 to twice the mean, less one: the means are the shape's.
LengthOptions lengths_of(const TraceShape& shape);

}  // namespace superlane::traces
