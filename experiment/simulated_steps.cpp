// SPDX-License-Identifier: Apache-2.0
// Fills a machine with requests, then times single steps on it.
#include "experiment/simulated_steps.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/full_pipeline.hpp"
#include "experiment/prefill_rows.hpp"
#include "experiment/stepper.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

constexpr int cache_format = 1;  // of what is kept, and of what steps are taken for

/// All that a model's steps on a machine depend on, but the layout; no names and no origins.
std::string machine_digest(const DecodeOptions& options, const LlmConfig& model) {
    Digest digest;
    digest.text("superlane simulated steps").number(cache_format).text(full_version()).text(to_json(model).dump());
    digest.text(options.dtype).text(options.scheduler).number(options.wide_exchange).number(options.host_embedding);
    digest.number(options.context).number(options.batch).number(options.prefill_rows);
    for (const models::ParameterRow& row : models::chip_parameters())
        digest.text(row.key).number(row.get(options.chip));
    if (!options.system) return digest.hex();
    const models::System& system = *options.system;
    for (const models::SystemParameterRow& row : models::system_parameters())
        digest.text(row.key).number(row.get(system));
    digest.number(system.chips).number(system.chips_per_node);
    for (const models::Cable& cable : system.cables)
        for (const int end : {0, 1})
            digest.number(cable.ends[size_t(end)].chip)
                .number(cable.ends[size_t(end)].link)
                .number(cable.latency_cycles[size_t(end)]);
    return digest.hex();
}

/// `batches` batches of requests up to the full context.
DecodeSetup filled(const DecodeOptions& options, int batches) {
    DecodeSetup setup = set_up(options, {});
    const size_t requests = size_t(batches) * size_t(options.batch);
    setup.in_flight = batches;
    setup.prompts.resize(requests, setup.prompts[0]);
    setup.contexts.assign(requests, options.context);
    return setup;
}

/// The largest number that holds, from one that does; none above `most` does.
template <class Holds>
int64_t largest(int64_t holding, int64_t most, const Holds& holds) {
    int64_t failing = most + 1;
    for (int64_t step = 1; holding + step < failing; step *= 2) {
        if (holds(holding + step))
            holding += step;
        else
            failing = holding + step;
    }
    while (failing - holding > 1) {
        const int64_t middle = (holding + failing) / 2;
        (holds(middle) ? holding : failing) = middle;
    }
    return holding;
}

SystemPlan plan_of(const DecodeOptions& options, const DecodeSetup& setup) {
    return plan_system(*options.system, setup.model, setup.compiler_options(options), options.split);
}

/// Whether the layout exists; what does not fit is a UserError.
bool fits(const DecodeOptions& options, int batches) {
    try {
        const DecodeSetup setup = filled(options, batches);
        if (options.system)
            plan_of(options, setup);
        else
            compiler::LlamaCompiler(options.chip, setup.model, setup.compiler_options(options));
        return true;
    } catch (const UserError&) {
        return false;
    }
}

/// The groups that were chosen for one batch, with as many stages as can be where that is left open: the whole system
/// works, and a short stage is a short interval.
Split serving_split(const DecodeOptions& options) {
    if (!options.system) return {1, 1, 1, 1, 1};
    const Split least = plan_of(options, filled(options, 1)).split;
    DecodeOptions longer = options;
    longer.split.tp = least.tp;
    if (options.split.pp == 0)
        for (longer.split.pp = options.system->chips / least.tp; longer.split.pp > least.pp; --longer.split.pp)
            if (fits(longer, 1)) break;
    return plan_of(longer, filled(longer, 1)).split;
}

SimulatedLayout find_layout(const DecodeOptions& given) {
    DecodeOptions options = given;
    SimulatedLayout layout{.split = serving_split(given)};
    options.split = layout.split;
    const DecodeSetup one = filled(options, 1);
    const double sram = double(options.chip.sram_bytes()) * (options.system ? options.system->chips : 1);
    const double batch_bytes = kv_bytes_per_token(one.model, 2) * options.context * options.batch;
    layout.batches = int(largest(1, std::max<int64_t>(1, int64_t(sram / batch_bytes)),
                                 [&](int64_t batches) { return fits(options, int(batches)); }));
    const DecodeSetup all = filled(options, layout.batches);
    const auto stepper = options.system ? system_stepper(options, all) : one_chip_stepper(options, all);
    layout.rows = stepper->max_rows();
    layout.page_tokens = stepper->kv_pages().page_tokens();
    for (const int pages : stepper->kv_pages().by_request()) layout.kv_tokens += int64_t(pages) * layout.page_tokens;
    return layout;
}

Json to_json(const SimulatedLayout& layout) {
    Json json = {{"batches", layout.batches},
                 {"rows", layout.rows},
                 {"page_tokens", layout.page_tokens},
                 {"kv_tokens", layout.kv_tokens}};
    for (const SplitMember& member : split_members) json["split"][member.name] = layout.split.*member.value;
    return json;
}

SimulatedLayout parse_layout(const nlohmann::json& json) {
    const JsonObject from(json, "cache"), split(from.at("split"), "cache: split");
    SimulatedLayout layout{.batches = int(from.integer("batches", 1, 1 << 30)),
                           .rows = int(from.integer("rows", 1, 1 << 30)),
                           .page_tokens = int(from.integer("page_tokens", 1, 1 << 30)),
                           .kv_tokens = from.integer("kv_tokens", 1, INT64_MAX)};
    for (const SplitMember& member : split_members)
        layout.split.*member.value = int(split.integer(member.name, 1, 1 << 30));
    return layout;
}

}  // namespace

