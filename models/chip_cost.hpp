// SPDX-License-Identifier: Apache-2.0
// Area, power and energy of a chip from its parameters; docs/cost.md has the formulas.
#pragma once
#include <string_view>
#include <vector>

#include "models/chip.hpp"

namespace superlane::models {

/// A share of a sum, in the unit of the sum.
struct Contributor {
    std::string_view name;
    double amount = 0;
};
double sum(const std::vector<Contributor>& contributors);

/// mm2 by what it is for.
std::vector<Contributor> chip_area(const Chip& chip);
double die_mm2(const Chip& chip);
/// Of the devices beside the chip.
double dram_usd(const Chip& chip);

/// What a chip does, counted: the events that cost energy.
struct Activity {
    double sram_bytes = 0;  ///< read and written
    double hop_bytes = 0;   ///< bytes times stream registers that held them
    double macs_int8 = 0, macs_fp16 = 0;
    double alu_operations = 0;  ///< of single lanes
    double sxm_bytes = 0;
    double link_bytes = 0;  ///< sent, on the wire
    double dram_bytes = 0;
};
/// A cycle in which every unit works: streams full from end to end and fed by SRAM, planes in the dearer of int8 and
/// fp16.
Activity full_cycle(const Chip& chip);
/// J by kind of event.
std::vector<Contributor> dynamic_energy(const Chip& chip, const Activity& activity);
double static_watts(const Chip& chip);
/// W of every unit at full rate, static power last.
std::vector<Contributor> chip_power(const Chip& chip);

}  // namespace superlane::models
