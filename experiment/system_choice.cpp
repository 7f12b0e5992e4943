// SPDX-License-Identifier: Apache-2.0
// Makes the chosen system; the choice as JSON.
#include "experiment/system_choice.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/json_keys.hpp"
#include "models/topology.hpp"

namespace superlane::experiment {

ChosenSystem choose_system(const SystemChoice& choice) {
    const models::System whole = models::load_system(choice.name, choice.overrides);
    ChosenSystem chosen{.system = choice.dead.empty() ? whole : models::without(whole, choice.dead),
                        .chip_numbers = models::usable_chips(whole, choice.dead)};
    const std::vector<int> usable = models::usable_nodes(whole, choice.dead);
    for (int node = 0; node < whole.nodes(); ++node)
        if (!std::binary_search(usable.begin(), usable.end(), node)) chosen.dead_nodes.push_back(node);
    return chosen;
}

Json to_json(const SystemChoice& choice) {
    return {{"name", choice.name}, {"overrides", choice.overrides}, {"dead", choice.dead}};
}

SystemChoice system_choice(const nlohmann::json& value, const std::string& where) {
    const JsonObject from(value, where);
    return {from.text("name"), text_list(from, "overrides"), integer_list(from, "dead")};
}

}  // namespace superlane::experiment
