// SPDX-License-Identifier: Apache-2.0
// Options and results of an offloaded pair as JSON.
#include <nlohmann/json.hpp>

#include "experiment/offload.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

/// Figures of a run without what belongs to the whole file.
Json run_json(const ServeOptions& options, const ServeResult& result, double usd_per_hour) {
    Json json = result_json(options, result, {});
    for (const char* key : {"version", "command", "model", "source", "configuration"}) json.erase(key);
    json["usd_per_hour"] = usd_per_hour;
    return json;
}

Json mean_step_json(const OffloadResult& result) {
    const serving::OffloadParts& parts = result.parts;
    return {{"requests", result.step_requests},
            {"context", result.context},
            {"weights_s", parts.weights_s},
            {"attention_s", parts.attention_s},
            {"network_s", parts.network_s},
            {"alone_s", parts.alone_s},
            {"time_between_tokens_s", parts.together.step_s},
            {"bytes_between_pools", parts.bytes},
            {"gb_per_s_needed", result.gb_per_s_needed}};
}

}  // namespace

Json bandwidth_json(const std::vector<BandwidthPoint>& points, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["points"] = Json::array();
    for (const BandwidthPoint& one : points)
        json["points"].push_back(
            {{"requests", one.requests}, {"context", one.context}, {"gb_per_s_needed", one.gb_per_s}});
    return json;
}

OffloadRunOptions offload_options(const nlohmann::json& result, const std::string& file) {
    const JsonObject from(JsonObject(result, file).at("configuration"), file + ": configuration");
    OffloadRunOptions options;
    options.workload = serve_options({{"configuration", from.at("workload")}}, file);
    if (from.has("baseline")) options.baseline = parse_machine(from.at("baseline"), from.where() + ": baseline");
    return options;
}

Json result_json(const OffloadRunOptions& options, const OffloadResult& result,
                 const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["model"] = result.pair.model.name;
    json["source"] = result.pair.source;
    json["pair"] = run_json(options.workload, result.pair, result.pair_usd_per_hour);
    json["pair"]["busy_share"] = {{"compute", result.compute_busy}, {"memory", result.memory_busy}};
    json["pair"]["mean_step"] = mean_step_json(result);
    if (result.baseline) {
        json["baseline"] = run_json(options.workload, *result.baseline, result.baseline_usd_per_hour);
        json["throughput_ratio"] = result.throughput_ratio();
        json["batch_ratio"] = result.batch_ratio();
        if (result.pair_usd_per_hour > 0) json["throughput_per_usd_ratio"] = result.per_usd_ratio();
    }
    if (result.faults)
        json["faults"] = {
            {"seconds", result.faults->seconds}, {"tokens", result.faults->tokens}, {"usd", result.faults->usd}};
    json["digest"] = result.digest;
    json["configuration"]["workload"] = to_json(options.workload);
    if (result.baseline) json["configuration"]["baseline"] = to_json(options.baseline);
    return json;
}

}  // namespace superlane::experiment
