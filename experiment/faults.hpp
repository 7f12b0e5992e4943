// SPDX-License-Identifier: Apache-2.0
// Injected SRAM faults as a person writes them: CYCLE:SLICE:ADDRESS:SUPERLANE:BIT[,BIT].
#pragma once
#include <string>
#include <vector>

#include "models/chip.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {

/// "120:mem.e.3:0x10:5:7" flips bit 7 of the 16-byte word of superlane 5 at address 0x10 of east slice 3 at cycle 120;
/// bits 0-127 are data, 128-136 check bits. UserError names what is wrong and what is allowed.
sim::Fault parse_fault(const std::string& text, const models::Chip& chip);
std::vector<sim::Fault> parse_faults(const std::vector<std::string>& texts, const models::Chip& chip);

}  // namespace superlane::experiment
