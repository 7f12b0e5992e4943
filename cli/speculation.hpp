// SPDX-License-Identifier: Apache-2.0
// Speculative decoding on the command line: its options, and its figures in words.
#pragma once
#include <CLI/CLI.hpp>

#include "cli/text.hpp"
#include "experiment/speculation.hpp"

namespace superlane::cli {

void define_speculation(CLI::App& app, experiment::SpeculationOptions& options);
void add_speculation(Table& table, const experiment::SpeculationFigures& figures);

}  // namespace superlane::cli
