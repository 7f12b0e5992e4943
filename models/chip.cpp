// SPDX-License-Identifier: Apache-2.0
// Chip parameters: the table, and loading: default < inherited chip < file < override.
#include "models/chip.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "models/data_path.hpp"

namespace superlane::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr ParameterRow chip_rows[] = {
#define COUNT(member, key, low, high, unit, mark, source, meaning)              \
    ParameterRow{key,                                                           \
                 low,                                                           \
                 high,                                                          \
                 true,                                                          \
                 unit,                                                          \
                 mark,                                                          \
                 source,                                                        \
                 meaning,                                                       \
                 [](const Chip& chip) { return double(chip.geometry.member); }, \
                 [](Chip& chip, double value) { chip.geometry.member = int(value); }},
#define VALUE(member, key, low, high, unit, mark, source, meaning)     \
    ParameterRow{key,                                                  \
                 low,                                                  \
                 high,                                                 \
                 false,                                                \
                 unit,                                                 \
                 mark,                                                 \
                 source,                                               \
                 meaning,                                              \
                 [](const Chip& chip) { return double(chip.member); }, \
                 [](Chip& chip, double value) { chip.member = value; }},
#include "models/chip_parameters.def"
#undef COUNT
#undef VALUE
#define TIMING(member, key, value, mark, source, meaning)                     \
    ParameterRow{key,                                                         \
                 0,                                                           \
                 100000,                                                      \
                 true,                                                        \
                 "cycles",                                                    \
                 mark,                                                        \
                 source,                                                      \
                 meaning,                                                     \
                 [](const Chip& chip) { return double(chip.timing.member); }, \
                 [](Chip& chip, double value_) { chip.timing.member = int(value_); }},
#include "isa/timing.def"
#undef TIMING
};

std::vector<std::string> parameter_keys() {
    std::vector<std::string> keys;
    for (const ParameterRow& row : chip_rows) keys.emplace_back(row.key);
    return keys;
}

