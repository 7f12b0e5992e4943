// SPDX-License-Identifier: Apache-2.0
// Members of a JSON object that nobody would read are mistakes of the user, not decoration.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace superlane::experiment {

/// UserError that names the unknown key, what is allowed and the nearest.
void check_keys(const nlohmann::json& object, const std::string& where, const std::vector<std::string>& allowed);

}  // namespace superlane::experiment