/// The machine filled with requests.
struct SimulatedSteps::Machine {
    explicit Machine(const DecodeOptions& given, const SimulatedLayout& layout)
        : options(given), setup(filled(options, layout.batches)) {
        if (options.system) {
            plan = plan_of(options, setup);
            machine = std::make_unique<sim::SystemMachine>(*options.system, machine_options(options, setup));
        } else {
            chip = one_chip_stepper(options, setup);
        }
    }

    serving::StepCost time(const std::vector<compiler::StepRow>& rows, const std::string& what) {
        return options.system ? on_system(rows, what) : on_chip(rows, what);
    }

    serving::StepCost on_chip(const std::vector<compiler::StepRow>& rows, const std::string& what) {
        const StepOutcome outcome = chip->run({{rows, {}}}, what)[0];
        const double seconds = chip_seconds(options.chip, double(outcome.cycles));
        return {seconds, seconds, outcome.usage.dynamic_joules};
    }

    /// The step twice, the second time as soon as it may enter: so the interval is simulated too.
    serving::StepCost on_system(const std::vector<compiler::StepRow>& rows, const std::string& what) {
        const Pipeline pipeline(*options.system, plan);
        const PreparedStep step = pipeline.compile(rows, options.scheduler);
        const int64_t interval = pipeline.interval({&step, &step}, 0, 0);
        std::vector<sim::Launch> launches = pipeline.launches(step, 0);
        const size_t chips = launches.size();
        for (sim::Launch& launch : pipeline.launches(step, interval)) launches.push_back(std::move(launch));
        const sim::SystemResult run = simulate(*machine, launches, what);
        const auto end = [&](size_t first) {
            return *std::max_element(run.ends.begin() + long(first), run.ends.begin() + long(first + chips));
        };
        SUPERLANE_CHECK(end(0) == step.step.cycles && end(chips) == interval + step.step.cycles, what, end(0),
                        end(chips), "scheduled cycles", step.step.cycles, "interval", interval);
        double joules = 0;
        for (size_t i = 0; i < chips; ++i) joules += run.by_launch[i].dynamic_joules;
        const double seconds = chip_seconds(options.chip, double(step.step.cycles));
        return {seconds + 1e-6 * host_us(options, setup, rows.size()), chip_seconds(options.chip, double(interval)),
                joules};
    }

    DecodeOptions options;
    DecodeSetup setup;
    SystemPlan plan;
    std::unique_ptr<sim::SystemMachine> machine;
    std::unique_ptr<Stepper> chip;  ///< instead, where there is one
};

SimulatedSteps::SimulatedSteps(const DecodeOptions& options, std::shared_ptr<PointCache> cache,
                               std::function<void(const std::string&)> note)
    : options_(options), cache_(std::move(cache)), note_(std::move(note)) {
    options_.timing_only = true;
    if (options_.prefill_rows == 0) options_.prefill_rows = usual_prefill_rows;
    options_.tokens = options_.position = 1;  // nothing is prefilled; steps say where they stand
    const std::string machine = machine_digest(options_, find_llm(options_.model));
    Digest wanted;
    wanted.text(machine).text("layout");
    for (const SplitMember& member : split_members) wanted.number(options_.split.*member.value);
    const std::string key = wanted.hex();
    if (const auto kept = cache_->find(key)) {
        layout_ = parse_layout(*kept);
    } else {
        if (note_) note_("the room for keys and values");
        layout_ = find_layout(options_);
        cache_->keep(key, to_json(layout_));
    }
    options_.split = layout_.split;
    Digest digest;
    digest.text(machine).number(layout_.batches);
    for (const SplitMember& member : split_members) digest.number(layout_.split.*member.value);
    identity_ = digest.hex();
}

SimulatedSteps::~SimulatedSteps() = default;

serving::StepCost SimulatedSteps::decode(int64_t batch, int64_t context) { return step("decode", batch, context); }
serving::StepCost SimulatedSteps::prefill(int64_t tokens, int64_t context) { return step("prefill", tokens, context); }

serving::StepCost SimulatedSteps::step(const std::string& kind, int64_t count, int64_t context) {
    const std::string key = Digest().text(identity_).text(kind).number(count).number(context).hex();
    if (const auto kept = cache_->find(key)) {
        const JsonObject from(*kept, "cache");
        return {from.number("latency_s", 0, 1e9), from.number("interval_s", 0, 1e9), from.number("joules", 0, 1e15)};
    }
    const std::string what = kind + " of " + std::to_string(count) + " at context " + std::to_string(context);
    if (note_) note_(what);
    if (!machine_) machine_ = std::make_unique<Machine>(options_, layout_);
    std::vector<compiler::StepRow> rows;
    const bool decode = kind == "decode";
    for (int i = 0; i < int(count); ++i)
        rows.push_back({.request = decode ? i : 0,
                        .position = int(context) + (decode ? 0 : i),
                        .logits = decode || i + 1 == int(count)});
    const serving::StepCost cost = machine_->time(rows, what);
    cache_->keep(key, {{"latency_s", cost.latency_s}, {"interval_s", cost.interval_s}, {"joules", cost.joules}});
    return cost;
}

}  // namespace superlane::experiment
