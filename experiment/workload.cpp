// SPDX-License-Identifier: Apache-2.0
// Reads workload files.
#include "experiment/workload.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/json_keys.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

namespace fs = std::filesystem;
constexpr int64_t most_value = 1 << 30;

/// A file under way: the members that every kind has, and where its paths start.
class Reader {
public:
    Reader(const nlohmann::json& json, const std::string& file)
        : json_(json), root_(json, file), file_(file), folder_(fs::path(file).parent_path()) {}

    Workload read() const;

private:
    std::string beside(const std::string& path) const { return (folder_ / path).lexically_normal().string(); }
    JsonObject part(const std::string& key, const std::vector<std::string>& allowed) const {
        const JsonObject object(root_.at(key), file_ + ": " + key);
        check_keys(root_.at(key), object.where(), allowed);
        return object;
    }

    void require_one_chip() const;
    Split split() const;
    std::vector<std::string> overrides() const;
    void read_system(DecodeOptions& options) const;
    std::string model(const JsonObject& from, const std::string& key) const;
    models::Chip chip() const;
    Workload decode() const;
    Workload steps() const;
    Workload gemm() const;
    DecodeOptions read_machine(std::vector<std::string> allowed) const;

    const nlohmann::json& json_;
    JsonObject root_;
    std::string file_;
    fs::path folder_;
};

int number(const JsonObject& from, const std::string& key, int otherwise, int low, int high) {
    return int(from.integer_or(key, otherwise, low, high));
}

/// Repeats what another part complains of, with the place in the file.
template <class Make>
auto at_key(const JsonObject& root, const std::string& key, Make&& make) {
    try {
        return make();
    } catch (const UserError& error) {
        throw user_error(root.where(), ": key '", key, "': ", error.what());
    }
}

std::string scheduler(const JsonObject& from, const std::string& otherwise) {
    const std::string name = from.text_or("scheduler", otherwise);
    at_key(from, "scheduler", [&] { check_scheduler(name); });
    return name;
}

/// A product runs on one chip.
void Reader::require_one_chip() const {
    const std::string system = root_.text_or("system", "");
    if (!system.empty() && system != "single")
        throw user_error(file_, ": key 'system': '", system,
                         "': a product runs on one chip; leave it out or say 'single'");
    const Split ways = split();
    for (const SplitMember& member : split_members)
        if (ways.*member.value > 1)
            throw user_error(file_, ": key 'split': ", member.name, " ", ways.*member.value,
                             ": a product runs on one chip; each must be 1");
}

