// SPDX-License-Identifier: Apache-2.0
// The program `superlane`: parses, runs one command, and turns errors into one line and an exit code.
#include <algorithm>
#include <iostream>
#include <map>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "experiment/result.hpp"

namespace superlane::cli {
namespace {

constexpr int not_met_code = 1, user_error_code = 2, internal_error_code = 70;
std::vector<std::string> arguments;

struct Row {
    const char *name, *summary, *example;
    Action (*define)(CLI::App&);
};
constexpr Row rows[] = {
#define COMMAND(name, summary, example) Row{#name, summary, example, define_##name},
#include "cli/commands.def"
#undef COMMAND
};

constexpr const char* exit_codes =
    "Exit codes: 0 done, 1 a row of validate missed its tolerance, 2 a mistake in the input, 70 a defect of this program, 130 interrupted.";

std::string examples(const std::string& lines) {
    std::string text = "Examples:\n  ";
    for (const char c : lines) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
    return text;
}

std::map<CLI::App*, Action> define_commands(CLI::App& app) {
    std::map<CLI::App*, Action> actions;
    for (const Row& row : rows) {
        CLI::App* command = app.add_subcommand(row.name, row.summary);
        command->footer(examples(row.example));
        actions[command] = row.define(*command);
    }
    return actions;
}

/// A word that looks like a command but is none gets the nearest command.
void check_command_name() {
    if (arguments.empty() || arguments[0].starts_with('-')) return;
    std::vector<std::string> names;
    for (const Row& row : rows) names.emplace_back(row.name);
    if (std::find(names.begin(), names.end(), arguments[0]) == names.end())
        throw user_error("unknown command '", arguments[0], "'", nearest_hint(arguments[0], names),
                         "; `superlane --help` lists them");
}

/// What is wrong with a word that no option took; "" when none is left.
std::string unknown_option(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& word : command.remaining()) {
        const std::string name = word.substr(0, word.find('='));
        if (name.starts_with("-")) return "unknown option '" + name + "'" + nearest_hint(name, names);
    }
    return "";
}

/// "Could not convert: --tokens = many" in our words: option, value, what it must be. "" for any other complaint.
std::string not_converted(const CLI::App& command, const std::string& text) {
    const std::string head = "Could not convert: ", sign = " = ";
    const size_t at = text.find(sign);
    if (!text.starts_with(head) || at == std::string::npos) return "";
    const std::string name = text.substr(head.size(), at - head.size());
    const CLI::Option* option = command.get_option_no_throw(name);
    const std::string type = option == nullptr ? "" : option->get_type_name();
    return name + " " + text.substr(at + sign.size()) + ": must be " +
           (type == "N,N"                   ? "whole numbers, as 1,2,3"
            : type == "N" || type == "CHIP" ? "a whole number"
                                            : "a number");
}

/// The parser's complaint in one line; an unknown option comes first, since it explains what is missing.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    for (const CLI::App* command : app.get_subcommands()) {
        if (const std::string plain = not_converted(*command, text); !plain.empty()) text = plain;
        if (const std::string unknown = unknown_option(*command); !unknown.empty()) text = unknown;
        return command->get_name() + ": " + text + "; see `superlane " + command->get_name() + " --help`";
    }
    return text + "; see `superlane --help`";
}

void run(CLI::App& app) {
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("superlane ") + experiment::version());
    app.footer(examples("superlane decode examples/tiny-llama --prompt 'The '\nsuperlane gemm 1 4096 4096 --dtype "
                        "int8\nsuperlane decode --help") +
               "\n\n" + exit_codes);
    const auto actions = define_commands(app);
    check_command_name();
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
    actions.at(app.get_subcommands().front())();
    if (!std::cout.flush()) throw user_error("standard output cannot be written");
}

int report(const std::string& line, int code) {
    std::cout.flush();
    std::cerr << "superlane: " << line << std::endl;
    return code;
}

int guarded() {
    CLI::App app("Superlane simulates a deterministic streaming chip that decodes language models, cycle by cycle.",
                 "superlane");
    try {
        run(app);
        return 0;
    } catch (const CLI::Success& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        return report(complaint(app, error), user_error_code);
    } catch (const UserError& error) {
        return report(error.what(), user_error_code);
    } catch (const NotMet& missed) {
        return report(missed.what(), not_met_code);
    } catch (const std::bad_alloc&) {
        return report("out of memory", user_error_code);
    } catch (const std::exception& error) {
        return report(std::string("internal error: ") + error.what(), internal_error_code);
    }
}

}  // namespace

const std::vector<std::string>& command_line() { return arguments; }

}  // namespace superlane::cli

int main(int count, char** values) {
    superlane::cli::arguments.assign(values + 1, values + count);
    superlane::cli::handle_interrupt();
    return superlane::cli::guarded();
}
