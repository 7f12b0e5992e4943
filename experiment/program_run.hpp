// SPDX-License-Identifier: Apache-2.0
// One program, from assembly text or a program file, on one chip.
#pragma once
#include <string>
#include <vector>

#include "experiment/result.hpp"
#include "isa/program.hpp"
#include "models/chip.hpp"

namespace superlane::experiment {

struct ProgramRunOptions {
    std::string program;  ///< file: assembly when it ends in .asm or .s, else a program file
    models::Chip chip;
    std::string engine = "fast";
    bool timing_only = false;
    std::vector<std::string> show;     ///< regions: NAME, or NAME+NAME=TYPE for elements of several bytes
    std::vector<std::string> faults;   ///< SRAM faults to inject, see experiment/faults.hpp
    std::string trace_file, vcd_file;  ///< empty = none
};

struct ShownRegion {
    std::string name, type;
    std::vector<std::vector<double>> words;  ///< by word and lane
};

struct ProgramRunResult {
    sim::RunResult run;
    std::string program_digest, digest;
    uint64_t instruction_bytes = 0;
    std::vector<ShownRegion> shown;
    double wall_s = 0;
};

/// Whether a file name means assembly text.
bool is_assembly(const std::string& file);
/// The chip that a program names: a program file's header, or the text's .chip line; "" when it names none.
std::string chip_named_in(const std::string& file);
/// Assembles or loads. UserError when it cannot be, or was made for another chip.
isa::Program read_program(const std::string& file, const models::Chip& chip);

/// Hazards do not throw: they are what a person runs a program for.
ProgramRunResult run_program(const ProgramRunOptions& options);

Json to_json(const ProgramRunOptions& options);
ProgramRunOptions program_run_options(const nlohmann::json& result, const std::string& file);
Json result_json(const ProgramRunOptions& options, const ProgramRunResult& result,
                 const std::vector<std::string>& command);

}  // namespace superlane::experiment
