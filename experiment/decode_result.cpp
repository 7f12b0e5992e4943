// SPDX-License-Identifier: Apache-2.0
// A decode's options and result as JSON, and its figures.
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.hpp"
#include "experiment/decode.hpp"
#include "experiment/json_keys.hpp"
#include "experiment/npy.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

/// One request's own value, or the list of all: a single request is not wrapped.
template <class Value>
Json by_request(const std::vector<Value>& values) {
    return values.size() == 1 ? Json(values[0]) : Json(values);
}

Json distance_json(const Distance& distance) {
    return {{"tokens_equal", distance.tokens_equal()},
            {"positions", distance.positions},
            {"first_difference", distance.first_difference},
            {"top1_share", distance.top1_share()},
            {"max_relative_difference", distance.max_relative_difference},
            {"cosine", distance.cosine},
            {"mean_cosine", distance.mean_cosine()}};
}

Json memory_json(const compiler::MemoryUse& memory, const models::Chip& chip) {
    Json json = {{"weights", memory.weights},
                 {"kv", memory.kv},
                 {"tables", memory.tables},
                 {"scratch", memory.scratch},
                 {"chip", chip.sram_bytes()}};
    if (memory.dram > 0) json.update({{"dram_weights", memory.dram}, {"dram", chip.dram_bytes()}});
    return json;
}

Json system_figures_json(const DecodeOptions& options, const SystemFigures& figures) {
    Json stages = Json::array();
    for (size_t i = 0; i < figures.sram_per_chip.size(); ++i) {
        Json stage = memory_json(figures.sram_per_chip[i], options.chip);
        stage["instructions"] = figures.stage_instruction_bytes[i];
        stage["stage"] = i;
        stage["cycles"] = figures.stage_cycles[i];
        stages.push_back(stage);
    }
    Json json = {{"system", options.system ? options.system->name : "single"},
                 {"chips", figures.chips},
                 {"chips_per_node", options.system ? options.system->chips_per_node : 1},
                 {"latency_us_per_token", figures.latency_us},
                 {"host_us_per_token", figures.host_us},
                 {"throughput_tokens_per_second", figures.throughput_tokens_per_second},
                 {"requests_in_flight", figures.requests_in_flight},
                 {"c2c_bytes", figures.c2c_bytes},
                 {"link_utilisation", figures.link_utilisation},
                 {"fullest_link_utilisation", figures.fullest_link_utilisation},
                 {"links", to_json(figures.links)},
                 {"distinct_programs", figures.distinct_programs},
                 {"replayed_steps", figures.replayed_steps},
                 {"replay_cycles", figures.replay_cycles},
                 {"sram_per_chip", stages},
                 {"dead_nodes", options.dead_nodes}};
    for (const SplitMember& member : split_members) json[member.name] = figures.split.*member.value;
    return json;
}

void add_system(Json& json, const DecodeOptions& options) {
    SystemChoice choice = options.system_choice;
    if (choice.name.empty()) choice.name = options.system->name;
    json["system"] = to_json(choice);
    for (const SplitMember& member : split_members) json["split"][member.name] = options.split.*member.value;
    json["exchange"] = options.wide_exchange ? "fp32" : "fp16";
    json["embedding"] = options.host_embedding ? "host" : "chip";
    json["link_errors"] = options.link_errors;
    json["in_flight"] = options.in_flight;
}

void read_system(const JsonObject& from, DecodeOptions& options) {
    options.take_system(system_choice(from.at("system"), from.where() + ": system"));
    const JsonObject split(from.at("split"), from.where() + ": split");
    for (const SplitMember& member : split_members)
        options.split.*member.value = int(split.integer(member.name, 0, 1 << 30));
    options.wide_exchange = from.choice("exchange", {"fp16", "fp32"}) == "fp32";
    options.host_embedding = from.choice("embedding", {"host", "chip"}) == "host";
    options.link_errors = text_list(from, "link_errors");
    options.in_flight = from.has("in_flight") ? int(from.integer("in_flight", 0, 4096)) : 1;
}

}  // namespace

void DecodeOptions::take_system(const SystemChoice& choice) {
    if (choice.one_chip()) {
        if (!choice.dead.empty()) throw user_error("a dead chip needs a system with others");
        return;
    }
    ChosenSystem chosen = choose_system(choice);
    chip = chosen.system.chip;
    if (chosen.system.chips == 1) return;
    system_choice = choice;
    system = std::move(chosen.system);
    chip_numbers = std::move(chosen.chip_numbers);
    dead_nodes = std::move(chosen.dead_nodes);
}

double DecodeResult::mean_cycles() const {
    if (cycles_per_token.empty()) return 0;
    return double(std::accumulate(cycles_per_token.begin(), cycles_per_token.end(), int64_t(0))) /
           double(cycles_per_token.size());
}

double DecodeResult::weight_bound(const models::Chip& chip) const {
    if (memory.dram > 0) return double(weight_bytes) / chip.dram_bytes_per_cycle();
    return weight_bound_cycles(chip, weight_bytes) / (system ? system->split.tp : 1);
}

double DecodeResult::tokens_per_second(const models::Chip& chip) const {
    return mean_cycles() > 0 ? batch / chip_seconds(chip, mean_cycles()) : 0;
}

double DecodeResult::energy_per_token() const {
    return cycles_per_token.empty() ? 0 : decode.joules / (double(batch) * double(cycles_per_token.size()));
}

