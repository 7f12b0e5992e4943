// SPDX-License-Identifier: Apache-2.0
// A system as a drawing: nodes (or chips, or racks) and the number of cables between them.
#pragma once
#include <map>
#include <string>
#include <utility>

#include "models/system.hpp"

namespace superlane::experiment {

/// Cables between units of so many chips, by the lower and the higher unit.
std::map<std::pair<int, int>, int> cables_between(const models::System& system, int unit_chips);

/// Rows of boxes with the cables between neighbours, and the cables of every distance in the row.
std::string drawing_text(const models::System& system);
/// An SVG page: units on a circle, or on a line where only near ones are joined; the width of a line grows with its
/// cables.
std::string drawing_svg(const models::System& system);

}  // namespace superlane::experiment
