// SPDX-License-Identifier: Apache-2.0
// System parameters: the table, and loading: default < inherited system < file < override.
#include "models/system.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "models/data_path.hpp"
#include "models/json_file.hpp"
#include "models/system_file.hpp"
#include "models/topology.hpp"

namespace superlane::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr SystemParameterRow system_rows[] = {
// clang-format off
#define ROW(member, key, low, high, whole, unit, mark, source, meaning)                     \
    SystemParameterRow{key, low, high, whole, unit, mark, source, meaning,                  \
                       [](const System& system) { return double(system.member); },          \
                       [](System& system, double value) { system.member = decltype(system.member)(value); }},
// clang-format on
#define COUNT(member, key, low, high, unit, mark, source, meaning) \
    ROW(topology.member, key, low, high, true, unit, mark, source, meaning)
#define WHOLE(member, key, low, high, unit, mark, source, meaning) \
    ROW(member, key, low, high, true, unit, mark, source, meaning)
#define VALUE(member, key, low, high, unit, mark, source, meaning) \
    ROW(member, key, low, high, false, unit, mark, source, meaning)
#include "models/system_parameters.def"
#undef COUNT
#undef WHOLE
#undef VALUE
#undef ROW
};

/// A parameter as a file or --set gives it: applied once the chip is known.
struct Setting {
    std::string key;
    double value;
    std::string where, origin;
};

/// What a file and those it inherits say.
struct Draft {
    System system;
    std::string chip = "tsp-v1";
    std::vector<Setting> settings;
};

const SystemParameterRow* find_row(const std::string& key) {
    const auto row = std::find_if(std::begin(system_rows), std::end(system_rows),
                                  [&](const SystemParameterRow& r) { return r.key == key; });
    return row == std::end(system_rows) ? nullptr : row;
}

void apply(System& system, const Setting& setting) {
    const SystemParameterRow* row = find_row(setting.key);
    const auto of_chip = chip_parameters();
    if (row == nullptr) {
        std::vector<std::string> keys;
        for (const SystemParameterRow& r : system_rows) keys.emplace_back(r.key);
        for (const ParameterRow& r : of_chip) keys.emplace_back(r.key);
        if (std::none_of(of_chip.begin(), of_chip.end(), [&](const auto& r) { return r.key == setting.key; }))
            throw user_error(setting.where, ": unknown parameter '", setting.key, "'", nearest_hint(setting.key, keys));
        return set_chip_parameter(system.chip, setting.key, setting.value, setting.where, setting.origin);
    }
    if (!(setting.value >= row->low && setting.value <= row->high) ||
        (row->whole && setting.value != std::floor(setting.value))) {
        std::ostringstream range;
        range.precision(12);
        range << setting.value << " is not allowed: " << (row->whole ? "a whole number" : "a number") << " from "
              << row->low << " to " << row->high;
        throw user_error(setting.where, ": ", setting.key, " = ", range.str(), row->unit.empty() ? "" : " (", row->unit,
                         row->unit.empty() ? "" : ")");
    }
    if (setting.key.starts_with("topology.") && !reads_parameter(system.topology.kind, setting.key)) {
        std::string list;
        for (const std::string_view each : topology_kind(system.topology.kind, setting.where).reads)
            list += (list.empty() ? "" : ", ") + std::string(each);
        throw user_error(setting.where, ": topology '", system.topology.kind, "' does not read ", setting.key,
                         " (it reads ", list, ")");
    }
    row->set(system, setting.value);
    system.origins[setting.key] = setting.origin;
}

std::vector<int> whole_numbers(const json& value, const std::string& key, const std::string& where, int low) {
    if (!value.is_array()) throw user_error(where, ": ", key, " must be a list of whole numbers, not ", brief(value));
    std::vector<int> numbers;
    for (const json& each : value) {
        if (!each.is_number_integer() || each.get<int64_t>() < low || each.get<int64_t>() > 65536)
            throw user_error(where, ": ", key, ": ", brief(each), " is not allowed: a whole number from ", low,
                             " to 65536");
        numbers.push_back(each.get<int>());
    }
    return numbers;
}

