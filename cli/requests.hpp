// SPDX-License-Identifier: Apache-2.0
// Options that say which requests a machine serves.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "experiment/serve.hpp"

namespace superlane::cli {

/// UserError when the option is given and its value is not from low to high.
void check_range(const CLI::App& app, const char* option, double value, double low, double high);

struct RequestFlags {
    std::string prompt_tokens = "512", output_tokens = "128", shape;
    double poisson = 0;

    void define(CLI::App& app, experiment::ServeOptions& options);
    /// UserError for values out of range and options that do not go together.
    void take(const CLI::App& app, experiment::ServeOptions& options) const;

private:
    void check(const CLI::App& app, const experiment::ServeOptions& options) const;
};

}  // namespace superlane::cli
