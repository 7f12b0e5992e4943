// SPDX-License-Identifier: Apache-2.0
// `superlane offload`: weights on one pool, attention and its cache on another, beside GPUs that hold everything.
#include "experiment/offload.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/machine.hpp"
#include "cli/options.hpp"
#include "cli/requests.hpp"
#include "cli/text.hpp"

namespace superlane::cli {
namespace {

constexpr int64_t no_limit = int64_t(1) << 40;  // the KV cache is what limits a batch

struct Offload {
    experiment::OffloadRunOptions options;
    RequestFlags requests;
    std::vector<std::string> faults;
    double repair_s = 60;
    bool no_reuse = false, no_overlap = false, bandwidth = false;
    JsonOutput json;

    /// "memory@120": which pool loses a device, and when.
    serving::Fault parse_fault(const std::string& text) const {
        const size_t at = text.find('@');
        const std::string pool = text.substr(0, at);
        serving::Fault fault{.repair_s = repair_s, .loses_kv = pool == "memory"};
        const char* end = text.data() + text.size();
        const auto number = [&] { return std::from_chars(text.data() + at + 1, end, fault.at_s); };
        if (at == std::string::npos || (pool != "compute" && pool != "memory") ||
            number() != std::from_chars_result{end, std::errc()} || !(fault.at_s >= 0))
            throw user_error("--fault ", text, ": must be compute@SECONDS or memory@SECONDS");
        return fault;
    }

    /// Options that this run would not read are mistakes.
    void check_options(const CLI::App& app) const {
        refuse_without_system(app, "--compute-system");
        for (const char* option : {"--trace", "--poisson", "--fault", "--baseline"})
            if (bandwidth && app.count(option) > 0) throw user_error(option, ": --bandwidth serves no requests");
    }

    void prepare(const CLI::App& app) {
        experiment::ServeOptions& workload = options.workload;
        check_options(app);
        if (!bandwidth) requests.take(app, workload);
        if (app.count("--pipeline-batches") == 0) workload.machine.batches = bandwidth ? 1 : experiment::better_batches;
        check_range(app, "--pipeline-batches", workload.machine.batches, app.count("--pipeline-batches") ? 1 : 0, 1024);
        check_range(app, "--max-requests", double(workload.server.max_requests), 1, 1e9);
        check_range(app, "--max-tokens", double(workload.server.max_tokens), 1, 1e9);
        check_range(app, "--step-tokens", double(workload.server.step_tokens), 1, 1e9);
        check_range(app, "--slo", workload.server.slo_tokens_per_s, 0, 1e9);
        check_range(app, "--repair-s", repair_s, 0, 1e9);
        if (workload.machine.gpu.empty() == workload.machine.system.empty())
            throw user_error("offload needs what holds the weights: one of --compute and --compute-system");
        workload.machine.overlap = !no_overlap;
        workload.server.reuse_prefixes = !no_reuse;
        if (workload.server.max_requests == 0) workload.server.max_requests = no_limit;
        if (workload.server.decode_only && workload.server.step_tokens == 0) workload.server.step_tokens = no_limit;
        for (const std::string& fault : faults) workload.server.faults.push_back(parse_fault(fault));
        std::stable_sort(workload.server.faults.begin(), workload.server.faults.end(),
                         [](const serving::Fault& a, const serving::Fault& b) { return a.at_s < b.at_s; });
        options.baseline.dtype = workload.machine.dtype;
        options.baseline.prices = workload.machine.prices;
        json.open();
    }

    static std::string milliseconds(double seconds) { return fixed(1e3 * seconds, 2) + " ms"; }

    static void print_runs(const experiment::OffloadResult& r) {
        Table table({false, true, true, true, true, true, true});
        table.row({"", "tokens/s", "at once", "TPOT, mean", "p99", "USD an hour", "USD/M tokens"});
        const auto row = [&](const std::string& name, const experiment::ServeResult& run, double usd_per_hour) {
            table.row({name, fixed(run.tokens_per_second(), 1), fixed(run.mean_requests(), 1),
                       milliseconds(run.served.tpot_s.mean()), milliseconds(run.served.tpot_s.at(0.99)),
                       usd_per_hour > 0 ? fixed(usd_per_hour, 2) : "-",
                       usd_per_hour > 0 ? fixed(run.usd_per_million_tokens(), 3) : "-"});
        };
        row(r.pair.machine, r.pair, r.pair_usd_per_hour);
        if (r.baseline) row(r.baseline->machine, *r.baseline, r.baseline_usd_per_hour);
        table.print(std::cout, "");
    }

    static void print_rest(const experiment::OffloadResult& r) {
        const serving::OffloadParts& parts = r.parts;
        Table table;
        if (r.baseline) {
            table.row({"gain", fixed(100 * (r.throughput_ratio() - 1), 1) + " % throughput, " +
                                   fixed(r.batch_ratio(), 2) + " times the batch" +
                                   (r.pair_usd_per_hour > 0
                                        ? ", " + fixed(r.per_usd_ratio(), 2) + " times the throughput per USD"
                                        : "")});
        }
        table.row({"mean step", grouped(r.step_requests) + " requests at " + grouped(r.context) + " tokens: weights " +
                                    milliseconds(parts.weights_s) + ", attention " + milliseconds(parts.attention_s) +
                                    ", alone " + milliseconds(parts.alone_s) + ", with the others " +
                                    milliseconds(parts.together.step_s)});
        table.row({"busy", "compute " + percent(r.compute_busy) + ", memory " + percent(r.memory_busy)});
        table.row({"network", bytes_text(parts.bytes) + " a step; " + fixed(r.gb_per_s_needed, 1) +
                                  " GB/s a port would take a fifth of it"});
        if (r.faults)
            table.row({"faults", fixed(r.faults->seconds, 2) + " s longer, " + grouped(r.faults->tokens) +
                                     " tokens computed anew" +
                                     (r.faults->usd > 0 ? ", " + fixed(r.faults->usd, 2) + " USD" : "")});
        table.row({"digest", r.digest});
        table.print(std::cout, "");
    }

