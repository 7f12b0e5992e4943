// SPDX-License-Identifier: Apache-2.0
// Single-error correction, double-error detection of SRAM words under injected faults. A corrected word is the word, so no
// data is touched: the slices with faults note their accesses, and faults are judged by them at the end of each window.
#pragma once
#include <vector>

#include "sim/log.hpp"
#include "sim/machine.hpp"

namespace superlane::sim {

class Ecc {
public:
    Ecc(const models::Chip& chip, const std::vector<Fault>& faults);

    /// Accesses of a chunk whose addresses are known: element i at cycle beat.at(i), address + i * step.
    void note(int slice, const Beat& accesses, int64_t address, int64_t step, bool write, uint32_t burst) {
        if (watched_[size_t(slice)]) accesses_.push_back({slice, accesses, address, step, write, burst});
    }
    /// Judges all accesses before `cycle`; adds hazards for uncorrectable words that were read.
    void judge(int64_t cycle, HazardLog& hazards);
    uint64_t corrected() const { return corrected_; }
    bool fatal() const { return fatal_; }

private:
    struct Access {
        int slice;
        Beat beat;
        int64_t address, step;
        bool write;
        uint32_t burst;
    };
    struct Word {  ///< one 16-byte word and its flips
        int slice, address, superlane;
        std::vector<std::pair<int64_t, int>> flips;  ///< cycle, bit
    };
    void judge(const Word& word, int64_t from, int64_t to, HazardLog& hazards);

    std::vector<bool> watched_;
    std::vector<Word> words_;
    std::vector<Access> accesses_;
    std::vector<int64_t> written_;  ///< of each word: last write so far
    int64_t judged_ = 0;
    uint64_t corrected_ = 0;
    bool fatal_ = false;
};

}  // namespace superlane::sim
