// SPDX-License-Identifier: Apache-2.0
// Machines as JSON: what a person writes into a file, and what results record.
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/json_keys.hpp"
#include "experiment/step_times.hpp"

namespace superlane::experiment {
namespace {

std::vector<std::string> machine_keys() {
    std::vector<std::string> keys = {"name",    "gpu",       "system",       "memory",    "network", "pipeline_batches",
                                     "overlap", "step_time", "set",          "dtype",     "batch",   "prefill_rows",
                                     "context", "prices",    "usd_per_hour", "idle_watts"};
    for (const SplitMember& member : split_members) keys.emplace_back(member.name);
    return keys;
}

/// A file's name, a list of them, or points as they stand.
StepFile read_steps(const JsonObject& from) {
    const nlohmann::json& value = from.at("step_time");
    if (value.is_object()) return parse_step_json(value, from.where() + ": step_time");
    if (value.is_string()) return read_step_files({value.get<std::string>()});
    return read_step_files(text_list(from, "step_time"));
}

}  // namespace

MachineOptions parse_machine(const nlohmann::json& value, const std::string& where) {
    constexpr int64_t most = 1 << 30;
    constexpr double huge = 1e12;
    const JsonObject from(value, where);
    check_keys(value, where, machine_keys());
    MachineOptions options{.name = from.text_or("name", ""),
                           .gpu = from.text_or("gpu", ""),
                           .system = from.text_or("system", ""),
                           .overrides = text_list(from, "set"),
                           .dtype = from.text_or("dtype", "fp16")};
    options.memory = from.text_or("memory", "");
    for (const char* key : {"network", "pipeline_batches", "overlap"})
        if (from.has(key) && options.memory.empty()) from.fail(key, "needs 'memory'");
    std::vector<std::string> of_systems = {"batch", "prefill_rows", "context"};
    for (const SplitMember& member : split_members) of_systems.emplace_back(member.name);
    for (const std::string& key : of_systems)
        if (from.has(key) && options.system.empty()) from.fail(key, "needs 'system'");
    options.network = from.text_or("network", options.network);
    options.batches = int(from.integer_or("pipeline_batches", options.batches, 1, 1024));
    options.overlap = from.boolean_or("overlap", true);
    if (from.has("step_time")) options.steps = read_steps(from);
    for (const SplitMember& member : split_members)
        options.split.*member.value = int(from.integer_or(member.name, 0, 0, most));
    options.batch = int(from.integer_or("batch", 0, 0, most));
    options.prefill_rows = int(from.integer_or("prefill_rows", 0, 0, most));
    options.context = from.integer_or("context", 0, 0, most);
    options.prices = from.text_or("prices", "");
    options.usd_per_hour = from.number_or("usd_per_hour", 0, 0, huge);
    options.idle_watts = from.number_or("idle_watts", 0, 0, huge);
    return options;
}

Json to_json(const MachineOptions& options) {
    Json json = Json::object();
    const auto say = [&](const char* key, const auto& value) {
        if (value != std::decay_t<decltype(value)>{}) json[key] = value;
    };
    say("name", options.name);
    say("gpu", options.gpu);
    say("system", options.system);
    if (!options.memory.empty()) {
        json["memory"] = options.memory;
        json["network"] = options.network;
        json["pipeline_batches"] = options.batches;
        json["overlap"] = options.overlap;
    }
    if (options.steps) json["step_time"] = step_json(*options.steps);
    say("set", options.overrides);
    if (!options.steps) json["dtype"] = options.dtype;
    for (const SplitMember& member : split_members) say(member.name, options.split.*member.value);
    say("batch", options.batch);
    say("prefill_rows", options.prefill_rows);
    say("context", options.context);
    say("prices", options.prices);
    say("usd_per_hour", options.usd_per_hour);
    say("idle_watts", options.idle_watts);
    return json;
}

}  // namespace superlane::experiment
