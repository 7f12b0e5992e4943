// SPDX-License-Identifier: Apache-2.0
// A system from the JSON of its file, apart from models/system.hpp since few need it.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/system.hpp"

namespace superlane::models {

/// As load_system of that file; `file` heads messages, and what it names may lie beside it.
System parse_system(const nlohmann::json& root, const std::string& file,
                    const std::vector<std::string>& overrides = {});

}  // namespace superlane::models
