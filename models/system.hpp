// SPDX-License-Identifier: Apache-2.0
// A system: chips of one kind, the cables between them, how they are packaged, and the host beside them.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/chip.hpp"

namespace superlane::models {

/// One end of a cable: a chip and the number of its link.
struct Port {
    int chip = 0, link = 0;
    auto operator<=>(const Port&) const = default;
};

/// A full-duplex cable. latency_cycles[k] is that of vectors that leave ends[k], fixed once the links are aligned.
struct Cable {
    std::array<Port, 2> ends;
    std::array<int, 2> latency_cycles{};
};

/// What cables are made from; each kind reads its own members (models/topology.hpp).
struct Topology {
    std::string kind = "node";  ///< "part" where a system was cut from another
    int chips = 1;
    int chips_per_node = 8;
    int cables_per_pair = 1;
    int outside_links = 4;
    int nodes = 1;
    int nodes_per_rack = 9;
    int racks = 1;
    int ring = 0;
    int packed = 0;
    std::vector<int> dimensions;          ///< torus: chips along each, the first changes fastest
    std::vector<std::vector<int>> edges;  ///< [chip, chip] or [chip, link, chip, link]
};

struct System {
    std::string name = "single";
    std::string description;
    Chip chip;
    Topology topology;
    int chips = 1;
    int chips_per_node = 1;  ///< chip c belongs to node c / chips_per_node
    int nodes_per_rack = 1;
    std::vector<Cable> cables;  ///< sorted by ends[0]; ends[0] < ends[1]

    double latency_sigma_cycles = 2.8;  ///< spread of link latencies, from which latency_cycles were drawn
    double latency_seed = 1;
    double pcie_latency_us = 10;  ///< host to chip or back, one direction
    double pcie_gbytes_per_s = 24;
    double overhead_us_per_layer = 0;  ///< the one calibrated value, used only when asked for; shown as fitted
    std::map<std::string, std::string> origins;  ///< as in Chip, for the parameters of the system

    int nodes() const { return (chips + chips_per_node - 1) / chips_per_node; }
    int node_of(int chip_) const { return chip_ / chips_per_node; }
    int racks() const { return (nodes() + nodes_per_rack - 1) / nodes_per_rack; }
    /// Longest latency that a schedule must allow for: mean and spread of chip.timing, whatever cable is used.
    int scheduled_latency_cycles() const { return chip.timing.c2c_latency + chip.timing.c2c_latency_spread; }
    /// Payload of one link and direction, B/s.
    double link_bytes_per_s() const { return chip.lanes() * chip.clock_mhz * 1e6 / chip.timing.c2c_vector_interval; }
    /// The port at the other end, and the latency towards it; chip = -1 where nothing is plugged in.
    struct Peer {
        Port port{-1, -1};
        int latency_cycles = 0;
    };
    /// Peers by link of one chip; looks at every cable.
    std::vector<Peer> peers(int chip_) const;
    /// The same for all chips at once.
    std::vector<std::vector<Peer>> all_peers() const;
};

/// One parameter of a system as users see it.
struct SystemParameterRow {
    std::string_view key;
    double low, high;
    bool whole;  ///< an integer
    std::string_view unit, mark, source, meaning;
    double (*get)(const System&);
    void (*set)(System&, double);
};
std::span<const SystemParameterRow> system_parameters();

/// Names of the systems that ship (models/systems/*.json), sorted.
std::vector<std::string> system_names();

/// By name, by path of a JSON file, or a number N of chips of `tsp-v1` (the smallest shipped topology that has them,
/// cut to N). Overrides are `key=value` of system or chip parameters, in order. UserError names file, key, value, what
/// is allowed and the nearest name; an edge list that is not connected is refused with the parts it falls into.
System load_system(const std::string& name_or_file, const std::vector<std::string>& overrides = {});
/// One chip and no cables.
System single_chip(const Chip& chip);
/// A node of `chips` chips, fully connected.
System one_node(const Chip& chip, int chips);
/// A system of any topology: cables, packaging and drawn latencies. UserError as load_system, headed by `where`.
System build_system(std::string name, const Chip& chip, const Topology& topology, const std::string& where);

}  // namespace superlane::models
