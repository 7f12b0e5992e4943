// SPDX-License-Identifier: Apache-2.0
// Checked JSON: every way a file can be wrong becomes one line that names file, key and what is allowed.
#include "models/json_file.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"

namespace superlane {

using nlohmann::json;

namespace {

constexpr int max_depth = 64;

/// Watches the parser go by: nlohmann keeps the last of two equal keys, which would hide a slip of the user.
class KeyWatch {
public:
    explicit KeyWatch(const std::string& file) : file_(file) {}
    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        if (depth > max_depth) throw user_error(file_, ": nested deeper than ", max_depth, " levels");
        if (event == json::parse_event_t::object_start) open_.emplace_back();
        if (event == json::parse_event_t::object_end) open_.pop_back();
        if (event == json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second)
            throw user_error(file_, ": key '", parsed.get<std::string>(), "' is given twice");
        return true;
    }

private:
    const std::string& file_;
    std::vector<std::set<std::string>> open_;
};

std::string line_and_column(std::string_view text, size_t byte) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
        ++column;
        if (text[i] == '\n') ++line, column = 1;
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

json parse_json(std::string_view text, const std::string& file) {
    try {
        return json::parse(text.begin(), text.end(), KeyWatch(file));
    } catch (const json::parse_error& error) {
        throw user_error(file, ": not JSON at ", line_and_column(text, error.byte));
    } catch (const json::out_of_range&) {  // a number such as 1e999
        throw user_error(file, ": a number is out of range");
    }
}

json read_json_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(file)) throw user_error(file.string(), ": cannot be read");
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    return parse_json(text, file.string());
}

std::string brief(const json& value) {
    const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

JsonObject::JsonObject(const json& value, std::string where) : value_(value), where_(std::move(where)) {
    if (!value.is_object()) throw user_error(where_, ": ", brief(value), " is not an object");
}

void JsonObject::fail(const std::string& key, const std::string& problem) const {
    throw user_error(where_, ": key '", key, "': ", brief(at(key)), " ", problem);
}

bool JsonObject::has(const std::string& key) const {
    const auto found = value_.find(key);
    return found != value_.end() && !found->is_null();
}

const json& JsonObject::at(const std::string& key) const {
    const auto found = value_.find(key);
    if (found != value_.end()) return *found;
    std::vector<std::string> present;
    for (const auto& member : value_.items()) present.push_back(member.key());
    throw user_error(where_, ": key '", key, "' is missing", nearest_hint(key, present));
}

int64_t JsonObject::integer(const std::string& key, int64_t low, int64_t high) const {
    const std::string allowed = "(allowed: " + std::to_string(low) + " to " + std::to_string(high) + ")";
    const json& value = at(key);
    if (!value.is_number_integer()) fail(key, "is not an integer " + allowed);
    const bool huge = value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(INT64_MAX);
    if (huge || value.get<int64_t>() < low || value.get<int64_t>() > high) fail(key, "is out of range " + allowed);
    return value.get<int64_t>();
}

int64_t JsonObject::integer_or(const std::string& key, int64_t otherwise, int64_t low, int64_t high) const {
    return has(key) ? integer(key, low, high) : otherwise;
}

double JsonObject::number(const std::string& key, double low, double high) const {
    const std::string allowed = "(allowed: " + brief(low) + " to " + brief(high) + ")";
    const json& value = at(key);
    if (!value.is_number()) fail(key, "is not a number " + allowed);
    if (!(value.get<double>() >= low && value.get<double>() <= high)) fail(key, "is out of range " + allowed);
    return value.get<double>();
}

double JsonObject::number_or(const std::string& key, double otherwise, double low, double high) const {
    return has(key) ? number(key, low, high) : otherwise;
}

bool JsonObject::boolean_or(const std::string& key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!at(key).is_boolean()) fail(key, "is not true or false");
    return at(key).get<bool>();
}

std::string JsonObject::text(const std::string& key) const {
    if (!at(key).is_string()) fail(key, "is not a string");
    return at(key).get<std::string>();
}

std::string JsonObject::text_or(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
}

std::string JsonObject::choice(const std::string& key, const std::vector<std::string>& allowed) const {
    const std::string value = text(key);
    std::string list;
    for (const std::string& name : allowed) {
        if (name == value) return value;
        list += (list.empty() ? "" : ", ") + name;
    }
    fail(key, "is unknown (allowed: " + list + ")" + nearest_hint(value, allowed));
}

}  // namespace superlane
