// SPDX-License-Identifier: Apache-2.0
// Options and results of serving as JSON.
#include <nlohmann/json.hpp>

#include "experiment/serve.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

constexpr int64_t most_number = int64_t(1) << 60;
constexpr double huge = 1e300;

Json range_json(const traces::LengthRange& range) { return {range.low, range.high}; }

traces::LengthRange read_range(const JsonObject& from, const std::string& key) {
    const nlohmann::json& value = from.at(key);
    if (!value.is_array() || value.size() != 2 || !value[0].is_number_integer() || !value[1].is_number_integer() ||
        value[0] < 1 || value[1] < value[0])
        from.fail(key, "must be two numbers of tokens, the least and the most");
    return {value[0], value[1]};
}

Json quantiles_json(const serving::Quantiles& q) {
    return {{"mean", q.mean()},  {"p50", q.at(0.5)},  {"p90", q.at(0.9)},
            {"p95", q.at(0.95)}, {"p99", q.at(0.99)}, {"max", q.most()}};
}

Json faults_json(const std::vector<serving::Fault>& faults) {
    Json json = Json::array();
    for (const serving::Fault& one : faults)
        json.push_back({{"at_s", one.at_s}, {"repair_s", one.repair_s}, {"loses_kv", one.loses_kv}});
    return json;
}

Json server_json(const serving::ServerOptions& server) {
    return {{"kv_pages", server.kv_pages},
            {"page_tokens", server.page_tokens},
            {"max_requests", server.max_requests},
            {"step_tokens", server.step_tokens},
            {"pipeline_steps", server.pipeline_steps},
            {"max_tokens", server.max_tokens},
            {"reuse_prefixes", server.reuse_prefixes},
            {"decode_only", server.decode_only},
            {"slo_tokens_per_s", server.slo_tokens_per_s},
            {"slo_ttft_s", server.slo_ttft_s},
            {"faults", faults_json(server.faults)}};
}

std::vector<serving::Fault> read_faults(const JsonObject& from) {
    std::vector<serving::Fault> faults;
    if (!from.has("faults")) return faults;
    for (const nlohmann::json& one : from.at("faults")) {
        const JsonObject fault(one, from.where() + ": faults");
        faults.push_back({fault.number("at_s", 0, huge), fault.number("repair_s", 0, huge),
                          fault.boolean_or("loses_kv", false)});
    }
    return faults;
}

serving::ServerOptions read_server(const JsonObject& from) {
    serving::ServerOptions server{.kv_pages = from.integer("kv_pages", 0, most_number),
                                  .page_tokens = int(from.integer("page_tokens", 0, 1 << 30)),
                                  .max_requests = from.integer("max_requests", 0, most_number),
                                  .step_tokens = from.integer("step_tokens", 0, most_number),
                                  .pipeline_steps = int(from.integer("pipeline_steps", 0, 1 << 30)),
                                  .max_tokens = from.integer("max_tokens", 0, most_number),
                                  .reuse_prefixes = from.boolean_or("reuse_prefixes", true),
                                  .decode_only = from.boolean_or("decode_only", false)};
    server.slo_tokens_per_s = from.number("slo_tokens_per_s", 0, huge);
    server.slo_ttft_s = from.number("slo_ttft_s", 0, huge);
    server.faults = read_faults(from);
    return server;
}

Json occupancy_json(const ServeResult& result) {
    const serving::Timeline& timeline = result.served.timeline;
    Json intervals = Json::array();
    double begin_s = timeline.begin_s();
    for (const serving::Timeline::Interval& each : timeline.intervals()) {
        const double seconds = each.seconds > 0 ? each.seconds : 1;
        intervals.push_back({{"begin_s", begin_s},
                             {"kv_share", each.kv_page_seconds / seconds / double(result.server.kv_pages)},
                             {"requests", each.request_seconds / seconds}});
        begin_s += timeline.width_s();
    }
    return {{"interval_s", timeline.width_s()}, {"intervals", intervals}};
}

