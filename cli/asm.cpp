// SPDX-License-Identifier: Apache-2.0
// `superlane asm`: text to program file.
#include <iostream>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/program_run.hpp"
#include "isa/assembler.hpp"
#include "isa/program_file.hpp"

namespace superlane::cli {
namespace {

struct Asm {
    std::string text, output;
    ChipOptions chip;

    void run() {
        chip.choose_for(text);
        const models::Chip target = chip.load();
        const isa::Program program = isa::assemble_file(text, {target.name, target.digest(), target.geometry});
        const std::vector<uint8_t> bytes = isa::encode_program(program);
        experiment::OutputFile file(output);
        file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        file.commit();
        std::cout << output << ": " << grouped(int64_t(program.instruction_bytes())) << " B of instructions for "
                  << program.chip << ", digest " << program.digest() << '\n';
    }
};

}  // namespace

Action define_asm(CLI::App& app) {
    const auto command = std::make_shared<Asm>();
    app.add_option("TEXT", command->text, "assembly file")->required();
    app.add_option("-o,--output", command->output, "program file to write")->required()->type_name("FILE");
    command->chip.define_for_program(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
