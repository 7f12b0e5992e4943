// SPDX-License-Identifier: Apache-2.0
// Defines the options of a serving machine, and says which do not go together.
#include "cli/machine.hpp"

#include <iostream>

#include "base/error.hpp"
#include "cli/options.hpp"

namespace superlane::cli {
void define_simulation(CLI::App& app, experiment::MachineOptions& machine) {
    app.add_option("--cache", machine.cache,
                   "where simulated steps are kept; else $XDG_CACHE_HOME/superlane or ~/.cache/superlane")
        ->type_name("DIR");
    app.add_option("--threads", machine.threads, "of the simulator; no result depends on it")
        ->capture_default_str()
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    machine.note = [](const std::string& what) { std::cerr << "simulating: " << what << '\n'; };
}

void define_split(CLI::App& app, experiment::MachineOptions& machine) {
    define_split_members(app, machine.split, "stages of the pipeline; as many as the system can have when left out");
    app.add_option("--batch", machine.batch, "of a system: most requests of one step (4)")
        ->check(CLI::Range(1, 4096))
        ->type_name("N");
    app.add_option("--prefill-rows", machine.prefill_rows, "of a system: most tokens of a prompt in one step (4)")
        ->check(CLI::Range(1, 4096))
        ->type_name("N");
}

void MachineChoice::define(CLI::App& app) {
    add_repeatable(app, "--step-time", step_files,
                   "step times of the machine: points as JSON or CSV, or a result of decode; repeatable")
        ->type_name("FILE");
    app.add_option("--gpu", machine.gpu, "instead GPUs that share every layer, as h100, 4xh100 or 2xmine.json")
        ->type_name("[N]xNAME|FILE");
    app.add_option("--system", machine.system,
                   "instead a simulated system of chips: one that ships, a JSON file, or a number of chips of tsp-v1")
        ->type_name("NAME|FILE|N");
    add_repeatable(app, "--set", machine.overrides, "set a parameter of the GPU, system, chip or cost; may be repeated")
        ->type_name("KEY=VALUE");
    app.add_option("--dtype", machine.dtype, "of weights: fp16 or int8; of GPUs also fp8 and int4")
        ->capture_default_str()
        ->type_name("TYPE");
    define_split(app, machine);
    app.add_option("--context", machine.context, "of a system: positions of a request; the longest one's when left out")
        ->check(CLI::Range(2, 10'000'000))
        ->type_name("N");
    app.add_option("--prices", machine.prices, "a price set that ships (models/prices) or a JSON file")
        ->type_name("NAME|FILE");
    define_simulation(app, machine);
}

void refuse_without_system(const CLI::App& app, const char* system) {
    std::vector<std::string> options = {"--batch", "--prefill-rows", "--context", "--cache", "--threads"};
    for (const experiment::SplitMember& member : experiment::split_members) options.push_back(split_option(member));
    for (const std::string& option : options)
        if (const CLI::Option* known = app.get_option_no_throw(option); known && *known && app.count(system) == 0)
            throw user_error(option, " needs ", system);
}

experiment::MachineOptions MachineChoice::take(const CLI::App& app) const {
    const auto given = [&](const std::string& option) { return app.get_option(option)->count() > 0; };
    const int kinds = int(given("--step-time")) + int(given("--gpu")) + int(given("--system"));
    if (kinds != 1) throw user_error("serve needs a machine: one of --gpu, --system and --step-time");
    refuse_without_system(app, "--system");
    for (const char* option : {"--set", "--dtype", "--prices"})
        if (given(option) && given("--step-time")) throw user_error(option, " needs --gpu or --system");
    experiment::MachineOptions chosen = machine;
    if (given("--step-time")) chosen.steps = experiment::read_step_files(step_files);
    return chosen;
}

}  // namespace superlane::cli
