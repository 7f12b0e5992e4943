// SPDX-License-Identifier: Apache-2.0
// Writes workload files: what differs from the defaults, in the order a person would give it.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/workload.hpp"

namespace superlane::experiment {
namespace {

namespace fs = std::filesystem;

/// A path as seen from the folder of `file`; names are no paths.
std::string relative_to(const std::string& file, const std::string& path) {
    if (!fs::exists(path)) return path;
    const fs::path folder = fs::absolute(file).parent_path();
    return fs::relative(fs::absolute(path), folder).generic_string();
}

void add_overrides(Json& json, const std::vector<std::string>& overrides) {
    for (const std::string& text : overrides) {
        const size_t equals = text.find('=');
        const std::string key = text.starts_with("chip.") ? text.substr(5, equals - 5) : text.substr(0, equals);
        json["parameters"][key] = std::stod(text.substr(equals + 1));
    }
}

void add_chip(Json& json, const ChipChoice& chip, const std::string& file) {
    json["chip"] = chip.name.ends_with(".json") ? relative_to(file, chip.name) : chip.name;
    add_overrides(json, chip.overrides);
}

/// A split's member that was left out is chosen.
Json split_json(const Split& split) {
    Json json = Json::object();
    for (const SplitMember& member : split_members)
        if (split.*member.value > 0) json[member.name] = split.*member.value;
    return json;
}

/// System or chip, and the split.
void add_machine(Json& json, const DecodeOptions& options, const ChipChoice& chip, const std::string& file) {
    if (!options.system) {
        add_chip(json, chip, file);
        json["split"] = split_json({1, 1, 1, 1, 1});
        return;
    }
    const SystemChoice& choice = options.system_choice;
    json["system"] = choice.name.ends_with(".json") ? relative_to(file, choice.name) : choice.name;
    add_overrides(json, choice.overrides);
    json["split"] = split_json(options.split);
}

void add_system_options(Json& json, const DecodeOptions& options) {
    if (!options.system) return;
    json["exchange"] = options.wide_exchange ? "fp32" : "fp16";
    json["embedding"] = options.host_embedding ? "host" : "chip";
    if (!options.system_choice.dead.empty()) json["dead"] = options.system_choice.dead;
    if (options.in_flight != 1) json["in_flight"] = options.in_flight;
    if (!options.link_errors.empty()) json["link_errors"] = options.link_errors;
}

template <class Value>
void add(Json& json, const char* key, const Value& value, const Value& otherwise) {
    if (value != otherwise) json[key] = value;
}

}  // namespace

Json workload_json(const DecodeOptions& options, const ChipChoice& chip, const std::string& file) {
    const DecodeOptions standard;
    Json json = {{"workload", 1}, {"model", relative_to(file, options.model)}};
    add_machine(json, options, chip, file);
    json["dtype"] = options.dtype;
    Json given = Json::object();
    add(given, "engine", options.engine, standard.engine);
    add(given, "scheduler", options.scheduler, standard.scheduler);
    add(given, "timing_only", options.timing_only, standard.timing_only);
    add(given, "compare", options.compare, standard.compare);
    add(given, "calibrated", options.calibrated, standard.calibrated);
    add(given, "layers", options.layers, standard.layers);
    add(given, "context", options.context, standard.context);
    add(given, "contexts", options.contexts, standard.contexts);
    add(given, "prefill_rows", options.prefill_rows, standard.prefill_rows);
    add_system_options(given, options);
    if (!given.empty()) json["options"] = given;
    Json& decode = json["decode"] = Json::object();
    add(decode, "prompts", options.prompts, standard.prompts);
    add(decode, "prompt_ids", options.prompt_ids, standard.prompt_ids);
    decode["tokens"] = options.tokens;
    add(decode, "batch", options.batch, standard.batch);
    add(decode, "position", options.position, standard.position);
    add(decode, "kv_from_host", options.kv_from_host, standard.kv_from_host);
    if (!options.speculation.draft.empty()) {
        decode["speculation"] = to_json(options.speculation);
        decode["speculation"]["draft"] = relative_to(file, options.speculation.draft);
    }
    return json;
}

Json workload_json(const GemmOptions& options, const ChipChoice& chip, const std::string& file) {
    const GemmOptions standard;
    Json json = {{"workload", 1}};
    add_chip(json, chip, file);
    json["dtype"] = options.dtype;
    Json given = Json::object();
    add(given, "engine", options.engine, standard.engine);
    add(given, "scheduler", options.scheduler, standard.scheduler);
    add(given, "timing_only", options.timing_only, standard.timing_only);
    if (!given.empty()) json["options"] = given;
    json["gemm"] = {{"m", options.m}, {"k", options.k}, {"n", options.n}, {"seed", options.seed}};
    return json;
}

}  // namespace superlane::experiment
