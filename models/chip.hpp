// SPDX-License-Identifier: Apache-2.0
// A chip: its geometry, timing, energy and area parameters, and where each value came from.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/geometry.hpp"

namespace superlane::models {

struct Chip {
    std::string name = "tsp-v1";
    std::string description;
    isa::Geometry geometry;
    isa::Timing timing;
    double clock_mhz = 900;
    double text_words = 128;
    double fetch_bytes = 640;
    double c2c_wire_bytes = 328;
    double fifo_vectors = 32;
    double energy_sram_pj = 0.6;
    double energy_hop_pj = 0.05;
    double energy_mac_int8_pj = 0.12;
    double energy_mac_fp16_pj = 0.6;
    double energy_alu_pj = 1.5;
    double energy_sxm_pj = 0.2;
    double energy_link_pj = 50;
    double static_watts_per_mm2 = 0.124;
    double energy_factor = 0.9984;
    double area_sram_um2 = 0.064;
    double area_mac_um2 = 150;
    double area_alu_um2 = 4000;
    double area_register_um2 = 1.5;
    double area_sxm_um2 = 6000;
    double area_queue_um2 = 50000;
    double area_link_mm2 = 1.2;
    double area_fixed_mm2 = 25;
    double area_factor = 2.573;
    double dram_pj = 40;
    double dram_phy_mm2 = 1.5;
    double dram_usd_per_gib = 4;
    std::map<std::string, std::string> origins;  ///< key -> file or "--set"; keys not here have their default

    int lanes() const { return geometry.lanes(); }
    /// Words of a MEM slice that data may use: all but the share of instruction text.
    int data_words() const { return geometry.words - int(text_words); }
    /// Bytes of all MEM slices.
    int64_t sram_bytes() const { return 2ll * geometry.mem_slices * geometry.words * lanes(); }
    /// Bytes of instruction text that fit.
    int64_t text_bytes() const { return 2ll * geometry.mem_slices * int64_t(text_words) * lanes(); }
    /// The same where text may stand in DRAM too, and SRAM holds what is about to be dispatched.
    int64_t text_limit() const { return text_bytes() + dram_bytes(); }
    bool has_dram() const { return geometry.dram_channels > 0; }
    int64_t dram_bytes() const { return 2ll * geometry.dram_channels * geometry.dram_vectors() * lanes(); }
    /// B/cycle of all channels while they read, refresh and row changes counted in.
    double dram_bytes_per_cycle() const;
    /// All streams of both directions, B/cycle: the bound of weight streaming (SHIP), 18.43 TB/s for tsp-v1.
    int stream_bytes_per_cycle() const { return 2 * geometry.streams * lanes(); }
    /// Two accesses a slice, B/cycle.
    int sram_bytes_per_cycle() const { return 2 * 2 * geometry.mem_slices * lanes(); }
    isa::Floorplan floorplan() const { return {geometry, timing}; }
    /// SHA-256 of geometry and timing: what a static schedule depends on.
    std::string digest() const;
};

/// One parameter as users see it.
struct ParameterRow {
    std::string_view key;
    double low, high;
    bool whole;  ///< an integer
    std::string_view unit, mark, source, meaning;
    double (*get)(const Chip&);
    void (*set)(Chip&, double);
};
std::span<const ParameterRow> chip_parameters();
/// Rows of DRAM say nothing of a chip without it: they are left out of its digest and its reports.
bool concerns(const ParameterRow& row, const Chip& chip);

/// Names of the chips that ship (models/chips/*.json), sorted.
std::vector<std::string> chip_names();

/// Loads a chip by name or by path of a JSON file, then applies `key=value` overrides in order. UserError names file,
/// key, value, what is allowed and the nearest name.
Chip load_chip(const std::string& name_or_file, const std::vector<std::string>& overrides = {});

/// Sets one parameter; `where` heads the message of the UserError when key or value is not allowed.
void set_chip_parameter(Chip& chip, const std::string& key, double value, const std::string& where,
                        const std::string& origin);
/// UserError when parameters do not go together, which no single row can say.
void check_chip(const Chip& chip, const std::string& where);
/// "KEY=NUMBER" of --set, without a leading "chip.".
std::pair<std::string, double> parse_override(const std::string& text);

}  // namespace superlane::models
