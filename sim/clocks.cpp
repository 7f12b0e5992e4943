// SPDX-License-Identifier: Apache-2.0
// Drifting clocks, in whole numbers so that every machine computes the same cycles; spanning trees of aligned counters.
#include "sim/clocks.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.hpp"
#include "models/system.hpp"

namespace superlane::sim {

Clock::Clock(int64_t start, double ppm, std::span<const Alignment> alignments, int period, int64_t late)
    : start_(start + late), ppb_(std::llround(ppm * 1000)) {
    if (ppb_ == 0) return;
    pieces_.push_back({0, start_ * per_cycle});
    for (const Alignment& alignment : alignments) {
        const int64_t reached = along(pieces_.back(), alignment.begin), due = (start + alignment.resume) * per_cycle;
        int64_t resume = std::max(due, reached);
        const int64_t epoch = period * per_cycle;
        if (alignment.epoch && reached > due) resume = due + (reached - due + epoch - 1) / epoch * epoch;
        pieces_.push_back({alignment.resume, resume});
    }
}

int64_t Clock::along(const Piece& piece, int64_t cycle) const {
    constexpr int64_t million = 1'000'000;
    const int64_t run = cycle - piece.cycle, gain = run * ppb_;
    const int64_t whole = gain >= 0 ? gain / million : -((-gain + million - 1) / million);
    return (piece.picoseconds + run * per_cycle - whole) & ~int64_t{1};
}

int64_t Clock::picoseconds(int64_t cycle) const {
    if (pieces_.empty()) return (start_ + cycle) * per_cycle;
    auto next = std::upper_bound(pieces_.begin() + 1, pieces_.end(), cycle,
                                 [](int64_t c, const Piece& p) { return c < p.cycle; });
    const int64_t time = along(*std::prev(next), cycle);
    return next == pieces_.end() ? time : std::min(time, next->picoseconds);
}

int64_t Clock::search(int64_t system) const {
    const int64_t time = system * per_cycle;
    const auto next = std::upper_bound(pieces_.begin() + 1, pieces_.end(), time,
                                       [](int64_t t, const Piece& p) { return t < p.picoseconds; });
    const Piece& piece = *std::prev(next);
    const int64_t run = system - piece.picoseconds / per_cycle;
    int64_t cycle = piece.cycle + run + run * ppb_ / 1'000'000'000;
    if (next != pieces_.end()) cycle = std::min(cycle, next->cycle);
    while (this->system(cycle) < system) ++cycle;
    while (cycle > 0 && this->system(cycle - 1) >= system) --cycle;
    return cycle;
}

std::vector<double> draw_drift(int chips, double spread_ppm, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<double> drift;
    for (int chip = 0; chip < chips; ++chip)
        drift.push_back(spread_ppm * (double(random() >> 11) * 0x1p-52 - 1));  // 53 bits: [0, 2) - 1
    return drift;
}

int64_t tree_alignment_cycles(std::span<const int> latencies_by_level, int period) {
    int64_t epochs = 0;
    for (const int latency : latencies_by_level) epochs += latency / period + 1;
    return epochs * period;
}

int64_t tree_alignment_cycles(const models::System& system, int root) {
    if (root < 0 || root >= system.chips)
        throw user_error("alignment tree: root ", root, " of ", system.chips, " chips");
    std::vector<int> level(size_t(system.chips), -1);
    std::vector<int> reached{root}, latencies;
    level[size_t(root)] = 0;
    for (int depth = 0; !reached.empty(); ++depth) {
        std::vector<int> next;
        int longest = 0;
        for (const models::Cable& cable : system.cables)
            for (const int from : {0, 1}) {
                const int parent = cable.ends[size_t(from)].chip, child = cable.ends[size_t(1 - from)].chip;
                if (level[size_t(parent)] != depth || (level[size_t(child)] >= 0 && level[size_t(child)] <= depth))
                    continue;
                if (level[size_t(child)] < 0) next.push_back(child);
                level[size_t(child)] = depth + 1;
                longest = std::max({longest, cable.latency_cycles[0], cable.latency_cycles[1]});
            }
        if (!next.empty()) latencies.push_back(longest);
        reached = std::move(next);
    }
    const auto lost = std::find(level.begin(), level.end(), -1);
    if (lost != level.end())
        throw user_error("alignment tree: no cables lead from chip ", root, " to chip ", lost - level.begin());
    return tree_alignment_cycles(latencies, system.chip.timing.c2c_hac_period);
}

}  // namespace superlane::sim
