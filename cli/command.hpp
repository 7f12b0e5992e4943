// SPDX-License-Identifier: Apache-2.0
// A command: its options are defined on a CLI11 app, its action runs once they are parsed.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace superlane::cli {

using Action = std::function<void()>;

#define COMMAND(name, summary, example) Action define_##name(CLI::App& app);
#include "cli/commands.def"
#undef COMMAND

/// The arguments of this process without the program's name: what results record.
const std::vector<std::string>& command_line();

}  // namespace superlane::cli
