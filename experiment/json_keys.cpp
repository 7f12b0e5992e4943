// SPDX-License-Identifier: Apache-2.0
// Compares the keys of an object with those that are read; reads lists.
#include "experiment/json_keys.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace superlane::experiment {
namespace {

constexpr int64_t most = 1 << 30;

/// The member as a list of what is `valid`; else fails with `problem`.
template <class Value, class Valid>
std::vector<Value> list_of(const JsonObject& from, const std::string& key, const char* problem, Valid&& valid) {
    if (!from.has(key)) return {};
    const nlohmann::json& list = from.at(key);
    if (!list.is_array() || !std::all_of(list.begin(), list.end(), valid)) from.fail(key, problem);
    return list.get<std::vector<Value>>();
}

bool is_index(const nlohmann::json& one) { return one.is_number_integer() && one >= 0 && one <= most; }

}  // namespace

void check_keys(const nlohmann::json& object, const std::string& where, const std::vector<std::string>& allowed) {
    std::string list;
    for (const std::string& key : allowed) list += (list.empty() ? "" : ", ") + key;
    for (const auto& member : object.items())
        if (std::find(allowed.begin(), allowed.end(), member.key()) == allowed.end())
            throw user_error(where, ": unknown key '", member.key(), "' (allowed: ", list, ")",
                             nearest_hint(member.key(), allowed));
}

std::vector<std::string> text_list(const JsonObject& from, const std::string& key) {
    return list_of<std::string>(from, key, "must be a list of strings",
                                [](const nlohmann::json& one) { return one.is_string(); });
}

std::vector<int> integer_list(const JsonObject& from, const std::string& key) {
    return list_of<int>(from, key, "must be a list of integers from 0 on", is_index);
}

std::vector<std::vector<int>> integer_lists(const JsonObject& from, const std::string& key) {
    return list_of<std::vector<int>>(
        from, key, "must be a list of lists of integers from 0 on",
        [](const nlohmann::json& list) { return list.is_array() && std::all_of(list.begin(), list.end(), is_index); });
}

}  // namespace superlane::experiment
