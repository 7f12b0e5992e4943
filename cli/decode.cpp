// SPDX-License-Identifier: Apache-2.0
// `superlane decode`: text as it is generated, then what it took.
#include "experiment/decode.hpp"

#include <unistd.h>

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/decode_report.hpp"
#include "cli/options.hpp"
#include "cli/speculation.hpp"
#include "cli/text.hpp"
#include "cli/workload.hpp"

namespace superlane::cli {
namespace {

constexpr double long_run_s = 5;

struct Decode {
    experiment::DecodeOptions options;
    std::vector<std::string> prompt_ids;
    std::string logits, workload;
    const CLI::App* app = nullptr;
    std::string exchange = "fp16", embedding = "host", in_flight = "1";
    ChipOptions chip;
    SystemOptions system;
    EngineOptions engine;
    JsonOutput json;
    Outputs outputs;
    ProgressBar bar;
    bool writes_text = false;  ///< to standard output, as it is generated

    void prepare() {
        for (const std::string& ids : prompt_ids) options.prompt_ids.push_back(parse_ids("--prompt-ids", ids));
        for (const std::string& prompt : options.prompts) check_text(prompt);
        const experiment::SystemChoice choice = system.choice(*app, chip);
        if (choice.one_chip()) options.chip = chip.load();
        options.take_system(choice);
        options.in_flight = batches_in_flight();
        options.wide_exchange = exchange == "fp32";
        options.host_embedding = embedding == "host";
        options.engine = engine.engine;
        options.timing_only = engine.timing_only;
        options.keep_logits = !logits.empty();
        outputs.add(logits);
        outputs.add(workload);
        open_files();
    }

    int batches_in_flight() const {
        if (in_flight == "auto") return 0;
        int batches = 0;
        const auto [end, error] = std::from_chars(in_flight.data(), in_flight.data() + in_flight.size(), batches);
        if (error != std::errc() || end != in_flight.data() + in_flight.size() || batches < 1)
            throw user_error("--in-flight ", in_flight, ": must be auto or a number from 1 on");
        return batches;
    }

    void open_files() {
        experiment::check_vcd(options.engine, engine.vcd);
        if (options.system && !engine.vcd.empty())
            throw user_error("--vcd ", engine.vcd, ": a waveform is of one chip, not of a system");
        options.trace_file = outputs.add(engine.trace);
        options.vcd_file = outputs.add(engine.vcd);
        json.open();
    }

    /// A result file is JSON: it could not record other bytes.
    static void check_text(const std::string& prompt) {
        try {
            experiment::Json(prompt).dump();
        } catch (const std::exception&) {
            throw user_error("--prompt is not UTF-8 text; give bytes as --prompt-ids");
        }
    }

    void begin(const experiment::Estimate& estimate) {
        writes_text = !estimate.timing_only && !json.on_stdout();
        say_estimate(estimate);
        echo_prompt();
    }

    void say_estimate(const experiment::Estimate& estimate) const {
        if (estimate.seconds < long_run_s) return;
        std::cerr << "expected: about " << duration_text(estimate.seconds) << " for " << grouped(estimate.cycles)
                  << " simulated cycles, " << bytes_text(estimate.bytes) << " of memory\n";
    }

    /// The bar would tear the text when both go to one terminal.
    void show_progress(const experiment::Progress& progress) {
        const bool text_on_terminal =
            writes_text && !progress.prefill && !progress.speculative && isatty(STDOUT_FILENO) != 0;
        if (text_on_terminal) return bar.clear();
        bar.show(double(progress.done) / progress.steps, std::string(progress.speculative ? "speculative token "
                                                                     : progress.prefill   ? "prefill step "
                                                                                          : "decode step ") +
                                                             std::to_string(progress.done) + " of " +
                                                             std::to_string(progress.steps) + ", " +
                                                             grouped(progress.cycles) + " cycles");
        if (progress.done == progress.steps) bar.clear();
    }

    experiment::DecodeWatcher watcher() {
        experiment::DecodeWatcher watcher;
        watcher.note = [](const std::string& line) { std::cerr << "note: " << line << '\n'; };
        watcher.estimate = [this](const experiment::Estimate& estimate) { begin(estimate); };
        watcher.progress = [this](const experiment::Progress& progress) { show_progress(progress); };
        if (!json.on_stdout())
            watcher.text = [this](std::string_view text) {
                if (!text.empty()) bar.clear();
                std::cout << text << std::flush;
            };
        return watcher;
    }

    void print(const experiment::DecodeResult& result) const {
        if (!result.timing_only) std::cout << "\n\n";
        for (size_t r = 1; r < result.texts.size() && !result.timing_only; ++r)
            std::cout << "request " << r << ": " << result.texts[r] << "\n\n";
        print_decode(options, result);
    }

