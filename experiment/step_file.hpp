// SPDX-License-Identifier: Apache-2.0
// Step times as files: points as JSON or CSV, or results of `superlane decode` (docs/serving.md).
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "serving/step_table.hpp"

namespace superlane::experiment {

/// Points, and what a file says of the machine beside them; 0 = not said.
struct StepFile {
    std::string description;
    std::vector<serving::StepPoint> points;
    int64_t kv_tokens = 0, max_requests = 0, step_tokens = 0, pipeline_steps = 0;
    double idle_watts = 0, usd_per_hour = 0;
};

/// All files together: points joined, the largest kv_tokens, of each other value the first that is said. UserError
/// names file and point.
StepFile read_step_files(const std::vector<std::string>& files);

/// The kinds of files; `where` heads messages.
StepFile parse_step_json(const nlohmann::json& json, const std::string& where);
StepFile parse_step_csv(const std::string& text, const std::string& where);
/// One point a token of a result of `superlane decode --timing-only --position P`; the pages laid out for its
/// requests are the room for keys and values.
StepFile decoded_steps(const nlohmann::json& result, const std::string& where);

/// What parse_step_json() reads.
nlohmann::ordered_json step_json(const StepFile& steps);
/// UserError unless the times of a point go together.
void check_point(const serving::StepPoint& point, const std::string& where);

/// Limits of a point's values.
inline constexpr int64_t most_count = 1'000'000'000;
inline constexpr double least_step_s = 1e-9, most_step_s = 1e6, most_joules = 1e12;
/// Names of JSON keys and CSV columns alike.
const std::vector<std::string>& step_point_keys();

}  // namespace superlane::experiment
