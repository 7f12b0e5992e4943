// SPDX-License-Identifier: Apache-2.0
// `superlane describe`: what is modelled, from the tables that the simulator itself reads.
#include "cli/describe.hpp"

#include <iostream>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"

namespace superlane::cli {
namespace {

struct Describe {
    std::string what;
    std::vector<std::string> names, overrides;
    std::string svg;
    bool fit = false;
    JsonOutput json;

    void check_options() const {
        const bool system = what == "system", gpu = what == "gpu";
        if (!overrides.empty() && ((what != "chips" && !system && !gpu) || names.empty()))
            throw user_error("--set needs `describe chips NAME`, `describe system NAME` or `describe gpu NAME`");
        if (!svg.empty() && (!system || names.size() != 1))
            throw user_error("--svg needs `describe system NAME`, with one name");
        if (json.wanted() && what != "axes" && ((!system && !gpu) || names.size() != 1))
            throw user_error(
                "--json needs `describe axes`, `describe system NAME` or `describe gpu NAME`, with one name");
        if (fit && (!gpu || names.empty())) throw user_error("--fit needs `describe gpu NAME`");
    }

    void run() {
        const std::vector<std::string> kinds = {"chips", "system", "gpu", "models", "isa", "parameters", "axes"};
        check_options();
        if (what == "system")
            describe_systems(names, overrides, svg, json);
        else if (what == "gpu")
            describe_gpus(names, overrides, fit, json);
        else if (what == "chips")
            describe_chips(names, overrides);
        else if (what == "models")
            describe_models(names);
        else if (what == "isa")
            describe_isa(names);
        else if (what == "parameters")
            describe_parameters(names);
        else if (what == "axes")
            describe_axes(names, json);
        else
            throw user_error("describe ", what, ": must be chips, system, gpu, models, isa, parameters or axes",
                             nearest_hint(what, kinds));
    }
};

}  // namespace

Action define_describe(CLI::App& app) {
    const auto command = std::make_shared<Describe>();
    app.add_option("WHAT", command->what, "chips, system, gpu, models, isa, parameters or axes")->required();
    app.add_option("NAME", command->names, "what to show in full; an overview of all when left out");
    add_repeatable(app, "--set", command->overrides, "set a parameter of the chip, system or GPU that is shown")
        ->type_name("KEY=VALUE");
    app.add_option("--svg", command->svg, "draw the system")->type_name("FILE");
    app.add_flag("--fit", command->fit, "fit the GPU on its points anew");
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
