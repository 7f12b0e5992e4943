// SPDX-License-Identifier: Apache-2.0
// Compares the keys of an object with those that are read.
#include "experiment/json_keys.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace superlane::experiment {

void check_keys(const nlohmann::json& object, const std::string& where, const std::vector<std::string>& allowed) {
    std::string list;
    for (const std::string& key : allowed) list += (list.empty() ? "" : ", ") + key;
    for (const auto& member : object.items())
        if (std::find(allowed.begin(), allowed.end(), member.key()) == allowed.end())
            throw user_error(where, ": unknown key '", member.key(), "' (allowed: ", list, ")",
                             nearest_hint(member.key(), allowed));
}

}  // namespace superlane::experiment
