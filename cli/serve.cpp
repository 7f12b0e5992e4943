// SPDX-License-Identifier: Apache-2.0
// `superlane serve`: a stream of requests on GPUs, on simulated chips, or on a machine given by its step times.
#include "experiment/serve.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/machine.hpp"
#include "cli/options.hpp"
#include "cli/requests.hpp"
#include "cli/text.hpp"

namespace superlane::cli {
namespace {

struct Serve {
    experiment::ServeOptions options;
    MachineChoice machine;
    RequestFlags requests;
    double kv_gb = 0, usd_per_hour = 0, idle_watts = 0;
    bool no_reuse = false;
    JsonOutput json;

    void check_numbers(const CLI::App& app) const {
        constexpr double least = 1e-9, most = 1e9;
        const serving::ServerOptions& s = options.server;
        check_range(app, "--kv-gb", kv_gb, least, most);
        check_range(app, "--page-tokens", s.page_tokens, 1, most);
        check_range(app, "--max-requests", double(s.max_requests), 1, most);
        check_range(app, "--step-tokens", double(s.step_tokens), 1, most);
        check_range(app, "--pipeline-steps", s.pipeline_steps, 1, most);
        check_range(app, "--max-tokens", double(s.max_tokens), 1, most);
        check_range(app, "--slo", s.slo_tokens_per_s, 0, most);
        check_range(app, "--slo-ttft", s.slo_ttft_s, 0, most);
        check_range(app, "--usd-per-hour", usd_per_hour, 0, most);
        check_range(app, "--usd-per-kwh", options.usd_per_kwh, 0, most);
        check_range(app, "--idle-watts", idle_watts, 0, most);
    }

    void prepare(const CLI::App& app) {
        check_numbers(app);
        requests.take(app, options);
        options.kv_bytes = 1e9 * kv_gb;
        options.server.reuse_prefixes = !no_reuse;
        options.machine = machine.take(app);
        options.machine.usd_per_hour = usd_per_hour;
        options.machine.idle_watts = idle_watts;
        json.open();
    }

    static std::string seconds(double value) {
        if (value >= 1) return fixed(value, value < 100 ? 2 : 0) + " s";
        if (value >= 1e-3) return fixed(1e3 * value, value < 0.1 ? 2 : 1) + " ms";
        return fixed(1e6 * value, 1) + " us";
    }

    static void add_quantiles(Table& table, const char* name, const serving::Quantiles& q) {
        if (q.count() == 0) return;
        table.row(
            {name, seconds(q.mean()), seconds(q.at(0.5)), seconds(q.at(0.9)), seconds(q.at(0.99)), seconds(q.most())});
    }

    static void print_latency(const experiment::ServeResult& r) {
        Table table({false, true, true, true, true, true});
        table.row({"latency", "mean", "p50", "p90", "p99", "max"});
        add_quantiles(table, "in the queue", r.served.queue_s);
        add_quantiles(table, "first token (TTFT)", r.served.ttft_s);
        add_quantiles(table, "a token (TPOT)", r.served.tpot_s);
        add_quantiles(table, "whole request (E2E)", r.served.e2e_s);
        table.print(std::cout, "");
    }

