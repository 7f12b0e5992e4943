// SPDX-License-Identifier: Apache-2.0
// Runs what a workload file asks for; the report of a trace of steps.
#include "cli/workload.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/text.hpp"
#include "experiment/usage.hpp"

namespace superlane::cli {
namespace {

constexpr size_t most_steps_shown = 24;

std::string us_text(double us) { return fixed(us, 2) + " us"; }

void print_step_list(const experiment::StepsOptions& options, const experiment::StepsResult& result) {
    Table table({true, true, true, true, true, true, true});
    table.row({"step", "batch", "new tokens", "longest", "programs", "cycles", "time"});
    const size_t shown = std::min(result.steps.size(), most_steps_shown);
    for (size_t i = 0; i < shown; ++i) {
        const experiment::TraceStep& step = options.steps[i];
        table.row({std::to_string(i + 1), std::to_string(step.contexts.size()), grouped(step.rows()),
                   grouped(step.longest()), std::to_string(result.steps[i].programs), grouped(result.steps[i].cycles),
                   us_text(1e6 * experiment::chip_seconds(options.decode.chip, double(result.steps[i].cycles)) +
                           result.steps[i].host_us)});
    }
    table.print(std::cout);
    if (shown < result.steps.size())
        std::cout << "  ... and " << result.steps.size() - shown << " more; --json FILE has all of them\n";
}

void print_steps(const experiment::StepsOptions& options, const experiment::StepsResult& result) {
    const experiment::DecodeOptions& decode = options.decode;
    const models::Chip& chip = decode.chip;
    const double seconds = result.seconds(chip);
    Table table;
    table.row({"model", result.model.name + ", " + counted(result.model.layers, "layer") + ", " + decode.dtype +
                            " on " + (decode.system ? decode.system->name : chip.name) + ", context " +
                            std::to_string(result.context) + ", timing only"});
    table.row({"trace", options.steps_file + ": " + counted(int64_t(result.steps.size()), "step") + ", " +
                            counted(result.new_tokens, "new token") + ", at most " + counted(result.batch, "request") +
                            ", " + counted(result.distinct_programs, "distinct program")});
    if (decode.system)
        table.row({"split", std::to_string(result.chips) + " of " + counted(decode.system->chips, "chip") + ": " +
                                counted(result.split.pp, "stage") + " of " + std::to_string(result.split.tp)});
    table.row({"cycles", grouped(result.cycles) + " cycles at " + experiment::plain_number(chip.clock_mhz) + " MHz, " +
                             us_text(1e6 * seconds) +
                             (decode.system ? ", " + us_text(result.host_us) + " of it for the host's link" : "")});
    table.row(
        {"speed", grouped(int64_t(double(result.new_tokens) / seconds + 0.5)) + " new tokens/s, prompts included"});
    table.row({"streams", percent(result.usage.stream_utilisation(chip)) + " of " +
                              fixed(experiment::stream_bandwidth(chip) / 1e12, 2) + " TB/s filled from SRAM"});
    table.row(
        {"MXM", percent(result.usage.mxm_utilisation(chip)) + " of its " + decode.dtype + " multiply-accumulates"});
    table.row({"energy", joules_text(result.usage.joules) + " (proxy, rows marked A)"});
    table.row({"simulator", duration_text(result.wall_s) + ", compiling " + duration_text(result.compile_s)});
    table.row({"digest", result.digest});
    table.print(std::cout, "");
    print_step_list(options, result);
}

void steps_workload(experiment::StepsOptions options, const EngineOptions& files, JsonOutput& json) {
    Outputs outputs;
    experiment::check_vcd(options.decode.engine, files.vcd);
    if (options.decode.system && !files.vcd.empty())
        throw user_error("--vcd ", files.vcd, ": a waveform is of one chip, not of a system");
    options.decode.trace_file = outputs.add(files.trace);
    options.decode.vcd_file = outputs.add(files.vcd);
    json.open();
    ProgressBar bar;
    const experiment::StepsResult result = experiment::run_steps(options, [&](int done, int steps) {
        bar.show(double(done) / steps, "step " + std::to_string(done) + " of " + std::to_string(steps));
    });
    bar.clear();
    outputs.commit();
    json.write(experiment::result_json(options, result, command_line()));
    if (!json.on_stdout()) print_steps(options, result);
}

}  // namespace

void define_save_workload(CLI::App& app, std::string& file) {
    app.add_option_function<std::string>(
           "--save-workload",
           [&file](const std::string& name) {
               if (!experiment::is_workload(name))
                   throw user_error("--save-workload ", name, ": the name must end in .json");
               file = name;
           },
           "write a workload file that `superlane run` repeats")
        ->type_name("FILE.json");
}

std::string workload_text(const experiment::Json& workload) { return workload.dump(2) + "\n"; }

void run_workload(const std::string& file, const EngineOptions& files, JsonOutput& json) {
    const experiment::Workload workload = experiment::read_workload(file);
    if (const auto* decode = std::get_if<experiment::DecodeOptions>(&workload))
        return decode_workload(*decode, files, json);
    if (const auto* gemm = std::get_if<experiment::GemmOptions>(&workload)) return gemm_workload(*gemm, files, json);
    steps_workload(std::get<experiment::StepsOptions>(workload), files, json);
}

}  // namespace superlane::cli
