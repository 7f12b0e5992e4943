// SPDX-License-Identifier: Apache-2.0
// `superlane gpu`: the time of one step of a model on GPUs, by what takes it.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/gpu_report.hpp"

namespace superlane::cli {
namespace {

struct GpuCommand {
    experiment::GpuStepOptions options;
    JsonOutput json;

    void print(const experiment::GpuStepResult& result) const {
        const models::StepSeconds& step = result.step;
        std::cout << result.work.model << ", " << options.dtype << ", on " << options.tp << " x " << result.gpu.name
                  << ": " << grouped(options.batch) << " x " << grouped(options.new_tokens) << " tokens, context "
                  << grouped(options.context) << '\n';
        Table table({false, true, true});
        const auto part = [&](const char* name, double seconds) {
            table.row({name, fixed(1e3 * seconds, 3) + " ms", percent(seconds / step.total())});
        };
        part("GEMM", step.gemm);
        part("attention", step.attention);
        part("all-reduce", step.all_reduce);
        part("overhead", step.overhead);
        part("step", step.total());
        table.print(std::cout);
        Table facts;
        facts.row({"speed", fixed(result.tokens_per_second(options), 1) + " tokens/s, " +
                                fixed(result.tokens_per_second(options) / double(options.batch), 2) + " a request"});
        facts.row({"weights", bytes_text(result.work.weight_bytes) + " a device, of " +
                                  bytes_text(1e9 * result.gpu.memory_gb * result.gpu.memory_usable) + " usable"});
        const int64_t room = result.kv_capacity_tokens;
        facts.row({"KV cache", room <= 0 ? "no room: the weights do not fit"
                                         : grouped(result.kv_tokens) + " tokens of " + grouped(room) +
                                               (result.kv_tokens > room ? " that fit: too many" : " that fit")});
        facts.print(std::cout);
    }

    void run() {
        json.open();
        const experiment::GpuStepResult result = experiment::time_gpu_step(options);
        json.write(experiment::gpu_step_json(options, result, command_line()));
        if (!json.on_stdout()) print(result);
    }
};

}  // namespace

Action define_gpu(CLI::App& app) {
    const auto command = std::make_shared<GpuCommand>();
    experiment::GpuStepOptions& options = command->options;
    app.add_option("GPU", options.gpu, "a GPU that ships (`superlane describe gpu`) or a JSON file")->required();
    app.add_option("MODEL", options.model, "short name, or directory with a config.json")->required();
    app.add_option("--dtype", options.dtype, "fp16, fp8, or weights alone in int8 or int4")
        ->capture_default_str()
        ->type_name("TYPE");
    app.add_option("--tp", options.tp, "devices that share every layer")->capture_default_str()->type_name("N");
    app.add_option("--batch", options.batch, "requests in the step")->capture_default_str()->type_name("N");
    app.add_option("--context", options.context, "tokens of each request after the step")
        ->capture_default_str()
        ->type_name("N");
    app.add_option("--new-tokens", options.new_tokens, "of them new in this step: 1 decodes, more prefill")
        ->capture_default_str()
        ->type_name("N");
    add_repeatable(app, "--set", options.overrides, "set a parameter of the GPU, as gemm.compute_share=0.7")
        ->type_name("KEY=VALUE");
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
