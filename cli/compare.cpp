// SPDX-License-Identifier: Apache-2.0
// `superlane compare`: several machines under one workload, a row each.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/machine.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/comparison.hpp"

namespace superlane::cli {
namespace {

struct Compare {
    std::string file;
    experiment::MachineOptions common;  ///< cache and threads
    JsonOutput json;

    static std::string milliseconds(double seconds) { return fixed(1e3 * seconds, seconds < 0.1 ? 1 : 0); }

    static void print(const experiment::ComparisonOptions& options, const experiment::ComparisonResult& result) {
        std::cout << options.workload.model << ", " << result.machines[0].served.source << ", "
                  << grouped(result.machines[0].served.served.requests) << " requests; within SLO: at least "
                  << experiment::plain_number(options.workload.server.slo_tokens_per_s) << " tokens/s\n";
        Table table({false, true, true, true, true, true, true, true, true, true, true, true});
        table.row({"machine", "devices", "tokens/s a user", "tokens/s", "at once", "TTFT ms, p50", "p99",
                   "TPOT ms, p50", "p99", "within SLO", "J a token", "USD/M tokens"});
        for (const experiment::ComparedMachine& machine : result.machines) {
            const experiment::ServeResult& r = machine.served;
            const double usd = r.usd_per_million_tokens();
            table.row({machine.name, machine.devices > 0 ? grouped(machine.devices) : "-",
                       fixed(r.tokens_per_second_per_user(0.5), 1), fixed(r.tokens_per_second(), 1),
                       fixed(r.mean_requests(), 1), milliseconds(r.served.ttft_s.at(0.5)),
                       milliseconds(r.served.ttft_s.at(0.99)), milliseconds(r.served.tpot_s.at(0.5)),
                       milliseconds(r.served.tpot_s.at(0.99)), percent(r.slo_attainment()),
                       fixed(r.joules_per_token(), 2), usd > 0 ? fixed(usd, 2) : "-"});
        }
        table.print(std::cout, "");
        std::cout << "digest  " << result.digest << '\n';
    }

    void run() {
        experiment::ComparisonOptions options = experiment::read_comparison(file);
        for (experiment::MachineOptions& machine : options.machines) {
            machine.cache = common.cache;
            machine.threads = common.threads;
            machine.note = common.note;
        }
        json.open();
        const auto tell = [&](const std::string& name) {
            if (!json.on_stdout() && !name.empty()) std::cerr << "running: " << name << '\n';
        };
        const experiment::ComparisonResult result = experiment::run_comparison(options, tell);
        json.write(experiment::result_json(options, result, command_line()));
        if (!json.on_stdout()) print(options, result);
    }
};

}  // namespace

Action define_compare(CLI::App& app) {
    const auto command = std::make_shared<Compare>();
    app.add_option("FILE", command->file, "machines and workload as JSON (docs/compare.md)")->required();
    define_simulation(app, command->common);
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
