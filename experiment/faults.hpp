// SPDX-License-Identifier: Apache-2.0
// Injected faults as a person writes them: of SRAM, CYCLE:SLICE:ADDRESS:SUPERLANE:BIT[,BIT]; of links,
// STEP:CHIP:LINK:N.
#pragma once
#include <string>
#include <vector>

#include "models/chip.hpp"
#include "sim/machine.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {

/// "120:mem.e.3:0x10:5:7" flips bit 7 of the 16-byte word of superlane 5 at address 0x10 of east slice 3 at cycle 120;
/// bits 0-127 are data, 128-136 check bits. UserError names what is wrong and what is allowed.
sim::Fault parse_fault(const std::string& text, const models::Chip& chip);
std::vector<sim::Fault> parse_faults(const std::vector<std::string>& texts, const models::Chip& chip);

/// An uncorrectable error on a link in one decode step of many.
struct StepLinkError {
    int step = 0;
    sim::LinkError at;
    std::string text;  ///< as it was written
};
/// "2:5:0:17": in decode step 2 (from 0 on), the vector 17 (from 0 on) that chip 5 sends on its link 0.
StepLinkError parse_link_error(const std::string& text, int steps, const models::Chip& chip);

}  // namespace superlane::experiment