void add_figures(Json& json, const ServeResult& result) {
    const serving::ServingResult& s = result.served;
    json["requests"] = s.requests;
    json["skipped_rows"] = result.skipped.bad;
    json["failed_rows"] = result.skipped.failed;
    json["prompt_tokens"] = s.prompt_tokens;
    json["output_tokens"] = s.output_tokens;
    json["elapsed_s"] = s.elapsed_s();
    json["busy_share"] = s.busy_s / s.elapsed_s();
    json["throughput_tokens_per_second"] = result.tokens_per_second();
    json["requests_per_second"] = double(s.requests) / s.elapsed_s();
    json["tokens_per_second_per_user"] = {{"p50", result.tokens_per_second_per_user(0.5)},
                                          {"slowest_1_percent", result.tokens_per_second_per_user(0.99)}};
    json["slo_attainment"] = result.slo_attainment();
    json["ttft_s"] = quantiles_json(s.ttft_s);
    json["tpot_s"] = quantiles_json(s.tpot_s);
    json["e2e_s"] = quantiles_json(s.e2e_s);
    json["queue_s"] = quantiles_json(s.queue_s);
    json["mean_requests"] = result.mean_requests();
    json["steps"] = s.steps;
    json["preemptions"] = s.preemptions;
    json["computed_tokens"] = s.computed_tokens;
    json["reused_tokens"] = s.reused_tokens;
    json["dropped_tokens"] = s.dropped_tokens;
    json["kv_bytes_per_token"] = result.kv_bytes_per_token;
    json["kv_share"] = {{"mean", result.mean_kv_share()}, {"max", result.most_kv_share()}};
    json["kv_occupancy"] = occupancy_json(result);
    json["energy_j"] = result.energy_j;
    json["energy_per_output_token"] = result.joules_per_token();
    json["usd"] = result.usd;
    json["usd_per_million_tokens"] = result.usd_per_million_tokens();
    json["step_time_error"] = result.step_time_error;
    json["step_time_error_meaning"] = result.error_meaning;
}

}  // namespace

Json to_json(const ServeOptions& options) {
    return {{"model", options.model},
            {"kv_dtype", options.kv_dtype},
            {"trace", options.trace},
            {"skip_bad", options.rows.skip_bad},
            {"speed", options.rows.speed},
            {"requests", options.rows.requests},
            {"generated_arrivals", options.generated_arrivals},
            {"requests_per_s", options.arrivals.requests_per_s},
            {"variation", options.arrivals.variation},
            {"seed", options.arrivals.seed},
            {"prompt_tokens", range_json(options.lengths.prompt_tokens)},
            {"output_tokens", range_json(options.lengths.output_tokens)},
            {"kv_bytes", options.kv_bytes},
            {"usd_per_kwh", options.usd_per_kwh},
            {"server", server_json(options.server)},
            {"machine", to_json(options.machine)}};
}

ServeOptions serve_options(const nlohmann::json& result, const std::string& file) {
    const JsonObject from(JsonObject(result, file).at("configuration"), file + ": configuration");
    ServeOptions options;
    options.model = from.text("model");
    options.kv_dtype = from.text("kv_dtype");
    options.trace = from.text("trace");
    options.rows = {from.boolean_or("skip_bad", false), from.number("speed", 1e-300, huge),
                    from.integer("requests", 0, most_number)};
    options.generated_arrivals = from.boolean_or("generated_arrivals", false);
    options.arrivals = {from.number("requests_per_s", 1e-300, huge), from.number("variation", 0, huge),
                        uint64_t(from.integer("seed", 0, INT64_MAX))};
    options.lengths = {read_range(from, "prompt_tokens"), read_range(from, "output_tokens")};
    options.kv_bytes = from.number("kv_bytes", 0, huge);
    options.usd_per_kwh = from.number("usd_per_kwh", 0, huge);
    options.server = read_server(JsonObject(from.at("server"), from.where() + ": server"));
    options.machine = parse_machine(from.at("machine"), from.where() + ": machine");
    return options;
}

Json result_json(const ServeOptions& options, const ServeResult& result, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["model"] = result.model.name;
    json["machine"] = result.machine;
    json["source"] = result.source;
    json["server"] = server_json(result.server);
    add_figures(json, result);
    json["digest"] = result.digest;
    json["simulator"] = {{"wall_s", result.wall_s}};
    json["configuration"] = to_json(options);
    return json;
}

}  // namespace superlane::experiment
