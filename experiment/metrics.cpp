// SPDX-License-Identifier: Apache-2.0
// The table of metrics.
#include "experiment/metrics.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::experiment {
namespace {

constexpr Metric metric_rows[] = {
#define METRIC(key, unit, definition, formula) Metric{#key, unit, definition, formula},
#include "experiment/metrics.def"
#undef METRIC
};

}  // namespace

std::span<const Metric> metrics() { return metric_rows; }

const Metric& find_metric(std::string_view key) {
    const auto found =
        std::find_if(std::begin(metric_rows), std::end(metric_rows), [&](const Metric& row) { return row.key == key; });
    if (found != std::end(metric_rows)) return *found;
    std::vector<std::string> keys;
    for (const Metric& row : metric_rows) keys.emplace_back(row.key);
    throw user_error("unknown metric '", key, "'", nearest_hint(key, keys), "; `superlane explain` lists them");
}

}  // namespace superlane::experiment
