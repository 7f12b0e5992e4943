// SPDX-License-Identifier: Apache-2.0
// JSON text read with clear errors: syntax by line, duplicate keys, and typed members with their allowed range.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace superlane {

/// UserError naming file, line and column on bad syntax, a duplicate key, or more than 64 levels of nesting.
nlohmann::json parse_json(std::string_view text, const std::string& file);
/// UserError when the file is missing or unreadable, else as parse_json.
nlohmann::json read_json_file(const std::filesystem::path& file);

/// An object's members with checks; `where` heads every message ("config.json" or "config.json: rope_scaling").
class JsonObject {
public:
    /// UserError when `value` is not an object. Keeps a reference to it.
    JsonObject(const nlohmann::json& value, std::string where);

    const std::string& where() const { return where_; }
    bool has(const std::string& key) const;                  ///< there and not null
    const nlohmann::json& at(const std::string& key) const;  ///< UserError when missing, with the nearest key there is
    int64_t integer(const std::string& key, int64_t low, int64_t high) const;
    int64_t integer_or(const std::string& key, int64_t otherwise, int64_t low, int64_t high) const;
    double number(const std::string& key, double low, double high) const;
    double number_or(const std::string& key, double otherwise, double low, double high) const;
    bool boolean_or(const std::string& key, bool otherwise) const;
    std::string text(const std::string& key) const;
    std::string text_or(const std::string& key, const std::string& otherwise) const;
    /// One of `allowed`, else UserError with the list and the nearest.
    std::string choice(const std::string& key, const std::vector<std::string>& allowed) const;

    /// Throws "where: key 'key': value ... problem".
    [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

private:
    const nlohmann::json& value_;
    std::string where_;
};

/// At most 60 characters of a value, for messages.
std::string brief(const nlohmann::json& value);

}  // namespace superlane
