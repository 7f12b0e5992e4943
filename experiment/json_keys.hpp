// SPDX-License-Identifier: Apache-2.0
// Members of a JSON object that nobody would read are mistakes of the user, not decoration; members that are lists.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/json_file.hpp"

namespace superlane::experiment {

/// UserError that names the unknown key, what is allowed and the nearest.
void check_keys(const nlohmann::json& object, const std::string& where, const std::vector<std::string>& allowed);

/// A member that is a list; empty when left out. UserError names the key and what is allowed. Integers are from 0 on.
std::vector<std::string> text_list(const JsonObject& from, const std::string& key);
std::vector<int> integer_list(const JsonObject& from, const std::string& key);
std::vector<std::vector<int>> integer_lists(const JsonObject& from, const std::string& key);

}  // namespace superlane::experiment