Split Reader::split() const {
    if (!root_.has("split")) return {};
    std::vector<std::string> names;
    for (const SplitMember& member : split_members) names.push_back(member.name);
    const JsonObject from = part("split", names);
    Split split;
    for (const SplitMember& member : split_members)
        split.*member.value = int(from.integer_or(member.name, 0, from.has(member.name) ? 1 : 0, 100'000));
    return split;
}

std::vector<std::string> Reader::overrides() const {
    std::vector<std::string> overrides;
    if (!root_.has("parameters")) return overrides;
    const JsonObject from(root_.at("parameters"), file_ + ": parameters");
    for (const auto& [key, value] : root_.at("parameters").items()) {
        if (!value.is_number()) from.fail(key, "is not a number");
        overrides.push_back(key + "=" + plain_number(value));
    }
    return overrides;
}

/// The members that only a system has.
void Reader::read_system(DecodeOptions& options) const {
    SystemChoice choice{.name = root_.text_or("system", "")};
    if (choice.name.ends_with(".json")) choice.name = beside(choice.name);
    if (!choice.one_chip()) choice.overrides = overrides();
    const nlohmann::json none = nlohmann::json::object();
    const JsonObject from(root_.has("options") ? root_.at("options") : none, file_ + ": options");
    for (const char* key : {"exchange", "embedding", "link_errors"})
        if (choice.one_chip() && from.has(key)) from.fail(key, "needs 'system': it is for several chips");
    choice.dead = integer_list(from, "dead");
    at_key(root_, "system", [&] { options.take_system(choice); });
    options.split = split();
    options.link_errors = text_list(from, "link_errors");
    options.in_flight = number(from, "in_flight", options.in_flight, 0, 4096);
    if (from.has("exchange")) options.wide_exchange = from.choice("exchange", {"fp16", "fp32"}) == "fp32";
    if (from.has("embedding")) options.host_embedding = from.choice("embedding", {"host", "chip"}) == "host";
}

/// A short name, or a directory beside the file.
std::string Reader::model(const JsonObject& from, const std::string& key) const {
    const std::string name = from.text(key);
    const std::vector<std::string> known = llm_names();
    if (std::find(known.begin(), known.end(), name) != known.end()) return name;
    const std::string directory = beside(name);
    if (fs::is_directory(directory)) return directory;
    from.fail(key, "is neither a known name nor a directory at " + directory + nearest_hint(name, known) +
                       "; `superlane describe models` lists the names");
}

models::Chip Reader::chip() const {
    std::string name = root_.text_or("chip", "tsp-v1");
    if (name.ends_with(".json")) name = beside(name);
    models::Chip chip = at_key(root_, "chip", [&] { return models::load_chip(name); });
    if (!root_.has("parameters")) return chip;
    return at_key(root_, "parameters", [&] { return models::load_chip(name, overrides()); });
}

/// What decode and steps share: model, machine and its options.
DecodeOptions Reader::read_machine(std::vector<std::string> allowed) const {
    DecodeOptions options;
    options.model = model(root_, "model");
    if (SystemChoice{root_.text_or("system", "")}.one_chip()) options.chip = chip();
    options.dtype = root_.has("dtype") ? root_.choice("dtype", {"fp16", "int8"}) : options.dtype;
    read_system(options);
    if (!root_.has("options")) return options;
    allowed.insert(allowed.end(),
                   {"engine", "scheduler", "context", "layers", "prefill_rows", "exchange", "embedding", "dead"});
    const JsonObject from = part("options", allowed);
    if (from.has("engine")) options.engine = from.choice("engine", {"fast", "kernel"});
    options.scheduler = scheduler(from, options.scheduler);
    options.context = number(from, "context", options.context, 0, 10'000'000);
    options.layers = number(from, "layers", options.layers, 0, 100'000);
    options.prefill_rows = number(from, "prefill_rows", options.prefill_rows, 1, 4096);
    return options;
}

Workload Reader::decode() const {
    DecodeOptions options =
        read_machine({"timing_only", "compare", "calibrated", "link_errors", "in_flight", "contexts"});
    if (root_.has("options")) {
        const JsonObject given(root_.at("options"), file_ + ": options");
        options.contexts = integer_list(given, "contexts");
        options.timing_only = given.boolean_or("timing_only", false);
        options.compare = given.boolean_or("compare", false);
        options.calibrated = given.boolean_or("calibrated", false);
    }
    const JsonObject from =
        part("decode", {"prompts", "prompt_ids", "tokens", "batch", "position", "kv_from_host", "speculation"});
    options.prompts = text_list(from, "prompts");
    options.prompt_ids = integer_lists(from, "prompt_ids");
    options.tokens = number(from, "tokens", options.tokens, 1, 1'000'000);
    options.batch = number(from, "batch", options.batch, 0, 4096);
    options.position = number(from, "position", options.position, 0, 10'000'000);
    options.kv_from_host = number(from, "kv_from_host", 0, 0, 10'000'000);
    if (from.has("speculation")) {
        options.speculation = speculation_options(from.at("speculation"), from.where() + ": speculation");
        options.speculation.draft = model(JsonObject(from.at("speculation"), from.where() + ": speculation"), "draft");
    }
    return options;
}

Workload Reader::steps() const {
    StepsOptions options{.decode = read_machine({}), .steps_file = beside(root_.text("steps"))};
    options.steps = read_steps(options.steps_file);
    return options;
}

Workload Reader::gemm() const {
    GemmOptions options;
    options.chip = chip();
    options.dtype = root_.has("dtype") ? root_.choice("dtype", {"fp16", "int8"}) : options.dtype;
    const JsonObject from = part("gemm", {"m", "k", "n", "seed"});
    const auto size = [&](const char* key) { return int(from.integer(key, 1, most_value)); };
    options.m = size("m");
    options.k = size("k");
    options.n = size("n");
    options.seed = uint64_t(from.integer_or("seed", int64_t(options.seed), 0, INT64_MAX));
    if (root_.has("model")) root_.fail("model", "has no place beside 'gemm'");
    if (!root_.has("options")) return options;
    const JsonObject given = part("options", {"engine", "scheduler", "timing_only"});
    if (given.has("engine")) options.engine = given.choice("engine", {"fast", "kernel"});
    options.scheduler = scheduler(given, options.scheduler);
    options.timing_only = given.boolean_or("timing_only", false);
    return options;
}

Workload Reader::read() const {
    check_keys(json_, file_,
               {"workload", "description", "model", "system", "chip", "parameters", "dtype", "split", "options",
                "decode", "steps", "gemm"});
    root_.integer("workload", 1, 1);
    root_.text_or("description", "");
    const int kinds = int(root_.has("decode")) + int(root_.has("steps")) + int(root_.has("gemm"));
    if (kinds != 1) throw user_error(file_, ": exactly one of 'decode', 'steps' and 'gemm' must be given, not ", kinds);
    if (root_.has("chip") && root_.has("system"))
        throw user_error(file_, ": 'chip' and 'system' exclude each other: a system names its chip");
    if (root_.has("decode")) return decode();
    if (root_.has("steps")) return steps();
    require_one_chip();
    return gemm();
}

}  // namespace

bool is_workload(const std::string& file) { return file.ends_with(".json"); }

Workload parse_workload(const nlohmann::json& json, const std::string& file) { return Reader(json, file).read(); }

Workload read_workload(const std::string& file) { return parse_workload(read_json_file(file), file); }

}  // namespace superlane::experiment
