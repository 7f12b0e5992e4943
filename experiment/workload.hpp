// SPDX-License-Identifier: Apache-2.0
// A workload file: model, machine, split, options, and a decode, a trace of steps or a product, to be run again by
// anyone. Paths in it are relative to the file. The format is docs/workloads.md.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "experiment/decode.hpp"
#include "experiment/gemm.hpp"
#include "experiment/steps.hpp"
#include "experiment/system_plan.hpp"

namespace superlane::experiment {

using Workload = std::variant<DecodeOptions, StepsOptions, GemmOptions>;

/// Whether a file name means a workload.
bool is_workload(const std::string& file);
/// UserError names file, key (line of a trace), value, what is allowed and the nearest name.
Workload read_workload(const std::string& file);
/// The same of a file's JSON.
Workload parse_workload(const nlohmann::json& json, const std::string& file);

/// What a chip was loaded from.
struct ChipChoice {
    std::string name;                    ///< or file
    std::vector<std::string> overrides;  ///< KEY=VALUE
};
/// The workload file that runs the same; `file` is where it will lie, since its paths are relative to that.
Json workload_json(const DecodeOptions& options, const ChipChoice& chip, const std::string& file);
Json workload_json(const GemmOptions& options, const ChipChoice& chip, const std::string& file);

}  // namespace superlane::experiment
