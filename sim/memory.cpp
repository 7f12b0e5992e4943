// SPDX-License-Identifier: Apache-2.0
// Host access to MEM slices.
#include "sim/memory.hpp"

#include <cstring>

#include "base/error.hpp"
#include "sim/prepare.hpp"

namespace superlane::sim {
namespace {

/// Where the words lie in ChipMemory::srams.
size_t place(const models::Chip& chip, isa::Side side, int slice, int address, size_t bytes) {
    const isa::Geometry& g = chip.geometry;
    const size_t words = (bytes + size_t(chip.lanes()) - 1) / size_t(chip.lanes());
    const int channel = slice - g.mem_slices;
    const int64_t there = channel < 0 ? g.words : g.dram_vectors();
    const SliceMap slices(g);
    if (slice >= 0 && channel < g.dram_channels && address >= 0 && address + int64_t(words) <= there)
        return size_t(channel < 0 ? slices.mem(side, slice) : 2 * g.mem_slices + int(side) * g.dram_channels + channel);
    if (channel >= 0 && channel < g.dram_channels)
        throw user_error("memory: ", words, " vectors at DRAM channel ", channel, ", vector ", address,
                         " are not in the channel, which has ", there);
    throw user_error("memory: ", words, " words at ", slices.name(slices.mem(side, slice)), ", address ", address,
                     " are not in the chip, whose ", chip.geometry.mem_slices, " slices a side have ",
                     chip.geometry.words, " words");
}

}  // namespace

ChipMemory::ChipMemory(const models::Chip& chip, bool functional) {
    if (!functional) return;
    for (int slice = 0; slice < 2 * chip.geometry.mem_slices; ++slice)
        srams_.emplace_back(chip.geometry.words, chip.lanes());
    for (int channel = 0; channel < 2 * chip.geometry.dram_channels; ++channel)
        srams_.emplace_back(int(chip.geometry.dram_vectors()), chip.lanes());
}

void ChipMemory::write(const models::Chip& chip, isa::Side side, int slice, int address,
                       std::span<const uint8_t> bytes) {
    const size_t number = place(chip, side, slice, address, bytes.size());
    if (srams_.empty()) return;
    Sram& sram = srams_[number];
    const size_t lanes = size_t(chip.lanes());
    for (size_t done = 0; done < bytes.size(); done += lanes)
        std::memcpy(sram.writable(address + int64_t(done / lanes)), bytes.data() + done,
                    std::min(lanes, bytes.size() - done));
}

void ChipMemory::read(const models::Chip& chip, isa::Side side, int slice, int address,
                      std::span<uint8_t> bytes) const {
    const size_t number = place(chip, side, slice, address, bytes.size());
    if (srams_.empty()) return void(std::memset(bytes.data(), 0, bytes.size()));
    const Sram& sram = srams_[number];
    const size_t lanes = size_t(chip.lanes());
    for (size_t done = 0; done < bytes.size(); done += lanes)
        std::memcpy(bytes.data() + done, sram.current(address + int64_t(done / lanes)),
                    std::min(lanes, bytes.size() - done));
}

std::span<const uint8_t> ChipMemory::view(const models::Chip& chip, isa::Side side, int slice, int address, int words) {
    const size_t bytes = size_t(std::max(words, 0)) * size_t(chip.lanes());
    const size_t number = place(chip, side, slice, address, bytes);
    if (srams_.empty()) throw user_error("a timing-only machine has no memory to view");
    if (words < 1 || address / Sram::block_words != (address + words - 1) / Sram::block_words)
        throw user_error("words ", address, " to ", address + words - 1, " do not lie together: a view is of at least one word, and "
                         "does not cross a multiple of ", Sram::block_words, "; read() copies any");
    return {srams_[number].writable(address), bytes};
}

void ChipMemory::load(const models::Chip& chip, const isa::Program& program) {
    for (const isa::DataBlock& block : program.data) {
        const size_t words = (block.bytes.size() + size_t(chip.lanes()) - 1) / size_t(chip.lanes());
        if (block.slice < chip.geometry.mem_slices && block.address + words <= size_t(chip.geometry.words))
            write(chip, block.side, block.slice, block.address, block.bytes);
    }
}

}  // namespace superlane::sim
