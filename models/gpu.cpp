// SPDX-License-Identifier: Apache-2.0
// GPU parameters: the table, and loading: default < inherited device < file < override.
#include "models/gpu.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/chip.hpp"
#include "models/data_path.hpp"
#include "models/json_file.hpp"

namespace superlane::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr GpuParameterRow gpu_rows[] = {
#define GPU(member, key, low, high, unit, mark, source, meaning) \
    GpuParameterRow{key, low, high, unit, mark, source, meaning, &Gpu::member},
#include "models/gpu_parameters.def"
#undef GPU
};

void refuse_unknown(const json& root, const std::string& where, const std::vector<std::string>& keys) {
    for (const auto& [key, value] : root.items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            throw user_error(where, ": unknown key '", key, "'", nearest_hint(key, keys));
}

void set_parameter(Gpu& gpu, const std::string& key, double value, const std::string& where, const GpuOrigin& origin) {
    const GpuParameterRow& row = gpu_parameter(key, where);
    if (!(value >= row.low && value <= row.high))
        throw user_error(where, ": ", key, " = ", value, " is not allowed: a number from ", row.low, " to ", row.high,
                         " (", row.unit, ")");
    gpu.*row.member = value;
    gpu.origins[key] = origin;
}

const json& list_of(const json& root, const std::string& key, const std::string& where) {
    if (!root[key].is_array()) throw user_error(where, ": '", key, "' must be a list, not ", brief(root[key]));
    return root[key];
}

/// Blocks of values that share a source.
void read_values(Gpu& gpu, const json& root, const std::string& where) {
    if (!root.contains("values")) return;
    for (const json& block : list_of(root, "values", where)) {
        const JsonObject from(block, where + ": values");
        refuse_unknown(block, from.where(), {"source", "date", "mark", "parameters"});
        const GpuOrigin origin{gpu.name, from.text("source"), from.text("date"),
                               from.choice("mark", {"P", "S", "D", "A"})};
        if (!from.at("parameters").is_object()) from.fail("parameters", "must be an object of key: number");
        for (const auto& [key, value] : from.at("parameters").items()) {
            if (!value.is_number()) throw user_error(where, ": ", key, " must be a number, not ", brief(value));
            set_parameter(gpu, key, value, where, origin);
        }
    }
}

GpuPoint read_point(const json& value, const std::string& where, const std::string& source) {
    const JsonObject from(value, where);
    refuse_unknown(value, where, {"what", "use", "model", "tp", "tokens", "context", "ms"});
    GpuPoint point;
    point.step = from.choice("what", {"gemm", "step"}) == "step";
    point.check = from.choice("use", {"fit", "check"}) == "check";
    point.model = from.text("model");
    point.source = source;
    point.tp = int(from.integer("tp", 1, 1024));
    point.tokens = from.integer("tokens", 1, 1 << 20);
    point.context = from.integer_or("context", 0, 0, 1 << 24);
    point.ms = from.number("ms", 1e-6, 1e6);
    return point;
}

/// A file with points of its own is fitted on these alone.
void read_points(Gpu& gpu, const json& root, const std::string& where) {
    gpu.points.clear();
    gpu.fitted.clear();
    if (!root.contains("points")) return;
    for (const json& block : list_of(root, "points", where)) {
        const JsonObject from(block, where + ": points");
        refuse_unknown(block, from.where(), {"source", "rows"});
        if (!from.at("rows").is_array()) from.fail("rows", "must be a list");
        for (const json& row : from.at("rows"))
            gpu.points.push_back(read_point(row, from.where(), from.text("source")));
    }
    if (!root.contains("fitted")) return;
    for (const json& key : list_of(root, "fitted", where)) {
        if (!key.is_string()) throw user_error(where, ": fitted: ", brief(key), " must be the key of a parameter");
        gpu.fitted.emplace_back(gpu_parameter(key, where + ": fitted").key);
    }
}

[[noreturn]] void unknown_gpu(const std::string& head, const std::string& name) {
    throw user_error(head, "unknown GPU '", name, "'", nearest_hint(name, gpu_names()), "; a file must end in .json");
}

void read_file(Gpu& gpu, const fs::path& file, int depth) {
    const std::string where = file.string();
    if (depth > 8) throw user_error(where, ": 'inherits' goes round in a circle");
    const json root = read_json_file(file);
    const JsonObject object(root, where);
    refuse_unknown(root, where, {"name", "inherits", "description", "values", "fitted", "points"});
    if (object.has("inherits")) {
        const std::string parent = object.text("inherits");
        const fs::path beside = file.parent_path() / (parent + ".json");
        const fs::path path = fs::exists(beside) ? beside : data_path("gpus/" + parent + ".json");
        if (!fs::exists(path)) unknown_gpu(where + ": inherits ", parent);
        read_file(gpu, path, depth + 1);
    }
    gpu.name = object.text_or("name", file.stem().string());
    gpu.description = object.text_or("description", gpu.description);
    read_values(gpu, root, where);
    read_points(gpu, root, where);
}

}  // namespace

std::span<const GpuParameterRow> gpu_parameters() { return gpu_rows; }

const GpuParameterRow& gpu_parameter(const std::string& key, const std::string& where) {
    std::vector<std::string> keys;
    for (const GpuParameterRow& row : gpu_rows) {
        if (row.key == key) return row;
        keys.emplace_back(row.key);
    }
    throw user_error(where, ": unknown parameter '", key, "'", nearest_hint(key, keys));
}

std::vector<std::string> gpu_names() { return data_names("gpus"); }

Gpu load_gpu(const std::string& name_or_file, const std::vector<std::string>& overrides) {
    fs::path file = name_or_file;
    if (file.extension() != ".json") {
        file = data_path("gpus/" + name_or_file + ".json");
        if (!fs::exists(file)) unknown_gpu("", name_or_file);
    }
    Gpu gpu;
    read_file(gpu, file, 0);
    for (const std::string& text : overrides) {
        const auto [key, value] = parse_override(text);
        set_parameter(gpu, key, value, "--set " + text, {"--set", "--set", "", "A"});
    }
    for (const char* key : {"memory.gb", "memory.tb_per_s", "math.fp16_tflops"})
        if (!gpu.origins.count(key)) throw user_error(file.string(), ": ", key, " is missing: every GPU needs it");
    return gpu;
}

}  // namespace superlane::models
