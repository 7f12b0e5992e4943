// SPDX-License-Identifier: Apache-2.0
// What each figure of a report means: unit, one-line definition, formula (rows in metrics.def).
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace superlane::experiment {

struct Metric {
    std::string_view key, unit, definition, formula;
};

std::span<const Metric> metrics();
/// UserError with the nearest name when there is none.
const Metric& find_metric(std::string_view key);

}  // namespace superlane::experiment
