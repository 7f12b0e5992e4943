// SPDX-License-Identifier: Apache-2.0
// Where vectors lie in SRAM: byte k of a vector in its own slice, all at the same address, so that one cycle reads it
// whole.
#pragma once
#include <array>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "compiler/task.hpp"
#include "models/chip.hpp"

namespace superlane::compiler {

/// `rows` vectors of `width` bytes a lane. Byte k of row i is the word address + i of slice slices[k].
struct VectorRegion {
    Side side = Side::West;
    int width = 1;
    std::array<int, 4> slices{};  ///< past the MEM slices: DRAM channels
    int address = 0;
    int rows = 0;
    bool constant = false;  ///< written by the host only: never a dependency
};

/// Hands out words of every slice: weights and tables from address 0 up, what programs write from the top down, so that
/// the two mostly lie in different banks.
class Memory {
public:
    /// What `beside` has handed out is taken, where it is given.
    explicit Memory(const models::Chip& chip, const Memory* beside = nullptr);

    enum class End { Bottom, Top };
    /// Vectors in hop group `group` of a side (0 is next to the VXM). UserError when the slices are full.
    VectorRegion vectors(const std::string& name, Side side, int group, int width, int rows, bool constant);
    /// The same address in all of these slices; returns it.
    int words(const std::string& name, Side side, const std::vector<int>& slices, int count, End end);

    /// The next vectors of all DRAM channels of a side at once; returns the first one's number.
    int64_t dram_vectors(Side side, int count) { return std::exchange(dram_[size_t(side)], dram_used(side) + count); }
    int64_t dram_used(Side side) const { return dram_[size_t(side)]; }

    int64_t words_used() const;
    int free_words(Side side, int slice) const {
        return top_[size_t(side)][size_t(slice)] - bottom_[size_t(side)][size_t(slice)];
    }

private:
    const models::Chip* chip_;
    std::array<int64_t, 2> dram_{};
    std::array<std::vector<int>, 2> bottom_, top_;  ///< by side and slice: first free word, one past the last free word
};

/// Whether a region lies in DRAM: its slices are those past the MEM slices, one a channel.
inline bool in_dram(const models::Chip& chip, const VectorRegion& region) {
    return region.slices[0] >= chip.geometry.mem_slices;
}

/// Bytes that the host writes before a run: `width` byte planes interleaved by lane, little-endian, row by row.
struct ImageBlock {
    Side side = Side::West;
    int slice = 0;  ///< past the MEM slices: DRAM channels
    int address = 0;
    std::vector<uint8_t> bytes;  ///< consecutive words of lanes() bytes
};
using Image = std::vector<ImageBlock>;
/// A float as a word of an image.
inline uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

/// Adds the words of one row: values[lane] in the low `width` bytes.
void put_row(Image& image, const VectorRegion& region, int row, const std::vector<uint32_t>& values);

}  // namespace superlane::compiler
