// SPDX-License-Identifier: Apache-2.0
// Rows in turn over sides and banks, so that reading one seldom meets the writing of another.
#include "compiler/row_store.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::compiler {

RowPlace RowStore::place(int row) const {
    SUPERLANE_CHECK(row >= 0 && row < rows_, row, rows_);
    int first = 0, before = 0;
    while (true) {
        const int block = regions_[size_t(first)].rows * in_turn_;
        if (row - before < block) break;
        before += block;
        first += in_turn_;
    }
    const int inside = row - before;
    return {regions_[size_t(first + inside % in_turn_)], inside / in_turn_};
}

std::vector<RowPlace> RowStore::samples() const {
    std::vector<RowPlace> places;
    for (const VectorRegion& region : regions_) places.push_back({region, 0});
    return places;
}

RowShelves::RowShelves(const models::Chip& chip, int width) : chip_(chip), width_(width) {
    if (chip.geometry.slices_per_hop < width)
        throw user_error("chip '", chip.name, "': mem.slices_per_hop = ", chip.geometry.slices_per_hop,
                         " is too small for rows of ", width, " bytes a lane");
}

int RowShelves::rows_per_group() const {
    // The bank that holds instruction text sets the measure for all of them.
    const isa::Geometry& g = chip_.geometry;
    const int fullest = chip_.data_words() - (g.banks - 1) * g.words_per_bank();
    return 2 * g.banks * std::max(1, fullest);
}

int RowShelves::free_groups() const {
    const isa::Geometry& g = chip_.geometry;
    return g.mem_slices / g.slices_per_hop * (g.slices_per_hop / width_) - next_;
}

RowStore RowShelves::take(const std::string& name, int rows, int at_least) {
    const isa::Geometry& g = chip_.geometry;
    const int in_group = g.slices_per_hop / width_;
    RowStore store;
    store.rows_ = rows;
    const int per_group = rows_per_group();
    const int groups = std::max(at_least, (rows + per_group - 1) / per_group);
    if (groups > free_groups())
        throw user_error(name, " does not fit: ", rows, " rows of ", int64_t(width_) * chip_.lanes(), " B want ",
                         groups, " of ", free_groups(), " free groups of ", width_, " slices, ", per_group,
                         " rows each; chip '", chip_.name, "' has ", chip_.sram_bytes(), " B of SRAM");
    const bool spread = at_least > 1;  // rows in turn over all groups, otherwise group after group
    store.in_turn_ = 2 * g.banks * (spread ? groups : 1);
    const int share = spread ? (rows + store.in_turn_ - 1) / store.in_turn_ : per_group / store.in_turn_;
    for (int i = 0; i < groups; ++i, ++next_) {
        const int group = g.mem_slices / g.slices_per_hop - 1 - next_ / in_group;
        const int slice = group * g.slices_per_hop + next_ % in_group * width_;
        for (int bank = 0; bank < g.banks; ++bank)
            for (const Side side : {Side::West, Side::East}) {
                VectorRegion region{side, width_, {}, bank * g.words_per_bank(), std::max(1, share), false};
                for (int k = 0; k < width_; ++k) region.slices[size_t(k)] = slice + k;
                store.regions_.push_back(region);
            }
    }
    return store;
}

}  // namespace superlane::compiler