/// Chips of an edge list that does not say how many: up to the highest that it names.
int highest_chip(const std::vector<std::vector<int>>& edges) {
    int highest = 0;
    for (const auto& edge : edges) highest = std::max({highest, edge[0], edge[edge.size() / 2]});
    return highest;
}

void read_topology(Draft& draft, const json& root, const std::string& where) {
    Topology& t = draft.system.topology;
    if (root.contains("topology")) {  // another kind starts anew: what was inherited belongs to the parent's
        t = Topology();
        t.kind = JsonObject(root, where).text("topology");
        topology_kind(t.kind, where);
        if (!reads_parameter(t.kind, "topology.cables_per_pair")) t.chips_per_node = 1;  // no fully connected nodes
        std::erase_if(draft.settings, [](const Setting& s) { return s.key.starts_with("topology."); });
    }
    if (root.contains("dimensions")) {
        if (t.kind != "torus") throw user_error(where, ": topology '", t.kind, "' does not read 'dimensions'");
        t.dimensions = whole_numbers(root["dimensions"], "dimensions", where, 1);
    }
    if (!root.contains("edges")) return;
    if (t.kind != "edges") throw user_error(where, ": topology '", t.kind, "' does not read 'edges'");
    if (!root["edges"].is_array()) throw user_error(where, ": edges must be a list, not ", brief(root["edges"]));
    t.edges.clear();
    for (const json& edge : root["edges"]) {
        t.edges.push_back(whole_numbers(edge, "edges", where, 0));
        if (t.edges.back().size() != 2 && t.edges.back().size() != 4)
            throw user_error(where, ": edges: ", brief(edge), " must be [chip, chip] or [chip, link, chip, link]");
    }
    t.chips = std::min(highest_chip(t.edges), 65535) + 1;
}

/// `root` is what stands in `file`.
void read_system(Draft& draft, const json& root, const fs::path& file, int depth) {
    const std::string where = file.string();
    if (depth > 8) throw user_error(where, ": 'inherits' goes round in a circle");
    const JsonObject object(root, where);
    const std::vector<std::string> keys = {"name",     "inherits",   "description", "chip",
                                           "topology", "dimensions", "edges",       "parameters"};
    for (const auto& [key, value] : root.items())
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            throw user_error(where, ": unknown key '", key, "'", nearest_hint(key, keys));
    if (object.has("inherits")) {
        const std::string parent = object.text("inherits");
        const fs::path beside = file.parent_path() / (parent + ".json");
        const fs::path path = fs::exists(beside) ? beside : data_path("systems/" + parent + ".json");
        if (!fs::exists(path))
            throw user_error(where, ": inherits unknown system '", parent, "'", nearest_hint(parent, system_names()));
        read_system(draft, read_json_file(path), path, depth + 1);
    }
    draft.system.name = object.text_or("name", file.stem().string());
    draft.system.description = object.text_or("description", draft.system.description);
    draft.chip = object.text_or("chip", draft.chip);
    if (fs::path(draft.chip).extension() == ".json" && fs::exists(file.parent_path() / draft.chip))
        draft.chip = (file.parent_path() / draft.chip).string();
    read_topology(draft, root, where);
    const json parameters = root.value("parameters", json::object());
    if (!parameters.is_object()) throw user_error(where, ": 'parameters' must be an object of key: number");
    for (const auto& [key, value] : parameters.items()) {
        if (!value.is_number()) throw user_error(where, ": ", key, " must be a number, not ", brief(value));
        draft.settings.push_back({key, value, where, draft.system.name});
    }
}

void finish(System& system, const std::string& where) {
    check_chip(system.chip, where);
    if (system.chip.timing.c2c_vector_interval < 1 || system.chip.timing.c2c_latency < 1)
        throw user_error(where, ": c2c.vector_interval and c2c.latency must be at least 1");
    system.cables.clear();
    topology_kind(system.topology.kind, where).cable(system, where);
    check_cables(system, where);
    check_connected(system, where);
    draw_latencies(system);
}

