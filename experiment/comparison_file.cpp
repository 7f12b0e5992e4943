// SPDX-License-Identifier: Apache-2.0
// A comparison as a file, and what it found as JSON.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/comparison.hpp"
#include "experiment/json_keys.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

constexpr double most_rate = 1e9;
constexpr int64_t most_requests = 1'000'000'000;

traces::LengthRange lengths(const JsonObject& from, const std::string& key, const traces::LengthRange& otherwise) {
    if (!from.has(key)) return otherwise;
    const nlohmann::json& value = from.at(key);
    return traces::parse_length(from.where() + ": " + key, value.is_string() ? value.get<std::string>() : value.dump());
}

void read_requests(const nlohmann::json& value, const std::string& where, const std::filesystem::path& folder,
                   ServeOptions& options) {
    const JsonObject from(value, where);
    check_keys(value, where,
               {"trace", "skip_bad", "speed", "poisson", "cv", "seed", "requests", "prompt_tokens", "output_tokens"});
    if (from.has("trace")) options.trace = (folder / from.text("trace")).lexically_normal().string();
    options.rows = {from.boolean_or("skip_bad", false), from.number_or("speed", 1, 1e-9, most_rate),
                    from.integer_or("requests", 0, 0, most_requests)};
    options.generated_arrivals = from.has("poisson");
    options.arrivals = {from.number_or("poisson", 1, 1e-9, most_rate), from.number_or("cv", 1, 0, 100),
                        uint64_t(from.integer_or("seed", 1, 0, INT64_MAX))};
    const traces::LengthOptions usual;
    options.lengths = {lengths(from, "prompt_tokens", usual.prompt_tokens),
                       lengths(from, "output_tokens", usual.output_tokens)};
    if (options.trace.empty() && (!options.generated_arrivals || options.rows.requests == 0))
        throw user_error(where, ": needs a trace, or poisson with a rate and requests with their number");
}

template <class Read>
void each(const JsonObject& from, const std::string& key, const Read& read) {
    if (!from.has(key)) return;
    if (!from.at(key).is_array()) from.fail(key, "must be a list");
    int number = 0;
    for (const nlohmann::json& value : from.at(key))
        read(value, from.where() + ": " + key + " " + std::to_string(++number));
}

/// Files of step times start at the comparison's.
nlohmann::json placed(nlohmann::json machine, const std::filesystem::path& folder) {
    if (!machine.is_object() || !machine.contains("step_time")) return machine;
    nlohmann::json& steps = machine["step_time"];
    const auto beside = [&](nlohmann::json& file) {
        if (file.is_string()) file = (folder / file.get<std::string>()).lexically_normal().string();
    };
    beside(steps);
    if (steps.is_array())
        for (nlohmann::json& file : steps) beside(file);
    return machine;
}

double in_range(const nlohmann::json& value, const std::string& where, double low, double high) {
    if (!value.is_number() || !(value.get<double>() >= low && value.get<double>() <= high))
        throw user_error(where, ": ", brief(value), " must be a number from ", low, " to ", high);
    return value.get<double>();
}

Json figures(const ServeResult& r) {
    const auto times = [](const serving::Quantiles& q) -> Json {
        return {{"p50", q.at(0.5)}, {"p90", q.at(0.9)}, {"p99", q.at(0.99)}};
    };
    return {{"throughput_tokens_per_second", r.tokens_per_second()},
            {"requests_per_second", double(r.served.requests) / r.served.elapsed_s()},
            {"tokens_per_second_per_user",
             {{"p50", r.tokens_per_second_per_user(0.5)}, {"slowest_1_percent", r.tokens_per_second_per_user(0.99)}}},
            {"mean_requests", r.mean_requests()},
            {"ttft_s", times(r.served.ttft_s)},
            {"tpot_s", times(r.served.tpot_s)},
            {"slo_attainment", r.slo_attainment()},
            {"kv_share", {{"mean", r.mean_kv_share()}, {"max", r.most_kv_share()}}},
            {"preemptions", r.served.preemptions},
            {"energy_per_output_token", r.joules_per_token()},
            {"usd_per_million_tokens", r.usd_per_million_tokens()}};
}

