// SPDX-License-Identifier: Apache-2.0
// The SRAM of one MEM slice: allocated by blocks; rows are read by reference, and a row that is overwritten while values
// read from it are still on their way keeps its old contents for them.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/beat.hpp"

namespace superlane::sim {

/// Told when a row is about to change whose address a plane may hold.
class RowHolder {
public:
    virtual ~RowHolder() = default;
    /// Copies the row wherever it is held.
    virtual void detach(const uint8_t* row) = 0;
};

class Sram {
public:
    static constexpr int block_words = 64;

    Sram(int words, int lanes) : words_(words), lanes_(lanes), blocks_(size_t(words + block_words - 1) / block_words), zero_(size_t(lanes)) {}

    int words() const { return words_; }
    /// The row as it is now; zeros where nothing was ever written or no such word exists.
    const uint8_t* current(int64_t address) const {
        if (address < 0 || address >= words_) return zero_.data();
        const uint8_t* block = blocks_[size_t(address) / block_words].get();
        return block ? block + size_t(address) % block_words * size_t(lanes_) : zero_.data();
    }
    /// The row as a Read at `cycle` saw it.
    const uint8_t* row(int64_t address, int64_t cycle) const {
        for (const Old& old : old_)
            if (old.address == address && old.overwritten > cycle) return old.bytes.get();
        return current(address);
    }
    bool is_current(const uint8_t* row, int64_t address) const { return row == current(address); }
    /// No row on its way was overwritten lately: every row() is current().
    bool calm() const { return old_.empty(); }
    uint8_t* writable(int64_t address);

    /// A run starts: nothing is on its way and no plane holds a row.
    void start_run(int64_t kept_cycles) {
        old_.clear();
        reads_.clear();
        pinned_.clear();
        kept_cycles_ = kept_cycles;
    }
    /// Values read from these rows will travel until kept_cycles after their read.
    void note_read(const Beat& beat, int64_t address, int64_t step) { reads_.push_back({beat, address, step}); }
    /// A plane holds the address of this row.
    void pin(int64_t address) {
        if (address < 0 || address >= words_) return;
        if (pinned_.empty()) pinned_.resize(size_t(words_));
        pinned_[size_t(address)] = 1;
    }
    /// A write access at `cycle`: returns the row to be changed, after its old contents are safe.
    uint8_t* overwrite(int64_t address, int64_t cycle, RowHolder& holder);

private:
    struct Old {
        int64_t address, overwritten;
        std::unique_ptr<uint8_t[]> bytes;
    };
    struct ReadNote {
        Beat beat;
        int64_t address, step;
    };
    bool on_its_way(int64_t address, int64_t cycle) const;

    int words_, lanes_;
    std::vector<std::unique_ptr<uint8_t[]>> blocks_;
    std::vector<uint8_t> zero_;
    std::vector<Old> old_;  ///< by cycle of the overwriting
    std::vector<ReadNote> reads_;
    std::vector<uint8_t> pinned_;  ///< a flag a row
    int64_t kept_cycles_ = 0;
};

}  // namespace superlane::sim
