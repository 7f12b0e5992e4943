// SPDX-License-Identifier: Apache-2.0
// Counts of a chip times the area and energy rows of models/chip_parameters.def.
#include "models/chip_cost.hpp"

namespace superlane::models {
namespace {

constexpr double um2_per_mm2 = 1e6;
constexpr double sram_bits_per_byte = 8 * (128 + 9) / 128.0;  // SECDED: 9 check bits for 16 bytes

int stream_positions(const Chip& chip) {
    const isa::Floorplan plan = chip.floorplan();
    return plan.east_end() - plan.west_end() + 1;
}

double planes(const Chip& chip) { return 2.0 * chip.geometry.planes; }
double mac_cells(const Chip& chip) { return planes(chip) * chip.lanes() * chip.lanes(); }

double register_bits(const Chip& chip) {
    const isa::Geometry& g = chip.geometry;
    const double streams = double(chip.stream_bytes_per_cycle()) * 8 * stream_positions(chip);
    const double buffers = planes(chip) * chip.lanes() * (8.0 * g.activation_slots + 32.0 * g.accumulators);
    const double fifos = g.links * chip.fifo_vectors * chip.lanes() * 8;
    return streams + buffers + fifos;
}

}  // namespace

double sum(const std::vector<Contributor>& contributors) {
    double total = 0;
    for (const Contributor& one : contributors) total += one.amount;
    return total;
}

std::vector<Contributor> chip_area(const Chip& chip) {
    const isa::Geometry& g = chip.geometry;
    const auto cells = [&](double count, double um2) { return chip.area_factor * count * um2 / um2_per_mm2; };
    std::vector<Contributor> area = {
        {"SRAM", cells(double(chip.sram_bytes()) * sram_bits_per_byte, chip.area_sram_um2)},
        {"MXM cells", cells(mac_cells(chip), chip.area_mac_um2)},
        {"VXM ALUs", cells(double(g.alus) * chip.lanes(), chip.area_alu_um2)},
        {"SXM", cells(2.0 * chip.lanes(), chip.area_sxm_um2)},
        {"stream registers, buffers", cells(register_bits(chip), chip.area_register_um2)},
        {"instruction queues", cells(isa::QueueMap(g).size(), chip.area_queue_um2)},
        {"links", chip.area_factor * g.links * chip.area_link_mm2},
        {"host, clocks, pads", chip.area_factor * chip.area_fixed_mm2},
    };
    if (chip.has_dram()) area.push_back({"DRAM channels", 2.0 * g.dram_channels * chip.dram_phy_mm2});
    return area;
}

double die_mm2(const Chip& chip) { return sum(chip_area(chip)); }

double dram_usd(const Chip& chip) {
    constexpr double mib_per_gib = 1024;
    return chip.geometry.dram_mib / mib_per_gib * chip.dram_usd_per_gib;
}

Activity full_cycle(const Chip& chip) {
    const isa::Geometry& g = chip.geometry;
    const double int8 = mac_cells(chip), fp16 = mac_cells(chip) / 2 / chip.timing.mxm_half_interval;
    const bool fp16_is_dearer = fp16 * chip.energy_mac_fp16_pj > int8 * chip.energy_mac_int8_pj;
    return {
        .sram_bytes = double(chip.stream_bytes_per_cycle()),
        .hop_bytes = double(chip.stream_bytes_per_cycle()) * stream_positions(chip),
        .macs_int8 = fp16_is_dearer ? 0 : int8,
        .macs_fp16 = fp16_is_dearer ? fp16 : 0,
        .alu_operations = double(g.alus) * chip.lanes(),
        .sxm_bytes = 2.0 * isa::sxm_units * chip.lanes(),
        .link_bytes = g.links * chip.c2c_wire_bytes / chip.timing.c2c_vector_interval,
        .dram_bytes = chip.has_dram() ? chip.dram_bytes_per_cycle() : 0,
    };
}

std::vector<Contributor> dynamic_energy(const Chip& chip, const Activity& activity) {
    const auto joules = [&](double count, double pj) { return chip.energy_factor * count * pj * 1e-12; };
    std::vector<Contributor> energy = {
        {"SRAM", joules(activity.sram_bytes, chip.energy_sram_pj)},
        {"streams", joules(activity.hop_bytes, chip.energy_hop_pj)},
        {"MXM",
         joules(activity.macs_int8, chip.energy_mac_int8_pj) + joules(activity.macs_fp16, chip.energy_mac_fp16_pj)},
        {"VXM", joules(activity.alu_operations, chip.energy_alu_pj)},
        {"SXM", joules(activity.sxm_bytes, chip.energy_sxm_pj)},
        {"links", joules(activity.link_bytes, chip.energy_link_pj)},
    };
    if (chip.has_dram()) energy.push_back({"DRAM", activity.dram_bytes * chip.dram_pj * 1e-12});
    return energy;
}

double static_watts(const Chip& chip) { return chip.energy_factor * chip.static_watts_per_mm2 * die_mm2(chip); }

std::vector<Contributor> chip_power(const Chip& chip) {
    std::vector<Contributor> watts = dynamic_energy(chip, full_cycle(chip));
    for (Contributor& one : watts) one.amount *= chip.clock_mhz * 1e6;
    watts.push_back({"leakage, clock tree", static_watts(chip)});
    return watts;
}

}  // namespace superlane::models
