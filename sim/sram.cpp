// SPDX-License-Identifier: Apache-2.0
// Writing SRAM rows without changing what was read from them before.
#include "sim/sram.hpp"

#include <cstring>

#include "base/error.hpp"

namespace superlane::sim {

uint8_t* Sram::writable(int64_t address) {
    SUPERLANE_CHECK(address >= 0 && address < words_, address);
    auto& block = blocks_[size_t(address) / block_words];
    if (!block) block = std::make_unique<uint8_t[]>(size_t(block_words) * size_t(lanes_));
    return block.get() + size_t(address % block_words) * size_t(lanes_);
}

bool Sram::on_its_way(int64_t address, int64_t cycle) const {
    for (const ReadNote& note : reads_) {
        if (note.beat.first >= cycle || note.beat.last() < cycle - kept_cycles_) continue;
        if (note.step == 0 ? note.address == address : (address - note.address) % note.step == 0) {
            const int64_t i = note.step == 0 ? 0 : (address - note.address) / note.step;
            if (i >= 0 && i < int64_t(note.beat.count)) return true;
        }
    }
    return false;
}

uint8_t* Sram::overwrite(int64_t address, int64_t cycle, RowHolder& holder) {
    std::erase_if(reads_, [&](const ReadNote& note) { return note.beat.last() < cycle - kept_cycles_; });
    std::erase_if(old_, [&](const Old& old) { return old.overwritten < cycle - kept_cycles_; });
    uint8_t* row = writable(address);  // a first allocation needs no care: what was read before refers to the row of zeros
    if (!pinned_.empty() && pinned_[size_t(address)]) {
        holder.detach(row);
        pinned_[size_t(address)] = 0;  // whoever held it has a copy now
    }
    if (on_its_way(address, cycle)) {
        old_.push_back({address, cycle, std::make_unique<uint8_t[]>(size_t(lanes_))});
        std::memcpy(old_.back().bytes.get(), row, size_t(lanes_));
    }
    return row;
}

}  // namespace superlane::sim
