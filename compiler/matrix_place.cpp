// SPDX-License-Identifier: Apache-2.0
// Which slices the weights of a matrix lie in.
#include <algorithm>
#include <climits>

#include "base/error.hpp"
#include "compiler/matrix.hpp"

namespace superlane::compiler {
namespace {

/// Slices for tiles of one unit, each with the words that are free in it (fp16: in it and the next, which serve at
/// once).
class SliceChoice {
public:
    SliceChoice(const models::Chip& chip, const Memory& memory, const MxmUnit& unit, const WeightPool& pool)
        : chip_(chip), memory_(memory), unit_(unit), pool_(pool) {}

    /// Planes take every planes-th slice, so that tiles of different planes never meet in one; when those are full,
    /// any. Of these the ones with the most free words, farthest out first among equals; ascending.
    std::vector<int> take(int count, int words) const {
        const int planes = chip_.geometry.planes;
        std::vector<int> own = fullest_last(count, [&](int slice) { return slice % planes == unit_.plane; });
        if (least_free(own) >= words || unit_.half) return own;
        return fullest_last(count, [](int) { return true; });
    }
    int least_free(const std::vector<int>& slices) const {
        int least = INT_MAX;
        for (const int slice : slices) least = std::min(least, free(slice));
        return least;
    }

private:
    int free(int slice) const {
        const int here = memory_.free_words(unit_.side, slice);
        return unit_.half ? std::min(here, memory_.free_words(unit_.side, slice + 1)) : here;
    }
    template <class Allowed>
    std::vector<int> fullest_last(int count, Allowed allowed) const {
        std::vector<int> slices;
        const int end = std::min(chip_.geometry.mem_slices, pool_.last_slice + 1);
        for (int slice = pool_.first_slice; slice + int(unit_.half) < end; ++slice)
            if (allowed(slice)) slices.push_back(slice);
        SUPERLANE_CHECK(int(slices.size()) >= count, "fewer MEM slices than weight streams", slices.size());
        std::stable_sort(slices.begin(), slices.end(),
                         [&](int x, int y) { return std::pair(-free(x), -x) < std::pair(-free(y), -y); });
        slices.resize(size_t(count));
        std::sort(slices.begin(), slices.end());
        return slices;
    }

    const models::Chip& chip_;
    const Memory& memory_;
    const MxmUnit& unit_;
    const WeightPool& pool_;
};

}  // namespace

void place_matrix(const models::Chip& chip, Memory& memory, const WeightPool& pool, Matrix& matrix) {
    const int per_cycle = chip.geometry.load_streams;
    const int width = matrix.half ? 2 : 1, experts = std::max(1, matrix.experts);
    if (matrix.input_tiles == 0) matrix.input_tiles = int(matrix.inputs.size());
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_last < 0) tile.k_last = matrix.input_tiles - 1;
        const int rows = int(tile.outputs.size());
        SUPERLANE_CHECK(rows >= 1 && rows <= chip.lanes(), rows);
        const int cycles = (rows + per_cycle - 1) / per_cycle;
        const SliceChoice choice(chip, memory, tile.unit, pool);
        for (int k = tile.k_first; k <= tile.k_last;) {
            int count = std::min(std::max(1, pool.piece_words / (cycles * experts)), tile.k_last - k + 1);
            std::vector<int> slices = choice.take(per_cycle, cycles * count * experts);
            while (count > 1 &&
                   choice.least_free(slices) < cycles * count * experts) {  // what is free is in small pieces
                count = (count + 1) / 2;
                slices = choice.take(per_cycle, cycles * count * experts);
            }
            WeightPiece piece{k, k + count - 1, {.cycles = cycles, .rows = rows}};
            const int words = cycles * count * experts;
            for (const int slice : slices) {  // each slice at its own next free word
                VectorRegion region{tile.unit.side, width, {slice, slice + width - 1}, 0, words, true};
                const std::vector<int> own(region.slices.begin(), region.slices.begin() + width);
                region.address = memory.words(matrix.name, tile.unit.side, own, words, Memory::End::Bottom);
                piece.rows.regions.push_back(region);
            }
            tile.pieces.push_back(std::move(piece));
            matrix.bytes += int64_t(words) * per_cycle * width * chip.lanes();
            k += count;
        }
    }
}

}  // namespace superlane::compiler
