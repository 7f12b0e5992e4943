// SPDX-License-Identifier: Apache-2.0
// Commands that the Python package has (rows PYTHON_COMMAND in commands.def) are handed on to it.
#pragma once
#include <string>
#include <vector>

namespace superlane::cli {

/// Becomes `python3 -m superlane WORDS`. UserError in one line when there is no such package.
int run_python_command(const std::vector<std::string>& words);

}  // namespace superlane::cli
