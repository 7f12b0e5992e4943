// SPDX-License-Identifier: Apache-2.0
// `superlane collective`: all-reduce and the others over the chips of a system, over sizes.
#include "experiment/collective.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"

namespace superlane::cli {
namespace {

struct Collective {
    experiment::CollectiveRun options;
    std::string name, system = "tsp-v1-node", bytes = "32K", sizes, chips;
    std::vector<std::string> overrides;
    bool unshared = false;
    JsonOutput json;
    const CLI::App* app = nullptr;

    /// Options that this collective does not read are mistakes.
    void check_options() const {
        using compiler::CollectiveKind;
        const CollectiveKind kind = options.options.kind;
        const auto demand = [&](const char* option, bool read, const char* readers) {
            if (!read && app->get_option(option)->count() > 0)
                throw user_error(option, " is for ", readers, ", not for ", name);
        };
        const bool sends = kind == CollectiveKind::Send;
        demand("--to", sends, "send");
        demand("--from", sends || kind == CollectiveKind::Broadcast, "broadcast and send");
        demand("--dtype", compiler::adds(kind), "all-reduce and reduce-scatter, which add");
        if (unshared && !options.timing_only)
            throw user_error("--unshared needs --timing-only: with values every chip is simulated");
    }

    void prepare() {
        options.options.kind = compiler::collective_kind(name);
        check_options();
        options.sizes = sizes.empty() ? std::vector<int64_t>{experiment::parse_size("--bytes", bytes)}
                                      : experiment::parse_sizes("--sizes", sizes);
        options.system = models::load_system(system, overrides);
        if (!chips.empty()) {
            options.options.chips = parse_ids("--chips", chips, "chip");
            std::sort(options.options.chips.begin(), options.options.chips.end());
        }
        options.share = !unshared;
        json.open();
    }

    void print(const std::vector<experiment::CollectivePoint>& points) const {
        const models::System& s = options.system;
        const size_t members = options.options.chips.empty() ? size_t(s.chips) : options.options.chips.size();
        std::cout << name << " over " << members << " chips of " << s.name << ", links of "
                  << fixed(s.link_bytes_per_s() / 1e9, 3) << " GB/s, " << fixed(points[0].peak_gbytes_per_s, 2)
                  << " GB/s a chip" << (options.timing_only ? "; timing only" : "; values exact") << "\n";
        Table table({true, false, true, true, true, true, true, true, true, true, true});
        table.row({"bytes", "algorithm", "paths", "cycles", "us", "alg GB/s", "bus GB/s", "of peak", "bound", "formula",
                   "links busy"});
        for (const experiment::CollectivePoint& p : points)
            table.row({grouped(p.bytes), p.algorithm, grouped(p.paths), grouped(p.cycles), fixed(p.us, 3),
                       fixed(p.algorithm_gbytes_per_s, 2), fixed(p.bus_gbytes_per_s, 2), percent(p.share_of_peak()),
                       grouped(p.bound_cycles), grouped(p.estimate_cycles), percent(p.link_utilisation)});
        table.print(std::cout, "");
        double compile_s = 0, wall_s = 0;
        for (const experiment::CollectivePoint& p : points) {
            compile_s += p.compile_s;
            wall_s += p.wall_s;
        }
        std::cout << "simulator " << duration_text(wall_s) << ", compiling " << duration_text(compile_s) << "; "
                  << counted(points.back().distinct_programs, "distinct program") << " at the last size\n";
    }

    void run() {
        prepare();
        std::vector<experiment::CollectivePoint> points;
        for (const int64_t size : options.sizes) points.push_back(experiment::run_collective(options, size));
        json.write(experiment::result_json(options, points, command_line()));
        if (!json.on_stdout()) print(points);
    }
};

}  // namespace

Action define_collective(CLI::App& app) {
    const auto command = std::make_shared<Collective>();
    command->app = &app;
    compiler::CollectiveOptions& options = command->options.options;
    app.add_option("COLLECTIVE", command->name, "all-reduce, all-gather, reduce-scatter, broadcast or send")
        ->required();
    app.add_option("--system", command->system, "name, JSON file, or number of chips")
        ->capture_default_str()
        ->type_name("NAME|FILE|N");
    add_repeatable(app, "--set", command->overrides, "a parameter of system or chip, KEY=VALUE; repeatable");
    app.add_option("--bytes", command->bytes, "size of the whole vector (K, M: 1024)")
        ->capture_default_str()
        ->type_name("SIZE");
    app.add_option("--sizes", command->sizes, "many sizes: 1K:1M (powers of two) or 4K,32K")
        ->type_name("FROM:TO")
        ->excludes("--bytes");
    app.add_option("--dtype", options.dtype, "what is added: fp16 (rounded to fp16 each time), fp32 or int32")
        ->capture_default_str()
        ->type_name("NAME");
    app.add_option(
           "--algorithm", options.algorithm,
           "exchange, direct, hierarchical, shortest, ring, tree, scatter, branchings, paths; auto takes the fastest by formula")
        ->capture_default_str()
        ->type_name("NAME");
    app.add_option("--chips", command->chips, "chips that take part; without it all")->type_name("1,2,3");
    app.add_option("--from", options.from, "chip that broadcasts or sends")->capture_default_str()->type_name("CHIP");
    app.add_option("--to", options.to, "chip that is sent to")->capture_default_str()->type_name("CHIP");
    app.add_option("--engine", command->options.engine, "fast or kernel")->capture_default_str()->type_name("NAME");
    app.add_flag("--timing-only", command->options.timing_only, "cycles only, no values");
    app.add_flag("--unshared", command->unshared, "timing only: simulate chips with the same program one by one");
    app.add_option("--threads", command->options.threads, "chips of one window on so many threads")
        ->capture_default_str();
    app.add_option("--seed", command->options.seed, "of the values")->capture_default_str();
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