System load_draft(Draft draft, const std::vector<std::string>& overrides, const std::string& where) {
    draft.system.chip = load_chip(draft.chip);
    for (const std::string& text : overrides) {
        const auto [key, value] = parse_override(text);
        draft.settings.push_back({key, value, "--set " + text, "--set"});
    }
    for (const Setting& setting : draft.settings) apply(draft.system, setting);
    finish(draft.system, where);
    return draft.system;
}

System load_named(const std::string& name_or_file, const std::vector<std::string>& overrides) {
    fs::path file = name_or_file;
    if (file.extension() != ".json") {
        file = data_path("systems/" + name_or_file + ".json");
        if (!fs::exists(file))
            throw user_error("unknown system '", name_or_file, "'", nearest_hint(name_or_file, system_names()),
                             "; a file must end in .json, a number N means N chips of tsp-v1");
    }
    return parse_system(read_json_file(file), file.string(), overrides);
}

/// Up to a node: fully connected. Beyond: the first of the shipped systems that is large enough, cut.
System load_number(int64_t chips, const std::string& text, const std::vector<std::string>& overrides) {
    const std::string where = "system " + text;
    System system;
    if (chips < 1 || chips > 10440)
        throw user_error("system ", text, ": a number of chips must be from 1 to 10440 (all of tsp-v1-10440)");
    if (chips <= 8) {
        Draft draft;
        draft.settings.push_back({"topology.chips_per_node", double(chips), where, where});
        system = load_draft(std::move(draft), overrides, where);
        system.description = "One node of tsp-v1, fully connected";
    } else {
        const char* base = chips <= 72    ? "tsp-v1-rack"
                           : chips <= 264 ? "tsp-v1-264"
                           : chips <= 576 ? "tsp-v1-576"
                                          : "tsp-v1-10440";
        system = first_chips(load_named(base, overrides), int(chips));
        check_connected(system, where);
        system.description = "The first " + text + " chips of " + base;
    }
    if (system.chips != chips)
        throw user_error(where, ": what --set says about the topology leaves ", system.chips, " chips");
    system.name = text;
    return system;
}

}  // namespace

std::span<const SystemParameterRow> system_parameters() { return system_rows; }

std::vector<std::string> system_names() { return data_names("systems"); }

System load_system(const std::string& name_or_file, const std::vector<std::string>& overrides) {
    int64_t chips = 0;
    const char* end = name_or_file.data() + name_or_file.size();
    const auto parsed = std::from_chars(name_or_file.data(), end, chips);
    if (parsed.ptr == end && parsed.ec == std::errc()) return load_number(chips, name_or_file, overrides);
    return load_named(name_or_file, overrides);
}

System parse_system(const json& root, const std::string& file, const std::vector<std::string>& overrides) {
    Draft draft;
    read_system(draft, root, file, 0);
    return load_draft(std::move(draft), overrides, file);
}

System build_system(std::string name, const Chip& chip, const Topology& topology, const std::string& where) {
    System system;
    system.name = std::move(name);
    system.chip = chip;
    system.topology = topology;
    finish(system, where);
    return system;
}

System one_node(const Chip& chip, int chips) {
    Topology topology;
    topology.chips_per_node = chips;
    return build_system(std::to_string(chips), chip, topology, "a node of " + std::to_string(chips) + " chips");
}

System single_chip(const Chip& chip) {
    System system = one_node(chip, 1);
    system.name = "single";
    return system;
}

std::vector<System::Peer> System::peers(int chip_) const {
    std::vector<Peer> found(size_t(chip.geometry.links));
    for (const Cable& cable : cables)
        for (size_t end = 0; end < 2; ++end)
            if (cable.ends[end].chip == chip_)
                found[size_t(cable.ends[end].link)] = {cable.ends[1 - end], cable.latency_cycles[end]};
    return found;
}

std::vector<std::vector<System::Peer>> System::all_peers() const {
    std::vector<std::vector<Peer>> found(size_t(chips), std::vector<Peer>(size_t(chip.geometry.links)));
    for (const Cable& cable : cables)
        for (size_t end = 0; end < 2; ++end)
            found[size_t(cable.ends[end].chip)][size_t(cable.ends[end].link)] = {cable.ends[1 - end],
                                                                                 cable.latency_cycles[end]};
    return found;
}

}  // namespace superlane::models
