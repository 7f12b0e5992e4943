// SPDX-License-Identifier: Apache-2.0
// Moves bytes between host and simulated SRAM.
#include "experiment/memory_io.hpp"

#include "base/error.hpp"

namespace superlane::experiment {

void write_image(sim::Machine& machine, const compiler::Image& image) {
    for (const compiler::ImageBlock& block : image) machine.write(block.side, block.slice, block.address, block.bytes);
}

std::vector<uint32_t> read_row(const sim::Machine& machine, const compiler::VectorRegion& region, int row) {
    SUPERLANE_CHECK(row >= 0 && row < region.rows, row, region.rows);
    std::vector<uint8_t> bytes(size_t(machine.chip().lanes()));
    std::vector<uint32_t> values(bytes.size(), 0);
    for (int plane = 0; plane < region.width; ++plane) {
        machine.read(region.side, region.slices[size_t(plane)], region.address + row, bytes);
        for (size_t lane = 0; lane < bytes.size(); ++lane) values[lane] |= uint32_t(bytes[lane]) << (8 * plane);
    }
    return values;
}

}  // namespace superlane::experiment
