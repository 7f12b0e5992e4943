// SPDX-License-Identifier: Apache-2.0
// Size and identity of a program.
#include "isa/program.hpp"

#include "base/digest.hpp"

namespace superlane::isa {

uint64_t Program::instruction_bytes() const {
    uint64_t instructions = 0;
    for (const auto& queue : text) instructions += queue.size();
    return instructions * sizeof(Instruction);
}

std::string Program::digest() const {
    Digest digest;
    digest.text(chip).text(chip_digest);
    for (const int count : geometry.counts()) digest.number(int32_t(count));
    digest.number(uint64_t(text.size()));
    for (const auto& queue : text) {
        digest.number(uint64_t(queue.size()));
        digest.bytes(queue.data(), queue.size() * sizeof(Instruction));
    }
    digest.number(uint64_t(regions.size()));
    for (const Region& region : regions)
        digest.text(region.name)
            .number(uint8_t(region.side))
            .number(region.slice)
            .number(region.address)
            .number(region.words);
    digest.number(uint64_t(data.size()));
    for (const DataBlock& block : data) {
        digest.number(uint8_t(block.side))
            .number(block.slice)
            .number(block.address)
            .number(uint64_t(block.bytes.size()));
        digest.bytes(block.bytes.data(), block.bytes.size());
    }
    return digest.hex();
}

}  // namespace superlane::isa
