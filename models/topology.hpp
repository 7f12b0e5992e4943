// SPDX-License-Identifier: Apache-2.0
// Cables of every kind of topology, the parts they connect, and chips mapped out.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/system.hpp"

namespace superlane::models {

/// A kind of topology and the system parameters that it reads.
struct TopologyKind {
    std::string_view name, meaning;
    std::vector<std::string_view> reads;
    void (*cable)(System&, const std::string& where);  ///< fills chips, packaging and cables, without latencies
};
std::span<const TopologyKind> topology_kinds();
/// UserError with the nearest name when there is no such kind.
const TopologyKind& topology_kind(const std::string& name, const std::string& where);

/// Throws unless every cable has two chips and links that exist, none used twice; sorts the cables.
void check_cables(System& system, const std::string& where);
/// The parts that cables connect, each sorted, by their first chip.
std::vector<std::vector<int>> connected_parts(const System& system);
/// UserError that names the parts, when there are several.
void check_connected(const System& system, const std::string& where);
/// Latencies of all cables from system.latency_seed; those of a port do not depend on what other cables there are.
void draw_latencies(System& system);

/// The first `chips` chips, with the cables among them.
System first_chips(const System& system, int chips);
/// Nodes without a dead chip, in order: a dead chip takes its whole node out.
std::vector<int> usable_nodes(const System& system, const std::vector<int>& dead_chips);
/// Chips of the usable nodes, in order: chip k of without() is chip usable_chips()[k] here.
std::vector<int> usable_chips(const System& system, const std::vector<int>& dead_chips);
/// The system of the usable chips, numbered anew without gaps; links and latencies are kept. UserError when none is
/// left or they are no longer connected.
System without(const System& system, const std::vector<int>& dead_chips);

}  // namespace superlane::models
