// SPDX-License-Identifier: Apache-2.0
// Options that several commands share.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "experiment/output_file.hpp"
#include "experiment/result.hpp"
#include "experiment/system_choice.hpp"

namespace superlane::experiment {
struct Split;
struct SplitMember;
}  // namespace superlane::experiment

namespace superlane::cli {

/// --chip and --set.
struct ChipOptions {
    std::string chip = "tsp-v1";
    std::vector<std::string> overrides;
    void define(CLI::App& app);
    /// For commands on a program: without --chip, the chip it was made for.
    void define_for_program(CLI::App& app);
    void choose_for(const std::string& program_file);
    models::Chip load() const { return models::load_chip(chip, overrides); }
};

/// --system beside --chip and --set, and --dead.
struct SystemOptions {
    std::string system;
    std::vector<int> dead;
    void define(CLI::App& app);
    /// The overrides of `chip` are then the system's. UserError for options that mean nothing on one chip.
    experiment::SystemChoice choice(const CLI::App& app, const ChipOptions& chip) const;
};

/// --engine, --timing-only, --trace, --vcd.
struct EngineOptions {
    std::string engine = "fast";
    bool timing_only = false;
    std::string trace, vcd;
    void define(CLI::App& app);
};

/// Files that a command writes; each gets its name only when the command has succeeded.
class Outputs {
public:
    /// The place to write to: the temporary of a new output, "" for "".
    std::string add(const std::string& path);
    void write(const std::string& path, const std::string& bytes);
    void commit();

private:
    std::vector<std::unique_ptr<experiment::OutputFile>> files_;
};

/// --json FILE|-: opened before the run, written after it.
class JsonOutput {
public:
    void define(CLI::App& app);
    void open();
    bool wanted() const { return !path_.empty(); }
    bool on_stdout() const { return path_ == "-"; }
    void write(const experiment::Json& json);

private:
    std::string path_;
    std::unique_ptr<experiment::OutputFile> file_;
};

/// Repeatable options take one value each: CLI11 would otherwise swallow what follows.
CLI::Option* add_repeatable(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                            const std::string& help);

/// "--ffn-parts" for ffn_parts.
std::string split_option(const experiment::SplitMember& member);
/// --tp and the others. `stages`: what is said of --pp instead.
void define_split_members(CLI::App& app, experiment::Split& split, const char* stages = nullptr);

/// "1,2,3" as numbers; UserError that names the option and what a number is.
std::vector<int> parse_ids(const std::string& option, const std::string& text, const std::string& what = "token id");

}  // namespace superlane::cli
