// SPDX-License-Identifier: Apache-2.0
// The drawing in text.
#include "experiment/system_drawing.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "models/topology.hpp"

namespace superlane::experiment {
namespace {

constexpr int most_rows = 12, few_rows = 4, boxes_in_a_row = 9;  // few, where most do not suffice

std::string box_text(const models::System& system, int unit, int unit_chips) {
    const int first = unit * unit_chips, last = std::min(first + unit_chips, system.chips) - 1;
    const int width = int(std::to_string(system.chips - 1).size());
    const auto padded = [&](int number) {
        const std::string text = std::to_string(number);
        return std::string(size_t(width) - text.size(), ' ') + text;
    };
    return "[" + padded(first) + (unit_chips > 1 ? "-" + padded(last) : "") + "]";
}

/// "1 to 4": from equal neighbours of a list.
std::string span_text(int first, int last) {
    return std::to_string(first) + (last > first ? " to " + std::to_string(last) : "");
}

/// Cables of pairs that are so far apart in the row: least and most, and how many pairs have any.
struct CablesApart {
    int least = 0, most = 0, pairs = 0;
    bool operator==(const CablesApart& other) const { return least == other.least && most == other.most; }
};

void print_distances(std::ostream& out, const std::map<std::pair<int, int>, int>& cables, int units,
                     const std::string& unit, const std::string& where) {
    auto by_distance = std::vector<CablesApart>(size_t(units));
    for (const auto& [pair, count] : cables) {
        CablesApart& d = by_distance[size_t(pair.second - pair.first)];
        d.least = d.pairs++ == 0 ? count : std::min(d.least, count);
        d.most = std::max(d.most, count);
    }
    int lines = 0;
    for (int first = 1; first < units;) {
        int last = first, pairs = by_distance[size_t(first)].pairs;
        while (last + 1 < units && by_distance[size_t(last) + 1] == by_distance[size_t(first)])
            pairs += by_distance[size_t(++last)].pairs;
        const CablesApart& d = by_distance[size_t(first)];
        if (d.pairs > 0 && ++lines > most_rows) {
            out << "  ...\n";
            return;
        }
        if (d.pairs > 0)
            out << "  " << where << unit << "s " << span_text(first, last) << " apart: " << span_text(d.least, d.most)
                << (d.most == 1 ? " cable" : " cables") << " in each of " << pairs
                << (pairs == 1 ? " pair\n" : " pairs\n");
        first = last + 1;
    }
}

/// Rows of boxes; a rack begins a new row.
void print_boxes(std::ostream& out, const models::System& system, const std::map<std::pair<int, int>, int>& cables,
                 int unit_chips) {
    const int units = (system.chips + unit_chips - 1) / unit_chips;
    const int rack_units = system.racks() > 1 ? system.nodes_per_rack * system.chips_per_node / unit_chips : units;
    const int rows_in_all = system.racks() * ((rack_units + boxes_in_a_row - 1) / boxes_in_a_row);
    const int rows = rows_in_all > most_rows ? few_rows : rows_in_all;
    for (int first = 0, row = 0; first < units; ++row) {
        if (row == rows && first < units) {
            out << "  ... up to chip " << system.chips - 1 << '\n';
            break;
        }
        const int rack = first / rack_units;
        const int end = std::min({units, first + boxes_in_a_row, (rack + 1) * rack_units});
        out << "  ";
        for (int unit = first; unit < end; ++unit) {
            out << box_text(system, unit, unit_chips);
            if (unit + 1 == end) break;
            const auto between = cables.find({unit, unit + 1});
            out << (between == cables.end() ? "   " : "-" + std::to_string(between->second) + "-");
        }
        if (system.racks() > 1) out << "  rack " << rack;
        out << '\n';
        first = end;
    }
}

}  // namespace

std::map<std::pair<int, int>, int> cables_between(const models::System& system, int unit_chips) {
    std::map<std::pair<int, int>, int> found;
    for (const models::Cable& cable : system.cables) {
        const int a = cable.ends[0].chip / unit_chips, b = cable.ends[1].chip / unit_chips;
        if (a != b) ++found[std::minmax(a, b)];
    }
    return found;
}

std::string drawing_text(const models::System& system) {
    std::ostringstream out;
    const int unit_chips = system.nodes() == 1 ? 1 : system.chips_per_node, rack_nodes = system.nodes_per_rack;
    auto cables = cables_between(system, unit_chips);
    print_boxes(out, system, cables, unit_chips);
    const bool of_racks = system.topology.kind == "dragonfly-racks" && system.racks() > 1;
    if (of_racks)  // between racks they are counted by rack
        std::erase_if(cables, [&](const auto& c) { return c.first.first / rack_nodes != c.first.second / rack_nodes; });
    if (unit_chips > 1)
        print_distances(out, cables_between(models::first_chips(system, unit_chips), 1), unit_chips, "chip",
                        "in a node, ");
    print_distances(out, cables, (system.chips + unit_chips - 1) / unit_chips, unit_chips > 1 ? "node" : "chip",
                    of_racks ? "in a rack, " : "");
    if (of_racks) print_distances(out, cables_between(system, unit_chips * rack_nodes), system.racks(), "rack", "");
    return out.str();
}

}  // namespace superlane::experiment
