// SPDX-License-Identifier: Apache-2.0
// Steps of a trace from JSON lines, and their options and results as JSON.
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/json_keys.hpp"
#include "experiment/steps.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

constexpr int most_batch = 4096, most_context = 10'000'000, most_new_tokens = 1'000'000;

std::vector<int> counts(const JsonObject& from, const std::string& key, int low, int high, size_t size) {
    const nlohmann::json& list = from.at(key);
    if (!list.is_array()) from.fail(key, "must be a list of integers, one a request");
    std::vector<int> values;
    for (const auto& one : list) {
        if (!one.is_number_integer() || one < low || one > high)
            from.fail(key, "must hold integers from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
                               brief(one));
        values.push_back(one);
    }
    if (values.size() != size)
        from.fail(key, "has " + std::to_string(values.size()) + " entries, 'batch' is " + std::to_string(size));
    return values;
}

TraceStep parse_step(const nlohmann::json& value, const std::string& where, int line) {
    const JsonObject from(value, where);
    check_keys(value, where, {"batch", "contexts", "new_tokens"});
    const size_t batch = size_t(from.integer("batch", 1, most_batch));
    TraceStep step{.contexts = counts(from, "contexts", 0, most_context, batch), .line = line};
    step.new_tokens =
        from.has("new_tokens") ? counts(from, "new_tokens", 1, most_new_tokens, batch) : std::vector<int>(batch, 1);
    return step;
}

Json steps_json(const std::vector<TraceStep>& steps) {
    Json list = Json::array();
    for (const TraceStep& step : steps)
        list.push_back({{"batch", step.contexts.size()}, {"contexts", step.contexts}, {"new_tokens", step.new_tokens}});
    return list;
}

Json figures_json(const StepsOptions& options, const StepsResult& result) {
    Json list = Json::array();
    for (size_t i = 0; i < result.steps.size(); ++i)
        list.push_back({{"batch", options.steps[i].contexts.size()},
                        {"new_tokens", options.steps[i].rows()},
                        {"longest", options.steps[i].longest()},
                        {"programs", result.steps[i].programs},
                        {"cycles", result.steps[i].cycles},
                        {"host_us", result.steps[i].host_us}});
    return list;
}

}  // namespace

std::vector<TraceStep> read_steps(const std::string& file) {
    std::ifstream stream(file);
    if (!stream || std::filesystem::is_directory(file)) throw user_error(file, ": cannot be read");
    std::vector<TraceStep> steps;
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const std::string where = file + ": line " + std::to_string(number);
        steps.push_back(parse_step(parse_json(line, where), where, number));
    }
    if (steps.empty()) throw user_error(file, ": no steps");
    return steps;
}

Json to_json(const StepsOptions& options) {
    Json json = to_json(options.decode);
    for (const char* key :
         {"prompts", "prompt_ids", "tokens", "batch", "timing_only", "compare", "position", "calibrated"})
        json.erase(key);
    json["steps_file"] = options.steps_file;
    json["steps"] = steps_json(options.steps);
    return json;
}

StepsOptions steps_options(const nlohmann::json& result, const std::string& file) {
    const JsonObject from(JsonObject(result, file).at("configuration"), file + ": configuration");
    StepsOptions options{.decode = machine_of(from, result, file), .steps_file = from.text("steps_file")};
    for (const auto& one : from.at("steps")) {
        const int line = int(options.steps.size()) + 1;
        options.steps.push_back(parse_step(one, from.where() + ": steps: entry " + std::to_string(line), line));
    }
    return options;
}

Json result_json(const StepsOptions& options, const StepsResult& result, const std::vector<std::string>& command) {
    const models::Chip& chip = options.decode.chip;
    const double seconds = result.seconds(chip);
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["model"] = result.model.name;
    json["chip"] = chip.name;
    if (options.decode.system) {
        json["system"] = options.decode.system->name;
        json["chips"] = result.chips;
        json["tp"] = result.split.tp;
        json["pp"] = result.split.pp;
        json["ep"] = result.split.ep;
    }
    json["dtype"] = options.decode.dtype;
    json["timing_only"] = true;
    json["layers"] = result.model.layers;
    json["context"] = result.context;
    json["batch"] = result.batch;
    json["steps"] = figures_json(options, result);
    json["cycles"] = result.cycles;
    json["host_us"] = result.host_us;
    json["new_tokens"] = result.new_tokens;
    json["new_tokens_per_second"] = seconds > 0 ? double(result.new_tokens) / seconds : 0.0;
    json["distinct_programs"] = result.distinct_programs;
    json["sram_read_bytes"] = result.usage.sram_read_bytes(chip);
    json["sram_utilisation"] = result.usage.sram_utilisation(chip);
    json["stream_utilisation"] = result.usage.stream_utilisation(chip);
    json["mxm_utilisation"] = result.usage.mxm_utilisation(chip);
    json["weight_bytes"] = result.weight_bytes;
    json["kv_bytes"] = result.memory.kv;
    json["instruction_bytes"] = result.instruction_bytes;
    json["operators"] = operators_json(result.operators);
    json["operator_kinds"] = operator_kinds_json(result.operators);
    json["energy_j"] = result.usage.joules;
    json["hazards"] = Json::array();
    json["digest"] = result.digest;
    json["simulator"] = simulator_json(result.wall_s, result.compile_s, result.usage.cycles);
    json["configuration"] = to_json(options);
    json["parameters"] = parameters_json(chip);
    return json;
}

}  // namespace superlane::experiment
