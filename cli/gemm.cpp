// SPDX-License-Identifier: Apache-2.0
// `superlane gemm`: one matrix product, for comparison with other simulators.
#include "experiment/gemm.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "cli/workload.hpp"

namespace superlane::cli {
namespace {

struct Gemm {
    experiment::GemmOptions options;
    std::string workload;
    ChipOptions chip;
    EngineOptions engine;
    JsonOutput json;
    Outputs outputs;

    void prepare() {
        options.chip = chip.load();
        options.engine = engine.engine;
        options.timing_only = engine.timing_only;
        outputs.add(workload);
        open_files();
    }

    void open_files() {
        experiment::check_vcd(options.engine, engine.vcd);
        options.trace_file = outputs.add(engine.trace);
        options.vcd_file = outputs.add(engine.vcd);
        json.open();
    }

    void print(const experiment::GemmResult& result) const {
        const models::Chip& c = options.chip;
        const double rate = result.useful_weight_bytes_per_cycle();
        const std::string shape =
            std::to_string(options.m) + " x " + std::to_string(options.k) + " x " + std::to_string(options.n);
        Table table;
        table.row(
            {"product", shape + " " + options.dtype + " on " + c.name + (options.timing_only ? ", timing only" : "")});
        table.row({"cycles", grouped(result.cycles) + " cycles, " +
                                 fixed(1e6 * experiment::chip_seconds(c, double(result.cycles)), 3) + " us at " +
                                 experiment::plain_number(c.clock_mhz) + " MHz"});
        table.row({"weights", grouped(result.useful_weight_bytes) + " B, " + fixed(rate, 1) + " B/cycle"});
        table.row(
            {"stream bound",
             grouped(c.stream_bytes_per_cycle()) + " B/cycle (" + fixed(experiment::stream_bandwidth(c) / 1e12, 2) +
                 " TB/s): " + grouped(int64_t(experiment::weight_bound_cycles(c, result.useful_weight_bytes) + 0.5)) +
                 " cycles; reached " + percent(rate / c.stream_bytes_per_cycle())});
        table.row({"MXM", percent(result.usage.mxm_utilisation(c)) + " of its multiply-accumulates"});
        table.row({"instructions", grouped(result.instruction_bytes) + " B"});
        table.row({"energy", joules_text(result.usage.joules)});
        table.row({"values", !result.checked ? "not computed"
                             : options.dtype == "int8"
                                 ? "exact"
                                 : "largest difference " + experiment::plain_number(result.max_relative_difference) +
                                       " of the largest result"});
        table.row({"simulator", duration_text(result.wall_s) + ", compiling " + duration_text(result.compile_s)});
        table.row({"digest", result.digest});
        table.print(std::cout, "");
    }

    void run() {
        const experiment::GemmResult result = experiment::run_gemm(options);
        if (!workload.empty())
            outputs.write(workload,
                          workload_text(experiment::workload_json(options, {chip.chip, chip.overrides}, workload)));
        outputs.commit();
        json.write(experiment::result_json(options, result, command_line()));
        if (!json.on_stdout()) print(result);
    }
};

}  // namespace

void gemm_workload(const experiment::GemmOptions& options, const EngineOptions& files, JsonOutput& json) {
    Gemm command;
    command.options = options;
    command.engine = files;
    command.json = std::move(json);
    command.open_files();
    command.run();
}

Action define_gemm(CLI::App& app) {
    const auto command = std::make_shared<Gemm>();
    app.add_option("M", command->options.m, "rows of X")->required();
    app.add_option("K", command->options.k, "columns of X and W")->required();
    app.add_option("N", command->options.n, "rows of W, columns of Y")->required();
    app.add_option("--dtype", command->options.dtype, "int8 (int32 sums) or fp16 (fp32 sums)")
        ->capture_default_str()
        ->type_name("int8|fp16");
    app.add_option("--seed", command->options.seed, "of the operands")->capture_default_str();
    app.add_option("--scheduler", command->options.scheduler, "asap, list or random:SEED")
        ->capture_default_str()
        ->type_name("NAME");
    command->chip.define(app);
    command->engine.define(app);
    command->json.define(app);
    define_save_workload(app, command->workload);
    return [command] {
        command->prepare();
        command->run();
    };
}

}  // namespace superlane::cli