Json to_json(const DecodeOptions& options) {
    Json json = {{"model", options.model},           {"prompts", options.prompts},
                 {"prompt_ids", options.prompt_ids}, {"tokens", options.tokens},
                 {"context", options.context},       {"batch", options.batch},
                 {"dtype", options.dtype},           {"engine", options.engine},
                 {"scheduler", options.scheduler},   {"timing_only", options.timing_only},
                 {"compare", options.compare},       {"layers", options.layers},
                 {"position", options.position},     {"prefill_rows", options.prefill_rows},
                 {"calibrated", options.calibrated}};
    if (options.weights != "auto") json["weights"] = options.weights;
    if (!options.contexts.empty()) json["contexts"] = options.contexts;
    if (options.system) add_system(json, options);
    if (options.kv_from_host > 0) json["kv_from_host"] = options.kv_from_host;
    if (!options.speculation.draft.empty()) json["speculation"] = to_json(options.speculation);
    return json;
}

DecodeOptions machine_of(const JsonObject& from, const nlohmann::json& result, const std::string& file) {
    const auto number = [&](const char* key) { return int(from.integer(key, 0, 1 << 30)); };
    DecodeOptions options;
    options.model = from.text("model");
    options.context = number("context");
    options.dtype = from.text("dtype");
    options.weights = from.text_or("weights", "auto");
    options.chip = chip_of(result, file);
    options.engine = from.text("engine");
    options.scheduler = from.text("scheduler");
    options.layers = number("layers");
    options.prefill_rows = number("prefill_rows");
    if (from.has("system")) read_system(from, options);
    return options;
}

DecodeOptions decode_options(const nlohmann::json& result, const std::string& file) {
    const JsonObject from(JsonObject(result, file).at("configuration"), file + ": configuration");
    const auto number = [&](const char* key) { return int(from.integer(key, 0, 1 << 30)); };
    DecodeOptions options = machine_of(from, result, file);
    options.prompts = text_list(from, "prompts");
    options.prompt_ids = integer_lists(from, "prompt_ids");
    options.tokens = number("tokens");
    if (from.has("contexts")) options.contexts = integer_list(from, "contexts");
    options.batch = number("batch");
    options.timing_only = from.boolean_or("timing_only", false);
    options.compare = from.boolean_or("compare", false);
    options.position = number("position");
    options.calibrated = from.boolean_or("calibrated", false);
    options.kv_from_host = int(from.integer_or("kv_from_host", 0, 0, 1 << 30));
    if (from.has("speculation"))
        options.speculation = speculation_options(from.at("speculation"), from.where() + ": speculation");
    return options;
}

Json result_json(const DecodeOptions& options, const DecodeResult& result, const std::vector<std::string>& command) {
    const models::Chip& chip = options.chip;
    Usage all = result.prefill;
    all.add(result.decode);
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["model"] = result.model.name;
    json["chip"] = chip.name;
    json["dtype"] = options.dtype;
    json["timing_only"] = result.timing_only;
    json["layers"] = result.model.layers;
    json["context"] = result.context;
    json["batch"] = result.batch;
    json["tokens"] = by_request(result.tokens);
    json["text"] = by_request(result.texts);
    json["prefill_rows"] = result.prefill_rows;
    json["prefill_cycles"] = result.prefill_cycles;
    json["cycles_per_token"] = result.cycles_per_token;
    json["tokens_per_second"] = result.tokens_per_second(chip);
    if (result.calibrated)
        json["calibrated"] = {{"overhead_us_per_layer", result.calibrated->overhead_us_per_layer},
                              {"fitted_on", result.calibrated->fitted_on},
                              {"tokens_per_second_calibrated", result.calibrated->tokens_per_second}};
    if (result.prefix)
        json["kv_from_host"] = {{"tokens", result.prefix->tokens},
                                {"bytes", result.prefix->bytes},
                                {"bytes_fullest_chip", result.prefix->bytes_fullest_chip},
                                {"us", result.prefix->us}};
    if (result.speculation) json["speculation"] = to_json(*result.speculation);
    json["sram_read_bytes"] = result.measured().sram_read_bytes(chip);
    json["sram_utilisation"] = result.measured().sram_utilisation(chip);
    json["stream_utilisation"] = result.measured().stream_utilisation(chip);
    json["mxm_utilisation"] = result.measured().mxm_utilisation(chip);
    if (result.memory.dram > 0) {
        json["dram_read_bytes"] = result.measured().dram_read_bytes(chip);
        json["dram_utilisation"] = result.measured().dram_utilisation(chip);
    }
    json["weight_bytes"] = result.weight_bytes;
    json["weight_bound_cycles"] = result.weight_bound(chip);
    json["kv_bytes"] = result.memory.kv;
    json["kv_pages"] = {{"tokens", result.kv_pages.page_tokens()}, {"by_request", result.kv_pages.by_request()}};
    json["instruction_bytes"] = result.instruction_bytes;
    json["memory_bytes"] = memory_json(result.memory, chip);
    json["operators"] = operators_json(result.operators);
    json["operator_kinds"] = operator_kinds_json(result.operators);
    json["energy_j"] = all.joules;
    if (result.system) json.update(system_figures_json(options, *result.system));
    if (result.comparison)
        json["comparison"] = {{"rounded", distance_json(result.comparison->rounded)},
                              {"float32", distance_json(result.comparison->exact)}};
    json["hazards"] = Json::array();
    json["digest"] = result.digest;
    json["simulator"] = simulator_json(result.wall_s, result.compile_s, all.cycles);
    json["configuration"] = to_json(options);
    json["parameters"] = parameters_json(chip);
    return json;
}

std::string logits_file(const DecodeResult& result) {
    const int64_t vocabulary = result.model.vocabulary, rows = int64_t(result.logits.size()) / vocabulary;
    SUPERLANE_CHECK(result.batch == 1, "logits of a batch");
    return npy_bytes(result.logits, {rows, vocabulary});
}

}  // namespace superlane::experiment
