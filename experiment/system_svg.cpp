// SPDX-License-Identifier: Apache-2.0
// The drawing as SVG, units on a circle: one path for all pairs with the same number of cables.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <sstream>

#include "experiment/system_drawing.hpp"

namespace superlane::experiment {
namespace {

constexpr int most_nodes = 160;  ///< more are drawn as racks

struct Place {
    double x = 0, y = 0;
};

struct Page {
    int units = 0, unit_chips = 1;
    std::string unit;
    bool near = false;  ///< only neighbours in the row are joined: their lines bend inwards, off the boxes between
    double width = 0, height = 0, radius = 0, box = 0;
    /// On the circle, from the top clockwise; `inward` moves it to the centre.
    Place at(double unit_, double inward = 0) const {
        const double angle = 2 * std::numbers::pi * unit_ / units - std::numbers::pi / 2;
        const double r = radius * (1 - inward);
        return {width / 2 + r * std::cos(angle), 100 + radius + r * std::sin(angle)};
    }
};

std::string number(double value, int digits = 1) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string text_of(const Place& place) { return number(place.x) + " " + number(place.y); }

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

/// Between two units, the shorter way round.
int steps(int first, int second, int units) { return std::min(second - first, units - (second - first)); }

int farthest_in_row(const models::System& system, const Page& page) {
    int farthest = 0;
    for (const auto& [pair, cables] : cables_between(system, page.unit_chips))
        farthest = std::max(farthest, steps(pair.first, pair.second, page.units));
    return farthest;
}

Page lay_out(const models::System& system) {
    Page page;
    const bool one_node = system.nodes() == 1, as_racks = system.nodes() > most_nodes && system.racks() > 1;
    page.unit = one_node || system.chips_per_node == 1 ? "chip" : as_racks ? "rack" : "node";
    page.unit_chips = page.unit == "chip"   ? 1
                      : page.unit == "node" ? system.chips_per_node
                                            : system.chips_per_node * system.nodes_per_rack;
    page.units = (system.chips + page.unit_chips - 1) / page.unit_chips;
    page.near = page.units > 9 && farthest_in_row(system, page) <= 8;
    page.radius = std::clamp(page.units * 34 / (2 * std::numbers::pi), 150.0, 680.0);
    page.box = std::clamp(2 * std::numbers::pi * page.radius / std::max(page.units, 1) * 0.7, 5.0, 34.0);
    page.width = std::max(2 * page.radius + 80, 680.0);
    page.height = 2 * page.radius + 150;
    return page;
}

void draw_cables(std::ostream& out, const models::System& system, const Page& page) {
    std::map<int, std::string> paths;  // by number of cables
    for (const auto& [pair, cables] : cables_between(system, page.unit_chips)) {
        const auto [first, second] = pair;
        paths[cables] += "M" + text_of(page.at(first));
        const int apart = steps(first, second, page.units);
        const double middle = second - first == apart ? (first + second) / 2.0 : (first + second + page.units) / 2.0;
        if (page.near && apart > 1)
            paths[cables] += "Q" + text_of(page.at(middle, 0.08 * apart)) + " ";
        else
            paths[cables] += "L";
        paths[cables] += text_of(page.at(second));
    }
    const double scale =
        page.near ? 1 : std::clamp(24.0 / page.units, 0.12, 1.0);  // all to all: thin where there are many
    for (const auto& [cables, path] : paths)
        out << "<path fill=\"none\" stroke=\"#1f5fa8\" stroke-opacity=\"0.7\" stroke-width=\""
            << number(scale * (0.4 + 0.6 * std::sqrt(cables)), 2) << "\" d=\"" << path << "\"><title>" << cables
            << (cables == 1 ? " cable" : " cables") << "</title></path>\n";
}

void draw_units(std::ostream& out, const models::System& system, const Page& page) {
    constexpr const char* fills[] = {"#ffe9c7", "#dcefd8"};  // racks in turn
    for (int unit = 0; unit < page.units; ++unit) {
        const Place at = page.at(unit);
        const int first = unit * page.unit_chips, last = std::min(first + page.unit_chips, system.chips) - 1;
        const int rack = system.node_of(first) / system.nodes_per_rack;
        out << "<rect x=\"" << number(at.x - page.box / 2) << "\" y=\"" << number(at.y - page.box / 2) << "\" width=\""
            << number(page.box) << "\" height=\"" << number(page.box) << "\" rx=\"3\" fill=\"" << fills[rack % 2]
            << "\" stroke=\"#444\"><title>" << page.unit << ' ' << unit << ": chips " << first << " to " << last
            << "</title></rect>\n";
        if (page.box >= 14)
            out << "<text x=\"" << number(at.x) << "\" y=\"" << number(at.y + 4)
                << "\" text-anchor=\"middle\" font-size=\""
                << (page.box >= 24     ? 12
                    : page.units > 100 ? 8
                                       : 10)
                << "\">" << unit << "</text>\n";
    }
}

}  // namespace

std::string drawing_svg(const models::System& system) {
    const Page page = lay_out(system);
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << number(page.width) << ' '
        << number(page.height) << "\" width=\"" << number(page.width) << "\" height=\"" << number(page.height)
        << "\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"20\" "
           "y=\"28\" "
           "font-size=\"18\" font-weight=\"bold\">"
        << escaped(system.name) << "</text>\n<text x=\"20\" y=\"48\" font-size=\"13\">" << system.chips << " chips of "
        << escaped(system.chip.name) << ", " << system.cables.size() << " cables; each box is a " << page.unit
        << (page.unit_chips > 1 ? " of " + std::to_string(page.unit_chips) + " chips" : "")
        << "; wider lines are more cables</text>\n";
    draw_cables(out, system, page);
    draw_units(out, system, page);
    out << "</svg>\n";
    return out.str();
}

}  // namespace superlane::experiment
