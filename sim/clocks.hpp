// SPDX-License-Identifier: Apache-2.0
// When a chip's cycles happen: its clock may drift, and re-alignments take the drift back.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace superlane::models {
struct System;
}

namespace superlane::sim {

/// A stall of a program that ends when the chip's counter agrees with the aligned one again.
struct Alignment {
    int64_t begin = 0;   ///< program cycle of its dispatch
    int64_t resume = 0;  ///< first program cycle after it; what lies between can be given up when the chip is late
    bool epoch = false;  ///< Deskew: a chip that is later still waits for the next epoch; RuntimeDeskew: stays late
    bool operator==(const Alignment&) const = default;
};

/// System cycle of every program cycle of one launch. Without drift the two differ by the start alone.
class Clock {
public:
    explicit Clock(int64_t start = 0) : start_(start) {}
    /// `ppm` > 0: this chip's clock is fast, its cycles are shorter. `period`: cycles of an epoch. `late`: the program
    /// begins so many cycles after `start`, which alignments count from.
    Clock(int64_t start, double ppm, std::span<const Alignment> alignments, int period, int64_t late = 0);

    int64_t system(int64_t cycle) const { return pieces_.empty() ? start_ + cycle : picoseconds(cycle) / per_cycle; }
    /// The first program cycle that happens at this system cycle or later.
    int64_t local(int64_t system) const { return pieces_.empty() ? system - start_ : search(system); }
    /// System time in thousandths of a cycle, even: two program cycles never share one, but in a stall that is given
    /// up.
    int64_t picoseconds(int64_t cycle) const;

    static constexpr int64_t per_cycle = 1000;

private:
    struct Piece {
        int64_t cycle, picoseconds;
    };
    int64_t search(int64_t system) const;
    int64_t along(const Piece& piece, int64_t cycle) const;

    int64_t start_ = 0;
    int64_t ppb_ = 0;
    std::vector<Piece> pieces_;  ///< none without drift
};

/// Drift of each chip, parts per million, evenly between -spread and spread; the same for a seed on every machine.
std::vector<double> draw_drift(int chips, double spread_ppm, uint64_t seed);

/// Cycles to align the counters of a spanning tree whose longest link of each level has these latencies:
/// floor(latency / period) + 1 epochs a level.
int64_t tree_alignment_cycles(std::span<const int> latencies_by_level, int period);
/// The same for the breadth-first tree of a system from `root`. UserError when the root does not reach every chip.
int64_t tree_alignment_cycles(const models::System& system, int root = 0);

}  // namespace superlane::sim
