// SPDX-License-Identifier: Apache-2.0
// `superlane compile`: the program of one decode step, and what the compiler decided.
#include <iostream>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/compile_step.hpp"
#include "isa/program_file.hpp"

namespace superlane::cli {
namespace {

struct Compile {
    experiment::StepOptions options;
    std::string output;
    bool explain = false;
    ChipOptions chip;

    void print_decisions(const experiment::Step& step) const {
        std::cout << "Decisions\n";
        for (const std::string& reason : step.decisions.reasons) std::cout << "  " << reason << '\n';
        std::cout << "Matrices: where each lies\n";
        Table table({false, true, true, true, true});
        table.row({"matrix", "outputs x inputs", "tiles", "tiles a plane", "SRAM", "useful", "MEM slices"});
        for (const auto& one : step.decisions.matrices) {
            std::string planes;
            for (const int tiles : one.unit_tiles) planes += (planes.empty() ? "" : " ") + std::to_string(tiles);
            const std::string each = one.experts > 0 ? std::to_string(one.experts) + " of " : "";
            table.row({one.name, each + std::to_string(one.outputs) + " x " + std::to_string(one.inputs),
                       std::to_string(one.tiles) + " x " + std::to_string(one.input_tiles), planes,
                       grouped(one.sram_bytes) + " B", percent(double(one.useful_bytes) / double(one.sram_bytes)),
                       one.slices});
        }
        table.print(std::cout);
        std::cout << "Operations in program order: exclusive time, cycles\n";
        Table operations({false, true});
        for (const auto& one : experiment::exclusive_cycles(step.compiled.operations, step.compiled.cycles))
            operations.row({one.name, grouped(one.cycles)});
        operations.print(std::cout);
    }

    void print(const experiment::Step& step) const {
        const models::Chip& c = options.decode.chip;
        const isa::Program& program = step.compiled.program();
        Table table;
        table.row({"model", step.model.name + ", " + counted(step.model.layers, "layer") + ", " + options.decode.dtype +
                                " on " + c.name + ", context " + std::to_string(step.context)});
        table.row({"step", "position " + std::to_string(options.position) + ", scheduler " + step.compiled.scheduler});
        table.row({"cycles", grouped(step.compiled.cycles) + " cycles scheduled; weight streaming bound " +
                                 grouped(int64_t(experiment::weight_bound_cycles(c, step.weight_bytes) + 0.5)) +
                                 " cycles"});
        table.row({"instructions",
                   grouped(int64_t(program.instruction_bytes())) + " B of " + grouped(c.text_bytes()) + " B"});
        table.row(
            {"weights", grouped(step.memory.weights) + " B of SRAM, " + grouped(step.weight_bytes) + " B useful"});
        table.row({"keys and values", grouped(step.memory.kv) + " B of SRAM"});
        table.row({"tables", grouped(step.memory.tables) + " B of SRAM"});
        table.row({"scratch", grouped(step.memory.scratch) + " B of SRAM"});
        table.row({"SRAM", grouped(step.memory.total()) + " B used of " + grouped(c.sram_bytes()) + " B"});
        table.row({"digest", program.digest()});
        table.print(std::cout, "");
    }

    void run() {
        options.decode.chip = chip.load();
        experiment::OutputFile file(output);
        const experiment::Step step = experiment::compile_step(options);
        const std::vector<uint8_t> bytes = isa::encode_program(step.compiled.program());
        file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        file.commit();
        print(step);
        if (explain) print_decisions(step);
    }
};

}  // namespace

Action define_compile(CLI::App& app) {
    const auto command = std::make_shared<Compile>();
    auto& decode = command->options.decode;
    app.add_option("MODEL", decode.model, "a directory with config.json, or a shape by name")->required();
    app.add_option("-o,--output", command->output, "program file to write")->required()->type_name("FILE");
    app.add_option("--position", command->options.position, "of the token that the step takes in")
        ->capture_default_str()
        ->type_name("N");
    app.add_option("--context", decode.context, "positions that a request may take")->type_name("N");
    app.add_option("--dtype", decode.dtype, "fp16, or int8 weights and activations (W8A8)")
        ->capture_default_str()
        ->type_name("fp16|int8");
    app.add_option("--layers", decode.layers, "so many layers alone, without embedding and head")->type_name("N");
    app.add_option("--scheduler", decode.scheduler, "asap, list or random:SEED")
        ->capture_default_str()
        ->type_name("NAME");
    app.add_flag("--weights", command->options.weights,
                 "put the model's weights into the program file, so that it runs by itself");
    app.add_flag("--explain", command->explain,
                 "list the compiler's decisions: operations, and where each tensor lies");
    command->chip.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
