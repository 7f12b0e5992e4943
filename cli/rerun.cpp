// SPDX-License-Identifier: Apache-2.0
// `superlane rerun`: repeats a result from its file alone and compares the digests.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "experiment/decode.hpp"
#include "experiment/gemm.hpp"
#include "experiment/json_keys.hpp"
#include "experiment/offload.hpp"
#include "experiment/program_run.hpp"
#include "experiment/serve.hpp"
#include "experiment/steps.hpp"
#include "models/json_file.hpp"

namespace superlane::cli {
namespace {

struct Rerun {
    std::string file;
    JsonOutput json;

    /// `run` wrote a program's result or that of any kind of workload: the configuration tells.
    std::string kind(const nlohmann::json& old, const std::string& command) const {
        if (command != "run") return command;
        const JsonObject configuration(JsonObject(old, file).at("configuration"), file + ": configuration");
        if (configuration.has("steps")) return "steps";
        if (configuration.has("prompts")) return "decode";
        return configuration.has("m") ? "gemm" : "run";
    }

    experiment::Json repeat(const nlohmann::json& old, const std::vector<std::string>& command) const {
        const std::string what = kind(old, command.empty() ? "" : command[0]);
        if (what == "decode") {
            const auto options = experiment::decode_options(old, file);
            return experiment::result_json(options, experiment::run_decode(options), command);
        }
        if (what == "gemm") {
            const auto options = experiment::gemm_options(old, file);
            return experiment::result_json(options, experiment::run_gemm(options), command);
        }
        if (what == "run") {
            const auto options = experiment::program_run_options(old, file);
            return experiment::result_json(options, experiment::run_program(options), command);
        }
        if (what == "steps") {
            const auto options = experiment::steps_options(old, file);
            return experiment::result_json(options, experiment::run_steps(options), command);
        }
        if (what == "serve") {
            const auto options = experiment::serve_options(old, file);
            return experiment::result_json(options, experiment::run_serve(options), command);
        }
        if (what == "offload") {
            const auto options = experiment::offload_options(old, file);
            return experiment::result_json(options, experiment::run_offload(options), command);
        }
        throw user_error(file, ": key 'command': '", what,
                         "' is no command that writes results; allowed are decode, gemm, run, serve, offload");
    }

    /// Another version or other inputs may explain another digest; nothing else may.
    void compare(const std::string& before, const std::string& after, const std::string& made_by) const {
        if (before == after) {
            if (!json.on_stdout()) std::cout << "same digest: " << after << '\n';
            return;
        }
        throw user_error(file, ": digest ", before, " was not repeated, it is ", after,
                         " now; the result was made by version ", made_by, ", this is ", experiment::version(),
                         "; model, weights or program may have changed since");
    }

    void run() {
        const nlohmann::json old = read_json_file(file);
        const JsonObject from(old, file);
        const std::string digest = from.text("digest"), made_by = from.text("version");
        json.open();
        const experiment::Json result = repeat(old, experiment::text_list(from, "command"));
        json.write(result);
        compare(digest, result.at("digest"), made_by);
    }
};

}  // namespace

Action define_rerun(CLI::App& app) {
    const auto command = std::make_shared<Rerun>();
    app.add_option("RESULT", command->file, "a JSON file that decode, gemm, run or serve wrote")->required();
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
