// SPDX-License-Identifier: Apache-2.0
// `superlane run`: a program on one chip, its hazards explained, its regions shown; or a workload file.
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "cli/workload.hpp"
#include "experiment/program_run.hpp"
#include "experiment/usage.hpp"

namespace superlane::cli {
namespace {

void print_region(const experiment::ShownRegion& region) {
    for (size_t word = 0; word < region.words.size(); ++word) {
        std::string line = region.name + "[" + std::to_string(word) + "] " + region.type + ":";
        for (const double value : region.words[word]) line += " " + experiment::plain_number(value);
        std::cout << line << '\n';
    }
}

struct Run {
    experiment::ProgramRunOptions options;
    ChipOptions chip;
    EngineOptions engine;
    JsonOutput json;
    Outputs outputs;

    /// What a workload decides itself.
    static void check_workload_options(const CLI::App& app) {
        for (const char* name : {"--chip", "--set", "--show", "--fault", "--engine", "--timing-only"})
            if (app.count(name) > 0)
                throw user_error(name, " is for programs: a workload file says what it needs itself");
    }

    void prepare() {
        chip.choose_for(options.program);
        options.chip = chip.load();
        options.engine = engine.engine;
        options.timing_only = engine.timing_only;
        experiment::check_vcd(options.engine, engine.vcd);
        options.trace_file = outputs.add(engine.trace);
        options.vcd_file = outputs.add(engine.vcd);
        json.open();
    }

    void print(const experiment::ProgramRunResult& result) const {
        experiment::Usage usage;
        usage.add(result.run.cycles, result.run.counters);
        Table table;
        table.row({"chip", options.chip.name});
        table.row({"cycles", grouped(result.run.cycles) +
                                 " cycles (last superlane: " + grouped(result.run.last_tile_cycles) + ")"});
        table.row({"time", fixed(1e6 * experiment::chip_seconds(options.chip, double(result.run.cycles)), 3) +
                               " us at " + experiment::plain_number(options.chip.clock_mhz) + " MHz"});
        table.row({"instructions", grouped(int64_t(result.instruction_bytes)) + " B of text, " +
                                       grouped(int64_t(result.run.counters.instructions)) + " dispatched"});
        table.row({"SRAM", grouped(int64_t(usage.vectors_read)) + " vectors read, " +
                               grouped(int64_t(usage.vectors_written)) + " written"});
        if (!options.faults.empty())
            table.row({"ECC", counted(int64_t(result.run.corrected_ecc), "word") + " corrected"});
        table.row({"energy", joules_text(usage.joules)});
        table.row({"hazards", std::to_string(result.run.hazards.size())});
        table.row({"digest", result.digest});
        table.print(std::cout, "");
        for (const auto& region : result.shown) print_region(region);
    }

    static void explain(const std::vector<sim::Hazard>& hazards) {
        std::set<sim::HazardKind> kinds;
        for (const sim::Hazard& hazard : hazards) {
            std::cerr << "hazard: " << hazard.message() << '\n';
            kinds.insert(hazard.kind);
        }
        for (const sim::HazardKind kind : kinds)
            std::cerr << "  " << sim::hazard_name(kind) << ": " << sim::hazard_explanation(kind) << '\n';
    }

    void run() {
        prepare();
        const experiment::ProgramRunResult result = experiment::run_program(options);
        outputs.commit();
        json.write(experiment::result_json(options, result, command_line()));
        if (!json.on_stdout()) print(result);
        if (result.run.hazards.empty() && !result.run.stopped) return;
        std::cout.flush();
        explain(result.run.hazards);
        throw user_error(options.program, ": ", result.run.hazards.size(),
                         result.run.hazards.size() == 1 ? " hazard" : " hazards",
                         result.run.stopped ? "; the program was stopped" : "");
    }
};

}  // namespace

Action define_run(CLI::App& app) {
    const auto command = std::make_shared<Run>();
    app.add_option("PROGRAM", command->options.program,
                   "program file; assembly text when it ends in .asm or .s, a workload when it ends in .json")
        ->required();
    add_repeatable(app, "--show", command->options.show,
                   "print a region's words: NAME (bytes), or one region a byte: lo+hi=f16, b0+b1+b2+b3=f32")
        ->type_name("REGION");
    add_repeatable(app, "--fault", command->options.faults,
                   "flip bits of SRAM: 120:mem.e.3:0x10:5:7 flips bit 7 of superlane 5's word 0x10 at cycle 120")
        ->type_name("CYCLE:SLICE:ADDRESS:SUPERLANE:BIT[,BIT]");
    command->chip.define_for_program(app);
    command->engine.define(app);
    command->json.define(app);
    return [command, &app] {
        if (!experiment::is_workload(command->options.program)) return command->run();
        Run::check_workload_options(app);
        run_workload(command->options.program, command->engine, command->json);
    };
}

}  // namespace superlane::cli
