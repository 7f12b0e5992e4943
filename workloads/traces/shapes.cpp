// SPDX-License-Identifier: Apache-2.0
// The table of shapes.def.
#include "workloads/traces/shapes.hpp"

#include <cmath>
#include <vector>

#include "base/error.hpp"

namespace superlane::traces {
namespace {

constexpr TraceShape shapes[] = {
#define SHAPE(name, prompt, output, mark, source, meaning) TraceShape{name, prompt, output, mark, source, meaning},
#include "workloads/traces/shapes.def"
#undef SHAPE
};

LengthRange around(double mean) { return {1, std::llround(2 * mean) - 1}; }

}  // namespace

std::span<const TraceShape> trace_shapes() { return shapes; }

const TraceShape& find_trace_shape(const std::string& name) {
    std::vector<std::string> names;
    std::string list;
    for (const TraceShape& shape : shapes) {
        if (shape.name == name) return shape;
        names.emplace_back(shape.name);
        list += (list.empty() ? "" : ", ") + names.back();
    }
    throw user_error("unknown shape '", name, "' (allowed: ", list, ")", nearest_hint(name, names));
}

LengthOptions lengths_of(const TraceShape& shape) { return {around(shape.prompt_tokens), around(shape.output_tokens)}; }

}  // namespace superlane::traces
