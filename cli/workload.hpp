// SPDX-License-Identifier: Apache-2.0
// Workload files on the command line: `superlane run FILE.json`, and --save-workload.
#pragma once
#include <string>

#include "cli/options.hpp"
#include "experiment/workload.hpp"

namespace superlane::cli {

/// Of `files` only trace and vcd are read: a workload names its engine.
void run_workload(const std::string& file, const EngineOptions& files, JsonOutput& json);
void decode_workload(const experiment::DecodeOptions& options, const EngineOptions& files, JsonOutput& json);
void gemm_workload(const experiment::GemmOptions& options, const EngineOptions& files, JsonOutput& json);

/// --save-workload FILE.json; UserError for another ending, by which `run` would not know it.
void define_save_workload(CLI::App& app, std::string& file);
/// A workload as it stands in a file.
std::string workload_text(const experiment::Json& workload);

}  // namespace superlane::cli