std::string plain(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

void apply_file(Chip& chip, const fs::path& file, int depth) {
    if (depth > 8) throw user_error(file.string(), ": 'inherits' goes round in a circle");
    std::ifstream in(file);
    if (!in) throw user_error(file.string(), ": cannot be read");
    const json root = json::parse(in, nullptr, false, true);
    if (root.is_discarded() || !root.is_object()) throw user_error(file.string(), ": not a JSON object");
    const std::vector<std::string> keys = {"name", "inherits", "description", "parameters"};
    for (const auto& [key, value] : root.items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            throw user_error(file.string(), ": unknown key '", key, "'", nearest_hint(key, keys));
    for (const char* key : {"name", "inherits", "description"})
        if (root.contains(key) && !root[key].is_string())
            throw user_error(file.string(), ": '", key, "' must be a string");
    if (root.contains("inherits")) {
        const std::string parent = root["inherits"];
        const fs::path path = file.parent_path() / (parent + ".json");
        apply_file(chip, fs::exists(path) ? path : data_path("chips/" + parent + ".json"), depth + 1);
    }
    chip.name = root.value("name", file.stem().string());
    chip.description = root.value("description", chip.description);
    const json parameters = root.value("parameters", json::object());
    if (!parameters.is_object()) throw user_error(file.string(), ": 'parameters' must be an object of key: number");
    for (const auto& [key, value] : parameters.items()) {
        if (!value.is_number()) throw user_error(file.string(), ": ", key, " must be a number, not ", value.dump());
        set_chip_parameter(chip, key, value, file.string(), chip.name);
    }
}

}  // namespace

std::span<const ParameterRow> chip_parameters() { return chip_rows; }

bool concerns(const ParameterRow& row, const Chip& chip) { return chip.has_dram() || !row.key.starts_with("dram."); }

double Chip::dram_bytes_per_cycle() const {
    constexpr int64_t many = 100;
    return 2.0 * geometry.dram_channels * double(many * lanes()) / double(timing.dram_busy(many));
}

void set_chip_parameter(Chip& chip, const std::string& key, double value, const std::string& where,
                        const std::string& origin) {
    const auto row =
        std::find_if(std::begin(chip_rows), std::end(chip_rows), [&](const ParameterRow& r) { return r.key == key; });
    if (row == std::end(chip_rows))
        throw user_error(where, ": unknown parameter '", key, "'", nearest_hint(key, parameter_keys()));
    if (!(value >= row->low && value <= row->high) || (row->whole && value != std::floor(value)))
        throw user_error(where, ": ", key, " = ", plain(value),
                         " is not allowed: ", row->whole ? "a whole number" : "a number", " from ", plain(row->low),
                         " to ", plain(row->high), " (", row->unit, ")");
    row->set(chip, value);
    chip.origins[key] = origin;
}

std::pair<std::string, double> parse_override(const std::string& text) {
    const size_t equals = text.find('=');
    std::string key = text.substr(0, equals);
    if (equals == std::string::npos) throw user_error("--set ", text, ": must be KEY=NUMBER, such as mem.read=2");
    if (key.starts_with("chip.")) key.erase(0, 5);
    size_t used = 0;
    double value = 0;
    try {
        value = std::stod(text.substr(equals + 1), &used);
    } catch (const std::exception&) {
    }
    if (used == 0 || used != text.size() - equals - 1)
        throw user_error("--set ", text, ": '", text.substr(equals + 1), "' is not a number");
    return {key, value};
}

void check_chip(const Chip& chip, const std::string& where) {
    const isa::Geometry& g = chip.geometry;
    const auto refuse = [&](const std::string& what) { throw user_error(where, ": chip '", chip.name, "': ", what); };
    if (g.words % g.banks != 0) refuse("mem.words_per_slice must be a multiple of mem.banks");
    if (g.streams % 16 != 0) refuse("stream.count must be a multiple of 16");
    if (g.load_streams * g.planes > g.streams)
        refuse("mxm.load_streams times mxm.planes_per_hemisphere must not exceed stream.count");
    if (chip.text_words >= g.words) refuse("icu.text_words_per_slice must leave words for data");
    if (chip.has_dram() != (g.dram_mib > 0))
        refuse("DRAM needs both dram.channels_per_hemisphere and dram.mib, or neither");
    const isa::Timing& t = chip.timing;
    if (chip.has_dram() && (t.dram_latency < 1 || t.dram_vector_interval < 1))
        refuse("dram.latency and dram.vector_interval must be at least 1 cycle");
    if (t.mem_write < 1 || t.mem_read < 1 || t.stream_hop < 1 || t.vxm_op < 1 || t.c2c_hac_period < 1)
        refuse("mem.read, mem.write, stream.hop, vxm.op and c2c.hac_period must be at least 1 cycle");
}

std::string Chip::digest() const {
    Digest digest;
    for (const ParameterRow& row : chip_rows)
        if (row.whole && concerns(row, *this)) digest.text(row.key).number(row.get(*this));
    return digest.hex();
}

std::vector<std::string> chip_names() { return data_names("chips"); }

Chip load_chip(const std::string& name_or_file, const std::vector<std::string>& overrides) {
    Chip chip;
    fs::path file = name_or_file;
    if (file.extension() != ".json") {
        file = data_path("chips/" + name_or_file + ".json");
        if (!fs::exists(file))
            throw user_error("unknown chip '", name_or_file, "'", nearest_hint(name_or_file, chip_names()),
                             "; a file must end in .json");
    }
    apply_file(chip, file, 0);
    for (const std::string& text : overrides) {
        const auto [key, value] = parse_override(text);
        set_chip_parameter(chip, key, value, "--set " + text, "--set");
    }
    check_chip(chip, overrides.empty() ? file.string() : "--set");
    return chip;
}

}  // namespace superlane::models
