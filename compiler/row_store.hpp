// SPDX-License-Identifier: Apache-2.0
// Where the rows of a collective lie: near the links, in turn in the west and the east and in every bank.
#pragma once
#include <string>
#include <vector>

#include "compiler/memory.hpp"

namespace superlane::compiler {

struct RowPlace {
    VectorRegion region;
    int row = 0;
};

/// Rows of `width` bytes a lane. Each takes a word in `width` neighbouring slices of one hop group.
class RowStore {
public:
    RowPlace place(int row) const;
    int rows() const { return rows_; }
    /// One row of every region, for whoever asks how far they are.
    std::vector<RowPlace> samples() const;

private:
    friend class RowShelves;
    std::vector<VectorRegion> regions_;
    int rows_ = 0, in_turn_ = 1;  ///< that many regions take rows in turn, then the next ones
};

/// Hands out groups of slices from the SXM inwards, the same ones on both sides.
class RowShelves {
public:
    RowShelves(const models::Chip& chip, int width);
    /// At least `slices` groups of slices wide; UserError with the arithmetic when nothing is left.
    RowStore take(const std::string& name, int rows, int at_least = 1);
    /// Rows that one group of slices holds on both sides, and groups not yet taken.
    int rows_per_group() const;
    int free_groups() const;

private:
    const models::Chip& chip_;
    int width_, next_ = 0;
};

}  // namespace superlane::compiler