    void print(const experiment::ServeResult& r) const {
        const serving::ServingResult& s = r.served;
        Table table;
        const auto row = [&](const char* name, const std::string& text) { table.row({name, text}); };
        row("model", r.model.name + (r.machine.empty() ? "" : " on " + r.machine));
        row("requests", grouped(s.requests) + " (" + r.source + "), " + grouped(s.prompt_tokens) + " prompt and " +
                            grouped(s.output_tokens) + " output tokens");
        row("time", seconds(s.elapsed_s()) + ", busy " + percent(s.busy_s / s.elapsed_s()) + ", " + grouped(s.steps) +
                        " steps");
        row("throughput", fixed(r.tokens_per_second(), 1) + " tokens/s, " +
                              fixed(double(s.requests) / s.elapsed_s(), 3) + " requests/s");
        row("per user", fixed(r.tokens_per_second_per_user(0.5), 1) + " tokens/s in the middle, " +
                            fixed(r.tokens_per_second_per_user(0.99), 1) + " for the slowest 1 %");
        row("within SLO", percent(r.slo_attainment()) + " of the requests (" +
                              experiment::plain_number(r.server.slo_tokens_per_s) + " tokens/s" +
                              (r.server.slo_ttft_s > 0 ? ", first token in " + seconds(r.server.slo_ttft_s) : "") +
                              ")");
        row("at once",
            fixed(r.mean_requests(), 1) + " requests of at most " + grouped(r.server.max_requests) +
                (r.server.pipeline_steps > 1 ? " in " + grouped(r.server.pipeline_steps) + " steps in flight" : ""));
        row("KV cache", grouped(r.server.kv_pages) + " pages of " + grouped(r.server.page_tokens) + " tokens, " +
                            bytes_text(r.kv_bytes_per_token) + " a token; " + percent(r.mean_kv_share()) +
                            " in use, at most " + percent(r.most_kv_share()));
        if (s.reused_tokens > 0) row("prefixes", grouped(s.reused_tokens) + " tokens found in the KV cache");
        if (s.preemptions > 0)
            row("preemptions", grouped(s.preemptions) + ", " + grouped(s.dropped_tokens) + " tokens dropped");
        if (r.energy_j > 0)
            row("energy", joules_text(r.energy_j) + ", " + joules_text(r.joules_per_token()) + " a token");
        if (r.usd > 0)
            row("cost", fixed(r.usd, 2) + " USD, " + fixed(r.usd_per_million_tokens(), 3) + " USD per million tokens");
        if (r.step_time_error > 0) row("step times", "error " + percent(r.step_time_error) + ", " + r.error_meaning);
        row("simulator", duration_text(r.wall_s));
        row("digest", r.digest);
        table.print(std::cout, "");
    }

    static void say_skipped(const traces::Skipped& skipped) {
        if (skipped.failed > 0) std::cerr << "note: " << grouped(skipped.failed) << " failed requests left out\n";
        if (skipped.bad > 0)
            std::cerr << "note: " << grouped(skipped.bad) << " rows skipped; the first: " << skipped.first_bad << '\n';
    }

    void run() {
        const experiment::ServeResult result = experiment::run_serve(options);
        say_skipped(result.skipped);
        json.write(experiment::result_json(options, result, command_line()));
        if (json.on_stdout()) return;
        print(result);
        std::cout << '\n';
        print_latency(result);
    }
};

void define_server(CLI::App& app, Serve& serve) {
    auto& s = serve.options.server;
    app.add_option("--kv-gb", serve.kv_gb, "room for keys and values, 1e9 bytes; else what the machine has")
        ->type_name("GB");
    app.add_option("--kv-dtype", serve.options.kv_dtype, "fp16, fp8 or int8; else as the machine has it")
        ->type_name("NAME");
    app.add_option("--page-tokens", s.page_tokens,
                   "tokens of a page of the KV cache; else as the machine has them (16)")
        ->type_name("N");
    app.add_option("--max-requests", s.max_requests, "served at once; else as the machine says (256)")->type_name("N");
    app.add_option("--step-tokens", s.step_tokens, "new tokens a step takes: chunks of prompts (2048)")->type_name("N");
    app.add_option("--pipeline-steps", s.pipeline_steps, "steps in flight in a pipeline (1)")->type_name("N");
    app.add_option("--max-tokens", s.max_tokens, "positions of a request; else those of the model")->type_name("N");
    app.add_flag("--no-prefix-reuse", serve.no_reuse, "compute every prompt, whatever hash_ids say");
    app.add_option("--slo", s.slo_tokens_per_s, "tokens/s that content a user")->capture_default_str();
    app.add_option("--slo-ttft", s.slo_ttft_s, "seconds to the first token that do; 0 = any")->capture_default_str();
    app.add_option("--usd-per-hour", serve.usd_per_hour, "price of the machine; else what it says");
    app.add_option("--usd-per-kwh", serve.options.usd_per_kwh, "price of energy")->capture_default_str();
    app.add_option("--idle-watts", serve.idle_watts, "power beside the steps' energy; else what it says");
}

}  // namespace

Action define_serve(CLI::App& app) {
    const auto command = std::make_shared<Serve>();
    app.add_option("MODEL", command->options.model, "a shape by name or a directory with a config.json")->required();
    command->machine.define(app);
    command->requests.define(app, command->options);
    define_server(app, *command);
    command->json.define(app);
    return [command, &app] {
        command->prepare(app);
        command->run();
    };
}

}  // namespace superlane::cli
