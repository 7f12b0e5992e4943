// SPDX-License-Identifier: Apache-2.0
// The MEM slices and DRAM channels of one chip as the host reads and writes them; they stay from run to run.
#pragma once
#include <span>
#include <vector>

#include "isa/program.hpp"
#include "models/chip.hpp"
#include "sim/sram.hpp"

namespace superlane::sim {

class ChipMemory {
public:
    /// No memory at all when `functional` is false: writes go nowhere, reads give zeros.
    ChipMemory(const models::Chip& chip, bool functional);

    /// Slices past the MEM slices are the side's DRAM channels. UserError when the words are not all in the slice.
    void write(const models::Chip& chip, isa::Side side, int slice, int address, std::span<const uint8_t> bytes);
    void read(const models::Chip& chip, isa::Side side, int slice, int address, std::span<uint8_t> bytes) const;
    /// The words themselves. UserError when they are not all in one block, or there is no memory.
    std::span<const uint8_t> view(const models::Chip& chip, isa::Side side, int slice, int address, int words);
    /// A program's initial data; blocks outside the chip are left out, they are a hazard of the run.
    void load(const models::Chip& chip, const isa::Program& program);
    /// MEM slices by SliceMap, then DRAM channels, west and east; nullptr when timing only.
    std::vector<Sram>* srams() { return srams_.empty() ? nullptr : &srams_; }

private:
    std::vector<Sram> srams_;
};

}  // namespace superlane::sim