Json machine_json(const ComparisonOptions& options, const ComparedMachine& machine) {
    Json json = {{"name", machine.name},
                 {"machine", machine.served.machine},
                 {"devices", machine.devices},
                 {"usd_per_hour", machine.usd_per_hour}};
    json.update(figures(machine.served));
    json["step_time_error"] = machine.served.step_time_error;
    json["step_time_error_meaning"] = machine.served.error_meaning;
    json["batch_curve"] = Json::array();
    for (const BatchPoint& point : machine.by_batch)
        json["batch_curve"].push_back({{"requests", point.requests},
                                       {"throughput_tokens_per_second", point.tokens_per_second()},
                                       {"tokens_per_second_per_user", 1 / point.token_s},
                                       {"usd_per_million_tokens", point.usd_per_million_tokens}});
    json["latency_curve"] = Json::array();
    for (size_t i = 0; i < machine.by_rate.size(); ++i) {
        Json point = {{"offered_requests_per_second", options.rates[i]}};
        point.update(figures(machine.by_rate[i]));
        json["latency_curve"].push_back(std::move(point));
    }
    return json;
}

}  // namespace

ComparisonOptions read_comparison(const std::string& file) {
    const nlohmann::json json = read_json_file(file);
    const JsonObject from(json, file);
    check_keys(json, file,
               {"compare", "description", "model", "requests", "slo_tokens_per_s", "slo_ttft_s", "machines", "prices",
                "rates", "batches", "batch_context"});
    from.integer("compare", 1, 1);
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    ComparisonOptions options{.description = from.text_or("description", "")};
    options.workload.model = from.text("model");
    read_requests(from.at("requests"), file + ": requests", folder, options.workload);
    serving::ServerOptions& server = options.workload.server;
    server.slo_tokens_per_s = from.number_or("slo_tokens_per_s", server.slo_tokens_per_s, 0, most_rate);
    server.slo_ttft_s = from.number_or("slo_ttft_s", 0, 0, most_rate);
    each(from, "machines", [&](const nlohmann::json& value, const std::string& where) {
        options.machines.push_back(parse_machine(placed(value, folder), where));
        if (options.machines.back().prices.empty()) options.machines.back().prices = from.text_or("prices", "");
    });
    if (options.machines.empty()) from.fail("machines", "must be a list of at least one machine");
    each(from, "rates", [&](const nlohmann::json& value, const std::string& where) {
        options.rates.push_back(in_range(value, where, 1e-9, most_rate));
    });
    each(from, "batches", [&](const nlohmann::json& value, const std::string& where) {
        if (!value.is_number_integer()) throw user_error(where, ": ", brief(value), " must be a whole number");
        options.batches.push_back(int64_t(in_range(value, where, 1, 1e6)));
    });
    options.batch_context = from.integer_or("batch_context", 0, 0, 10'000'000);
    return options;
}

Json result_json(const ComparisonOptions& options, const ComparisonResult& result,
                 const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["description"] = options.description;
    json["model"] = options.workload.model;
    json["source"] = result.machines[0].served.source;
    json["slo_tokens_per_s"] = options.workload.server.slo_tokens_per_s;
    json["batch_context"] = options.batch_context;
    json["machines"] = Json::array();
    for (const ComparedMachine& machine : result.machines) json["machines"].push_back(machine_json(options, machine));
    json["digest"] = result.digest;
    json["configuration"] = to_json(options.workload);
    json["configuration"].erase("machine");
    for (const MachineOptions& machine : options.machines)
        json["configuration"]["machines"].push_back(to_json(machine));
    return json;
}

}  // namespace superlane::experiment
