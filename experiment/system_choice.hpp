// SPDX-License-Identifier: Apache-2.0
// A system as a person names it, with the chips that are dead: enough to make it again from a result or workload file.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiment/result.hpp"
#include "models/json_file.hpp"
#include "models/system.hpp"

namespace superlane::experiment {

struct SystemChoice {
    std::string name;  ///< of a shipped system, a file, or a number of chips; "" and "single": one chip
    std::vector<std::string> overrides;  ///< KEY=VALUE, of system and chip
    std::vector<int> dead;               ///< chips whose nodes are mapped out
    bool one_chip() const { return name.empty() || name == "single"; }
    bool operator==(const SystemChoice&) const = default;
};

/// What is left of a system whose dead nodes were mapped out: its chips are numbered anew.
struct ChosenSystem {
    models::System system;
    std::vector<int> chip_numbers;  ///< by chip of `system`: its number in the whole system
    std::vector<int> dead_nodes;    ///< of the whole system
};
ChosenSystem choose_system(const SystemChoice& choice);

Json to_json(const SystemChoice& choice);
/// From a JSON object as to_json writes it.
SystemChoice system_choice(const nlohmann::json& value, const std::string& where);

}  // namespace superlane::experiment