    /// The text goes on from its prompt.
    void echo_prompt() const {
        if (!writes_text || !options.prompt_ids.empty() || options.prompts.size() > 1) return;
        std::cout << (options.prompts.empty() ? std::string(experiment::default_prompt) : options.prompts[0])
                  << std::flush;
    }

    void run() {
        const experiment::DecodeResult result = experiment::run_decode(options, watcher());
        if (!logits.empty()) outputs.write(logits, experiment::logits_file(result));
        if (!workload.empty())
            outputs.write(workload,
                          workload_text(experiment::workload_json(options, {chip.chip, chip.overrides}, workload)));
        outputs.commit();
        json.write(experiment::result_json(options, result, command_line()));
        if (!json.on_stdout()) print(result);
    }
};

}  // namespace

void decode_workload(const experiment::DecodeOptions& options, const EngineOptions& files, JsonOutput& json) {
    Decode command;
    command.options = options;
    command.engine = files;
    command.json = std::move(json);
    command.open_files();
    command.run();
}

Action define_decode(CLI::App& app) {
    const auto command = std::make_shared<Decode>();
    auto& o = command->options;
    app.add_option("MODEL", o.model,
                   "a directory with config.json and safetensors, or a shape by name (`superlane describe models`)")
        ->required();
    add_repeatable(app, "--prompt", o.prompts,
                   "text to go on from, 'The ' when left out; one for all requests or one each");
    add_repeatable(app, "--prompt-ids", command->prompt_ids, "the prompt as token ids: 1,2,3")->type_name("IDS");
    app.add_option("--tokens", o.tokens, "to generate, each request")->capture_default_str()->type_name("N");
    app.add_option("--context", o.context,
                   "positions that a request may take; what is needed, at least 256, when left out")
        ->type_name("N");
    app.add_option("--contexts", o.contexts, "instead: positions of each request, N,N,...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("N,N");
    app.add_option("--batch", o.batch, "requests decoded together")->type_name("N");
    app.add_option("--dtype", o.dtype, "fp16, or int8 weights and activations (W8A8)")
        ->capture_default_str()
        ->type_name("fp16|int8");
    app.add_option("--weights", o.weights,
                   "where a chip's weights lie; auto: in DRAM when the chip has some and SRAM does not hold them")
        ->capture_default_str()
        ->type_name("auto|sram|dram");
    command->app = &app;
    command->chip.define(app);
    command->system.define(app);
    define_split_members(app, o.split);
    app.add_option("--in-flight", command->in_flight,
                   "in a system: batches that are in the pipeline at once; auto: as many as fill it, or fit")
        ->capture_default_str()
        ->type_name("N|auto");
    app.add_option("--embedding", command->embedding,
                   "in a system: the host sends each token's embedding, or the first stage has the table")
        ->capture_default_str()
        ->check(CLI::IsMember({"host", "chip"}))
        ->type_name("host|chip");
    app.add_option("--exchange", command->exchange, "type in which partial sums and residuals cross links")
        ->capture_default_str()
        ->check(CLI::IsMember({"fp16", "fp32"}))
        ->type_name("fp16|fp32");
    add_repeatable(
        app, "--link-error", o.link_errors,
        "vector N that CHIP sends on LINK in decode step STEP cannot be corrected, each from 0 on: the step is "
        "run again")
        ->type_name("STEP:CHIP:LINK:N");
    app.add_option("--threads", o.threads, "of the simulator; no result depends on it")
        ->capture_default_str()
        ->check(CLI::Range(1, 1024))
        ->type_name("N");
    app.add_flag("!--no-share", o.share, "timing only: simulate every chip, also those with equal programs");
    command->engine.define(app);
    app.add_flag("--compare", o.compare, "run the reference executor beside the chip");
    app.add_option("--logits", command->logits,
                   "write the logits as float32 [generated tokens, vocabulary], NumPy format")
        ->type_name("FILE.npy");
    command->json.define(app);
    app.add_option("--scheduler", o.scheduler, "asap, list or random:SEED")->capture_default_str()->type_name("NAME");
    app.add_option("--layers", o.layers, "timing only: so many layers alone, without embedding and head")
        ->type_name("N");
    app.add_option("--position", o.position, "timing only: decode from this position on, without prefill")
        ->type_name("N");
    app.add_option("--prefill-rows", o.prefill_rows,
                   "most prompt tokens in one step; when left out 8, or as many as fit beside the model")
        ->type_name("N");
    app.add_flag("--calibrated", o.calibrated,
                 "report beside it the speed with one fitted overhead a layer (models/calibration.json)");
    app.add_option("--kv-from-host", o.kv_from_host,
                   "timing only: keys and values of so many first tokens come from host memory; their time is reported "
                   "apart, and they are not prefilled")
        ->type_name("N");
    define_speculation(app, o.speculation);
    define_save_workload(app, command->workload);
    return [command] {
        command->prepare();
        command->run();
    };
}

}  // namespace superlane::cli
