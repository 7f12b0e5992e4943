// SPDX-License-Identifier: Apache-2.0
// `superlane disasm`: program file to text that assembles to the same program.
#include <iostream>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "isa/disassembler.hpp"
#include "isa/program_file.hpp"

namespace superlane::cli {
namespace {

void disassemble(const std::string& program, const std::string& output) {
    const std::string text = isa::disassemble(isa::load_program(program));
    if (output.empty()) {
        std::cout << text;
        return;
    }
    experiment::OutputFile file(output);
    file.write(text);
    file.commit();
}

}  // namespace

Action define_disasm(CLI::App& app) {
    const auto files = std::make_shared<std::pair<std::string, std::string>>();
    app.add_option("PROGRAM", files->first, "program file")->required();
    app.add_option("-o,--output", files->second, "text to write; standard output when left out")->type_name("FILE");
    return [files] { disassemble(files->first, files->second); };
}

}  // namespace superlane::cli
