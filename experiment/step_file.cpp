// SPDX-License-Identifier: Apache-2.0
// Step times as JSON, and from results of decoding; several files together.
#include "experiment/step_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/json_keys.hpp"
#include "experiment/result.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

using serving::StepPoint;

constexpr double most_watts = 1e9, most_usd = 1e9;

StepPoint parse_point(const nlohmann::json& value, const std::string& where, int number) {
    const JsonObject from(value, where);
    check_keys(value, where, step_point_keys());
    StepPoint point{.batch = from.integer("batch", 1, most_count),
                    .context = from.integer("context", 0, most_count),
                    .new_tokens = from.integer_or("new_tokens", 1, 1, most_count),
                    .line = number};
    point.cost.latency_s = from.number("latency_s", least_step_s, most_step_s);
    point.cost.interval_s = from.number_or("interval_s", point.cost.latency_s, least_step_s, most_step_s);
    point.cost.joules = from.number_or("joules", 0, 0, most_joules);
    check_point(point, where);
    return point;
}

StepFile parse_file(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(file)) throw user_error(file, ": cannot be read");
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos || text[begin] != '{') return parse_step_csv(text, file);
    const nlohmann::json json = parse_json(text, file);
    return json.contains("cycles_per_token") ? decoded_steps(json, file) : parse_step_json(json, file);
}

void join(StepFile& all, const StepFile& more) {
    const auto take = [](auto& into, const auto& from) {
        if (into == std::decay_t<decltype(into)>{}) into = from;
    };
    all.points.insert(all.points.end(), more.points.begin(), more.points.end());
    take(all.description, more.description);
    all.kv_tokens = std::max(all.kv_tokens, more.kv_tokens);
    take(all.max_requests, more.max_requests);
    take(all.step_tokens, more.step_tokens);
    take(all.pipeline_steps, more.pipeline_steps);
    take(all.idle_watts, more.idle_watts);
    take(all.usd_per_hour, more.usd_per_hour);
}

/// Cycles of the stage that takes longest, after which the next step may start; all of them on one chip.
int64_t interval_cycles(const JsonObject& result, int64_t cycles) {
    if (!result.has("sram_per_chip")) return cycles;
    int64_t longest = 0;
    for (const nlohmann::json& stage : result.at("sram_per_chip"))
        longest =
            std::max(longest, JsonObject(stage, result.where() + ": sram_per_chip").integer("cycles", 0, INT64_MAX));
    return std::clamp<int64_t>(longest, 1, cycles);
}

/// Of all requests in flight, in whole pages.
int64_t laid_out_tokens(const JsonObject& pages) {
    int64_t count = 0;
    for (const int of_request : integer_list(pages, "by_request")) count += of_request;
    return count * pages.integer("tokens", 1, most_count);
}

/// "48 chips of tsp-v1-rack, tp 8, pp 6, int8".
std::string machine_words(const JsonObject& result) {
    if (!result.has("tp")) return result.text("chip") + ", " + result.text("dtype");
    const auto number = [&](const char* key) { return std::to_string(result.integer(key, 1, most_count)); };
    return number("chips") + " chips of " + result.text("system") + ", tp " + number("tp") + ", pp " + number("pp") +
           ", " + result.text("dtype");
}

}  // namespace

const std::vector<std::string>& step_point_keys() {
    static const std::vector<std::string> keys = {"batch",     "context",    "new_tokens",
                                                  "latency_s", "interval_s", "joules"};
    return keys;
}

void check_point(const StepPoint& point, const std::string& where) {
    if (point.cost.interval_s > point.cost.latency_s)
        throw user_error(where, ": interval_s ", point.cost.interval_s, " is longer than latency_s ",
                         point.cost.latency_s, "; the next step starts at the latest when this one is done");
}

StepFile parse_step_json(const nlohmann::json& json, const std::string& where) {
    const JsonObject from(json, where);
    check_keys(json, where,
               {"step_time", "description", "kv_tokens", "max_requests", "step_tokens", "pipeline_steps", "idle_watts",
                "usd_per_hour", "points"});
    from.integer("step_time", 1, 1);
    StepFile steps{.description = from.text_or("description", ""),
                   .kv_tokens = from.integer_or("kv_tokens", 0, 0, most_count),
                   .max_requests = from.integer_or("max_requests", 0, 0, most_count),
                   .step_tokens = from.integer_or("step_tokens", 0, 0, most_count),
                   .pipeline_steps = from.integer_or("pipeline_steps", 0, 0, most_count),
                   .idle_watts = from.number_or("idle_watts", 0, 0, most_watts),
                   .usd_per_hour = from.number_or("usd_per_hour", 0, 0, most_usd)};
    if (!from.at("points").is_array()) from.fail("points", "must be a list of points");
    for (const nlohmann::json& point : from.at("points")) {
        const int number = int(steps.points.size()) + 1;
        steps.points.push_back(parse_point(point, where + ": point " + std::to_string(number), number));
    }
    return steps;
}

StepFile decoded_steps(const nlohmann::json& result, const std::string& where) {
    const JsonObject from(result, where);
    const JsonObject options(from.at("configuration"), where + ": configuration");
    const int64_t position = options.integer("position", 0, most_count);
    if (position == 0) options.fail("position", "must be given with --position: it is the context of the first token");
    const double cycles_per_s = chip_of(result, where).clock_mhz * 1e6;
    const double host_s = 1e-6 * from.number_or("host_us_per_token", 0, 0, 1e9);
    StepFile steps{.description = machine_words(from)};
    for (const nlohmann::json& each : from.at("cycles_per_token")) {
        if (!each.is_number_integer() || each < 1) from.fail("cycles_per_token", "must hold cycles of each token");
        const int64_t cycles = each.get<int64_t>();
        StepPoint point{.batch = from.integer("batch", 1, most_count),
                        .context = position + int64_t(steps.points.size()),
                        .line = int(steps.points.size()) + 1};
        point.cost.latency_s = double(cycles) / cycles_per_s + host_s;
        point.cost.interval_s = double(interval_cycles(from, cycles)) / cycles_per_s;
        steps.points.push_back(point);
    }
    steps.kv_tokens = laid_out_tokens(JsonObject(from.at("kv_pages"), where + ": kv_pages"));
    if (from.has("pp")) steps.pipeline_steps = from.integer("pp", 1, most_count);
    return steps;
}

StepFile read_step_files(const std::vector<std::string>& files) {
    StepFile all;
    for (const std::string& file : files) join(all, parse_file(file));
    return all;
}

Json step_json(const StepFile& steps) {
    Json points = Json::array();
    for (const StepPoint& p : steps.points)
        points.push_back({{"batch", p.batch},
                          {"context", p.context},
                          {"new_tokens", p.new_tokens},
                          {"latency_s", p.cost.latency_s},
                          {"interval_s", p.cost.interval_s},
                          {"joules", p.cost.joules}});
    return {{"step_time", 1},
            {"description", steps.description},
            {"kv_tokens", steps.kv_tokens},
            {"max_requests", steps.max_requests},
            {"step_tokens", steps.step_tokens},
            {"pipeline_steps", steps.pipeline_steps},
            {"idle_watts", steps.idle_watts},
            {"usd_per_hour", steps.usd_per_hour},
            {"points", points}};
}

}  // namespace superlane::experiment
