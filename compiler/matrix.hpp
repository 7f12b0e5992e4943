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
    int k_first = 0,
        k_last = -1;  ///< input tiles it sums over; a tile may be split over units, whose sums are then added
    int vector = -1;  ///< which result vector it is (a part of), where results form a dense row
    int guest = -1,
        guest_part = 0;  ///< the output tile whose part of the last input tile stands in this one's spare lanes
    int scale_row = -1;  ///< int8: row of the scale table of its side
    int bias_row = -1;   ///< row of the bias table of its side, where the projection has biases
    std::vector<WeightPiece> pieces;  ///< in order of input tiles; one unless memory is nearly full
};

struct Matrix {
    std::string name;
    bool half = false;            ///< fp16, else int8
    std::vector<LaneMap> inputs;  ///< one an input tile, then those of guest parts
    int input_tiles = 0;          ///< without the guest parts; set by place_matrix when there are none
    std::vector<OutputTile> tiles;
    int experts = 0;      ///< matrices of one shape, of which a product reads one (0: an ordinary matrix): word w of a
                          ///< tile of expert e is word w * experts + e of its place
    int expert_rows = 0;  ///< rows of one of them in the source, where they stand one under the other
    int64_t bytes = 0;    ///< of SRAM taken
};

/// Lane maps of `size` elements in vectors of `lanes`: element lane + vector * lanes.
std::vector<LaneMap> dense_lanes(int size, int lanes);
/// Deals outputs evenly over the units, each share in tiles of equal width of at most `lanes`.
/// The number of tiles of a unit is a multiple of `multiple` where its share allows.
std::vector<OutputTile> deal_outputs(const std::vector<MxmUnit>& units, int outputs, int lanes, int multiple = 1);
/// One tile a result vector, each to the unit with the least load; vectors for which no unit has room left below the
/// mean load are split over all units by input tiles. OutputTile::vector is the index into `vectors`.
std::vector<OutputTile> deal_vectors(const std::vector<MxmUnit>& units, const std::vector<std::vector<int>>& vectors,
                                     int k_tiles);

/// When the last input tile fills few enough lanes, some output tiles need not load it: its weights for a guest tile
/// stand in the lanes that its hosts leave empty, and activations with the same elements in those lanes pass the hosts'
/// tiles a second time. Hosts a guest needs; 0 when a guest would not pay.
int hosts_per_guest(int inputs, int lanes);
/// Makes the last of every run of hosts + 1 tiles of a unit their guest. Tiles of a unit must not grow.
void seat_guests(Matrix& matrix, int inputs, int lanes);

/// Slices that weights may lie in, nearest first allowed. Weights take the emptiest of them, farthest out first.
struct WeightPool {
    int first_slice = 0, last_slice = 65535;
    int piece_words = 65536;  ///< a tile is cut into pieces of at most this many words a slice
};

/// Gives every tile its place in memory.
void place_matrix(const models::Chip& chip, Memory& memory, const WeightPool& pool, Matrix& matrix);
/// The same in DRAM: a tile's weight rows in turn over all channels of its side.
void place_in_dram(const models::Chip& chip, Memory& memory, Matrix& matrix);

/// Bits of one weight (int8 or fp16) by row and column of the source matrix.
using WeightRowSource = std::function<void(int row, std::vector<uint16_t>& columns)>;
/// The words of a placed matrix.
void add_matrix_image(const models::Chip& chip, const Matrix& matrix, const WeightRowSource& source, Image& image);

/// Input vectors of a product, as they stand in memory on both sides: row m * k_tiles + k is input tile k of row m.
struct ProductInput {
    VectorRegion west, east;
    int rows = 1;       ///< rows m of this product
    int first_row = 0;  ///< m of the first of them
    const VectorRegion& on(Side side) const { return side == Side::West ? west : east; }
};

/// Prepares the activations of a product: held in the planes' buffers when they fit, else streamed to each tile.
struct HeldInput {
    bool held = false;
    int slot = 0;
};
HeldInput hold_input(Lowering& lowering, const Matrix& matrix, const ProductInput& input);

/// Runs all input tiles of one output tile; result row m is left in accumulator slot + m of its unit. A host adds (its
/// first part: sets) its guest's share in guest_slot + m; a guest adds to what its hosts left in `slot`.
void multiply_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input,
                   const HeldInput& held, int slot, int guest_slot = 0);
/// The same with the weights of the expert that the map says.
void multiply_expert_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input,
                          const HeldInput& held, int slot, const ExpertMap& map);

}  // namespace superlane::compiler