    /// A row for each context, a column for each number of requests.
    void run_bandwidth() {
        const auto points = experiment::needed_bandwidth(options.workload.machine, options.workload.model);
        json.write(experiment::bandwidth_json(points, command_line()));
        if (json.on_stdout()) return;
        std::cout << "GB/s that a port of the compute pool needs for the network to take a fifth of a step\n";
        std::vector<std::string> head = {"context"}, cells;
        for (const experiment::BandwidthPoint& one : points)
            if (one.context == points[0].context) head.push_back(grouped(one.requests) + " requests");
        Table table(std::vector<bool>(head.size(), true));
        table.row(head);
        for (const experiment::BandwidthPoint& one : points) {
            if (cells.empty()) cells = {grouped(one.context)};
            cells.push_back(fixed(one.gb_per_s, 1));
            if (cells.size() == head.size()) table.row(std::exchange(cells, {}));
        }
        table.print(std::cout, "");
    }

    void run() {
        if (bandwidth) return run_bandwidth();
        options = experiment::with_better_batches(options);
        const experiment::OffloadResult result = experiment::run_offload(options);
        json.write(experiment::result_json(options, result, command_line()));
        if (json.on_stdout()) return;
        std::cout << result.pair.model.name << ", " << result.pair.source << ", "
                  << grouped(result.pair.served.requests) << " requests, " << grouped(result.pair.served.output_tokens)
                  << " output tokens\n";
        print_runs(result);
        print_rest(result);
    }
};

void define_pools(CLI::App& app, Offload& command) {
    experiment::MachineOptions& pair = command.options.workload.machine;
    app.add_option("--compute", pair.gpu, "GPUs that hold the weights, as 2xh100")->type_name("[N]xNAME|FILE");
    app.add_option("--compute-system", pair.system, "instead a simulated system of chips")->type_name("NAME|FILE|N");
    define_split(app, pair);
    define_simulation(app, pair);
    app.add_option("--memory", pair.memory, "GPUs that hold the KV cache, as 4xh20; so many must divide the KV heads")
        ->required()
        ->type_name("[N]xNAME|FILE");
    app.add_option("--network", pair.network, "between them: host-bypassed, nccl, pcie4 or 200gb")
        ->capture_default_str()
        ->type_name("NAME");
    app.add_option("--pipeline-batches", pair.batches,
                   "in flight; 1 or 2, whichever serves more tokens/s, when left out; above 2 the compute pool is "
                   "shared by one "
                   "replica fewer")
        ->type_name("N");
    app.add_flag("--no-overlap", command.no_overlap, "send the query with keys and values instead of first");
    app.add_flag("--bandwidth", command.bandwidth, "only say which rate the network needs, over requests and contexts");
    app.add_option("--dtype", pair.dtype, "fp16, fp8, int8 or int4; of a system fp16 or int8")
        ->capture_default_str()
        ->type_name("TYPE");
    app.add_option("--baseline", command.options.baseline.gpu, "GPUs that hold everything, to compare with, as 4xh100")
        ->type_name("[N]xNAME|FILE");
    app.add_option("--prices", pair.prices, "a price set that ships (models/prices) or a JSON file")
        ->type_name("NAME|FILE");
}

void define_run(CLI::App& app, Offload& command) {
    serving::ServerOptions& s = command.options.workload.server;
    app.add_flag("--decode-only", s.decode_only, "prompts are computed elsewhere, and arrive with their cache");
    app.add_option("--max-requests", s.max_requests, "served at once; as many as the KV cache holds when left out")
        ->type_name("N");
    app.add_option("--max-tokens", s.max_tokens, "positions of a request; else those of the model")->type_name("N");
    app.add_option("--step-tokens", s.step_tokens, "new tokens a step takes: chunks of prompts (2048)")->type_name("N");
    app.add_flag("--no-prefix-reuse", command.no_reuse, "compute every prompt, whatever hash_ids say");
    app.add_option("--slo", s.slo_tokens_per_s, "tokens/s that content a user")->capture_default_str();
    add_repeatable(app, "--fault", command.faults,
                   "a device of a pool breaks, as memory@120: its cache is computed anew")
        ->type_name("POOL@SECONDS");
    app.add_option("--repair-s", command.repair_s, "until another device is in its place")
        ->capture_default_str()
        ->type_name("S");
}

}  // namespace

Action define_offload(CLI::App& app) {
    const auto command = std::make_shared<Offload>();
    app.add_option("MODEL", command->options.workload.model, "a shape by name or a directory with a config.json")
        ->required();
    define_pools(app, *command);
    command->requests.define(app, command->options.workload);
    define_run(app, *command);
    command->json.define(app);
    return [command, &app] {
        command->prepare(app);
        command->run();
    };
}

}  // namespace superlane::cli
