// SPDX-License-Identifier: Apache-2.0
// The command line as a library: what the program `superlane` and the Python package run.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

namespace superlane::cli {

/// A command did its work and what it looked for does not hold: exit code 1.
struct NotMet : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a command takes, as its help shows it.
struct OptionRow {
    std::string name;  ///< "prefill-rows", or "MODEL" of a positional
    std::string type;  ///< as in the help: "N", "fp16|int8"; "" for a flag
    std::string help, default_value;
    bool positional = false, required = false, repeatable = false;
};
/// UserError for an unknown command.
std::vector<OptionRow> command_options(const std::string& command);
/// Names of all commands, in the order of the help, and what each does in a line.
std::vector<std::string> command_names();
std::string command_summary(const std::string& command);

/// One command with its arguments, as {"decode", "llama-2-7b", "--json", "-"}; prints to std::cout and std::cerr.
/// Throws UserError for words that no command takes, and whatever the command throws. One at a time.
void run_command(const std::vector<std::string>& words);

/// The same as the program does it: errors become one line on standard error; returns the exit code.
int run_command_line(const std::vector<std::string>& words);

}  // namespace superlane::cli
