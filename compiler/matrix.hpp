// SPDX-License-Identifier: Apache-2.0
// A weight matrix laid out for the MXM: which outputs form a tile, on which planes, where its rows lie in SRAM.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "compiler/lowering.hpp"

namespace superlane::compiler {

/// Lane of an input vector -> column of the weight matrix, -1 for a lane that carries nothing.
using LaneMap = std::vector<int>;

/// Weights of some input tiles of an output tile: those of input tile k stand (k - k_first) * rows.cycles words on.
struct WeightPiece {
    int k_first = 0, k_last = 0;
    WeightRows rows;
};

/// Outputs that are computed together, one a lane of the result: row of the weight matrix, -1 = no output (a zero row).
struct OutputTile {
    std::vector<int> outputs;
    MxmUnit unit;
    int k_first = 0, k_last = -1;  ///< input tiles it sums over; a tile may be split over units, whose sums are then added
    int vector = -1;               ///< which result vector it is (a part of), where results form a dense row
    int scale_row = -1;            ///< int8: row of the scale table of its side
    std::vector<WeightPiece> pieces;  ///< in order of input tiles; one unless memory is nearly full
};

struct Matrix {
    std::string name;
    bool half = false;               ///< fp16, else int8
    std::vector<LaneMap> inputs;     ///< one an input tile
    std::vector<OutputTile> tiles;
    int64_t bytes = 0;               ///< of SRAM taken
};

/// Lane maps of `size` elements in vectors of `lanes`: element lane + vector * lanes.
std::vector<LaneMap> dense_lanes(int size, int lanes);
/// Deals outputs evenly over the units, each share in tiles of equal width of at most `lanes`.
std::vector<OutputTile> deal_outputs(const std::vector<MxmUnit>& units, int outputs, int lanes);
/// Tiles of whole vectors (the last may be narrower), in turn over the units; vectors that do not come out even are split
/// over all units by input tiles.
std::vector<OutputTile> deal_dense(const std::vector<MxmUnit>& units, int outputs, int lanes, int k_tiles);

/// Slices that weights may lie in, nearest first allowed. Weights take the emptiest of them, farthest out first.
struct WeightPool {
    int first_slice = 0;
    int piece_words = 65536;  ///< a tile is cut into pieces of at most this many words a slice
};

/// Gives every tile its place in memory.
void place_matrix(const models::Chip& chip, Memory& memory, const WeightPool& pool, Matrix& matrix);

/// Bits of one weight (int8 or fp16) by row and column of the source matrix.
using WeightRowSource = std::function<void(int row, std::vector<uint16_t>& columns)>;
/// The words of a placed matrix.
void add_matrix_image(const models::Chip& chip, const Matrix& matrix, const WeightRowSource& source, Image& image);

/// Input vectors of a product, as they stand in memory on both sides: row m * k_tiles + k is input tile k of row m.
struct ProductInput {
    VectorRegion west, east;
    int rows = 1;        ///< m
    const VectorRegion& on(Side side) const { return side == Side::West ? west : east; }
};

/// Prepares the activations of a product: held in the planes' buffers when they fit, else streamed to each tile.
struct HeldInput {
    bool held = false;
    int slot = 0;
};
HeldInput hold_input(Lowering& lowering, const Matrix& matrix, const ProductInput& input);

/// Runs all input tiles of one output tile; result row m is left in accumulator slot + m of its unit.
void multiply_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input, const HeldInput& held, int slot);

}  // namespace superlane::compiler
