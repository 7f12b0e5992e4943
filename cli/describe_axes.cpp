// SPDX-License-Identifier: Apache-2.0
// Axes of sweeps: what a design point may set.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "experiment/point.hpp"

namespace superlane::cli {
namespace {

std::string allowed_text(const experiment::Axis& axis) {
    if (!axis.numeric) return "";
    return experiment::plain_number(axis.low) + ".." + experiment::plain_number(axis.high);
}

std::vector<experiment::Axis> chosen_axes(const std::vector<std::string>& names) {
    std::vector<experiment::Axis> all = experiment::all_axes(), chosen;
    std::vector<std::string> known;
    for (const experiment::Axis& axis : all) known.push_back(axis.name);
    for (const std::string& name : names) {
        const auto found = std::find(known.begin(), known.end(), name);
        if (found == known.end()) throw user_error("unknown axis '", name, "'", nearest_hint(name, known));
        chosen.push_back(all[size_t(found - known.begin())]);
    }
    return names.empty() ? all : chosen;
}

}  // namespace

void describe_axes(const std::vector<std::string>& names, JsonOutput& json) {
    json.open();
    json.write(experiment::axes_json());
    if (json.on_stdout()) return;
    Table table({false, false, true});
    table.row({"axis", "table", "default", "unit", "range", "meaning"});
    for (const experiment::Axis& axis : chosen_axes(names))
        table.row({axis.name, axis.table, axis.value, axis.unit, allowed_text(axis), axis.meaning});
    table.print(std::cout, "");
}

}  // namespace superlane::cli
