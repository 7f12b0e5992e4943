// SPDX-License-Identifier: Apache-2.0
// Options that name the machine which serves a model.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "experiment/step_times.hpp"

namespace superlane::cli {

struct MachineChoice {
    std::vector<std::string> step_files;
    experiment::MachineOptions machine;

    void define(CLI::App& app);
    /// UserError for options that the machine does not have.
    experiment::MachineOptions take(const CLI::App& app) const;
};

/// How a system is split, and most requests and tokens of its steps.
void define_split(CLI::App& app, experiment::MachineOptions& machine);
/// UserError for one of these options without the option that names a system.
void refuse_without_system(const CLI::App& app, const char* system);
/// --cache and --threads.
void define_simulation(CLI::App& app, experiment::MachineOptions& machine);

}  // namespace superlane::cli
