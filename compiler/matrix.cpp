// SPDX-License-Identifier: Apache-2.0
// Placement and products of weight matrices.
#include "compiler/matrix.hpp"

#include <algorithm>
#include <climits>
#include <map>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

constexpr int weight_rows_a_cycle =
    16;  // granularity of tile widths; any is right, this one wastes no load cycle on tsp-v1

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

/// Images of one piece: by weight row of a cycle, then byte.
class PieceImage {
public:
    PieceImage(const WeightPiece& piece, size_t lanes, int experts)
        : piece_(piece),
          lanes_(lanes),
          width_(size_t(piece.rows.regions[0].width)),
          experts_(size_t(std::max(1, experts))) {
        for (const VectorRegion& region : piece.rows.regions)
            for (int byte = 0; byte < region.width; ++byte)
                blocks_.push_back({region.side, region.slices[size_t(byte)], region.address,
                                   std::vector<uint8_t>(size_t(region.rows) * lanes)});
    }
    /// What is put from now on is this expert's.
    void turn_to(int expert) { expert_ = size_t(expert); }
    /// Weight row j of the tile, from the columns of the source row.
    void put(size_t j, const std::vector<LaneMap>& inputs, const std::vector<uint16_t>& columns) {
        for (int k = piece_.k_first; k <= piece_.k_last; ++k) put(j, k, inputs[size_t(k)], columns);
    }
    void put(size_t j, int k, const LaneMap& map, const std::vector<uint16_t>& columns) {
        if (k < piece_.k_first || k > piece_.k_last) return;
        const size_t per_cycle = piece_.rows.regions.size();
        const size_t word =
            (size_t(k - piece_.k_first) * size_t(piece_.rows.cycles) + j / per_cycle) * experts_ + expert_;
        for (size_t lane = 0; lane < map.size(); ++lane)
            for (size_t byte = 0; map[lane] >= 0 && byte < width_; ++byte)
                blocks_[(j % per_cycle) * width_ + byte].bytes[word * lanes_ + lane] =
                    uint8_t(columns[size_t(map[lane])] >> (8 * byte));
    }
    void move_to(Image& image) {
        for (ImageBlock& block : blocks_) image.push_back(std::move(block));
    }

private:
    const WeightPiece& piece_;
    size_t lanes_, width_, experts_, expert_ = 0;
    std::vector<ImageBlock> blocks_;
};

}  // namespace

std::vector<LaneMap> dense_lanes(int size, int lanes) {
    std::vector<LaneMap> maps;
    for (int first = 0; first < size; first += lanes) {
        LaneMap map(size_t(lanes), -1);
        for (int lane = 0; lane < lanes && first + lane < size; ++lane) map[size_t(lane)] = first + lane;
        maps.push_back(std::move(map));
    }
    return maps;
}

std::vector<OutputTile> deal_outputs(const std::vector<MxmUnit>& units, int outputs, int lanes, int multiple) {
    std::vector<std::vector<OutputTile>> by_unit(units.size());
    const int share = (outputs + int(units.size()) - 1) / int(units.size());
    size_t most = 0;
    for (size_t u = 0; u < units.size(); ++u) {
        const int first = int(u) * share, last = std::min(outputs, first + share);
        int tiles = last <= first ? 0 : (last - first + lanes - 1) / lanes;
        if (const int more = (tiles + multiple - 1) / multiple * multiple; more * weight_rows_a_cycle <= last - first)
            tiles = more;
        // Widths in whole load cycles, wide tiles first, so that none of them waits for half a cycle's rows.
        const int cycles = (last - first + weight_rows_a_cycle - 1) / weight_rows_a_cycle;
        int begin = first;
        for (int t = 0; t < tiles; ++t) {
            OutputTile tile{.unit = units[u]};
            const int end = std::min(last, begin + (cycles / tiles + (t < cycles % tiles)) * weight_rows_a_cycle);
            for (int output = begin; output < end; ++output) tile.outputs.push_back(output);
            begin = end;
            by_unit[u].push_back(std::move(tile));
        }
        most = std::max(most, by_unit[u].size());
    }
    std::vector<OutputTile> tiles;
    for (size_t t = 0; t < most; ++t)
        for (auto& own : by_unit)
            if (t < own.size()) tiles.push_back(std::move(own[t]));
    return tiles;
}

int hosts_per_guest(int inputs, int lanes) {
    const int used = inputs % lanes, spare = lanes - used;
    if (used == 0 || inputs < lanes) return 0;
    const int hosts = (used + spare - 1) / spare;
    return hosts <= 8 ? hosts : 0;  // beyond that the gain is under a hundredth
}

void seat_guests(Matrix& matrix, int inputs, int lanes) {
    const int hosts = hosts_per_guest(inputs, lanes), last = int(matrix.inputs.size()) - 1;
    matrix.input_tiles = last + 1;
    if (hosts == 0) return;
    const int used = inputs % lanes, spare = lanes - used;
    for (int part = 0; part < hosts;
         ++part) {  // the same elements again, in the lanes that the last input tile leaves empty
        LaneMap map(size_t(lanes), -1);
        for (int i = 0; i < spare && part * spare + i < used; ++i)
            map[size_t(used + i)] = inputs - used + part * spare + i;
        matrix.inputs.push_back(std::move(map));
    }
    std::map<std::pair<int, int>, std::vector<int>> by_unit;
    for (int t = 0; t < int(matrix.tiles.size()); ++t) {
        std::vector<int>& run = by_unit[{int(matrix.tiles[size_t(t)].unit.side), matrix.tiles[size_t(t)].unit.plane}];
        run.push_back(t);
        if (int(run.size()) <= hosts) continue;
        matrix.tiles[size_t(t)].k_last = last - 1;
        for (int part = 0; part < hosts; ++part) {
            OutputTile& host = matrix.tiles[size_t(run[size_t(part)])];
            SUPERLANE_CHECK(host.outputs.size() >= matrix.tiles[size_t(t)].outputs.size(), "guest wider than its host");
            host.guest = t;
            host.guest_part = part;
        }
        run.clear();
    }
}

std::vector<OutputTile> deal_vectors(const std::vector<MxmUnit>& units, const std::vector<std::vector<int>>& vectors,
                                     int k_tiles) {
    const auto cycles = [](const std::vector<int>& outputs) {
        return (int64_t(outputs.size()) + weight_rows_a_cycle - 1) / weight_rows_a_cycle;
    };
    const int64_t count = int64_t(units.size());
    int64_t total = 0;
    for (const auto& outputs : vectors) total += cycles(outputs);
    std::vector<int64_t> loads(units.size());  // times the number of units
    std::vector<OutputTile> tiles;
    for (size_t v = 0; v < vectors.size(); ++v) {
        OutputTile tile{.outputs = vectors[v], .vector = int(v)};
        const size_t least = size_t(std::min_element(loads.begin(), loads.end()) - loads.begin());
        if (loads[least] + cycles(vectors[v]) * count <= total || k_tiles < int(units.size())) {
            tile.unit = units[least];
            tile.k_last = k_tiles - 1;
            loads[least] += cycles(vectors[v]) * count;
            tiles.push_back(std::move(tile));
            continue;
        }
        for (size_t u = 0; u < units.size(); ++u) {  // what is left over would leave units idle: split its sum
            tile.unit = units[u];
            tile.k_first = int(u) * k_tiles / int(units.size());
            tile.k_last = int(u + 1) * k_tiles / int(units.size()) - 1;
            loads[u] += cycles(vectors[v]);
            tiles.push_back(tile);
        }
    }
    return tiles;
}

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

void add_matrix_image(const models::Chip& chip, const Matrix& matrix, const WeightRowSource& source, Image& image) {
    std::vector<uint16_t> row;
    for (const OutputTile& tile : matrix.tiles) {
        std::vector<PieceImage> pieces;
        for (const WeightPiece& piece : tile.pieces) pieces.emplace_back(piece, size_t(chip.lanes()), matrix.experts);
        for (int expert = 0; expert < std::max(1, matrix.experts); ++expert) {
            for (PieceImage& piece : pieces) piece.turn_to(expert);
            for (size_t j = 0; j < tile.outputs.size(); ++j) {
                if (tile.outputs[j] < 0) continue;
                source(expert * matrix.expert_rows + tile.outputs[j], row);
                for (PieceImage& piece : pieces) piece.put(j, matrix.inputs, row);
            }
        }
        const size_t guests = tile.guest < 0 ? 0 : matrix.tiles[size_t(tile.guest)].outputs.size();
        for (size_t j = 0; j < guests; ++j) {
            source(matrix.tiles[size_t(tile.guest)].outputs[j], row);
            const LaneMap& map = matrix.inputs[size_t(matrix.input_tiles + tile.guest_part)];
            for (PieceImage& piece : pieces) piece.put(j, matrix.input_tiles - 1, map, row);
        }
        for (PieceImage& piece : pieces) piece.move_to(image);
    }
}

HeldInput hold_input(Lowering& lowering, const Matrix& matrix, const ProductInput& input) {
    const int vectors = int(matrix.inputs.size()) * input.rows;
    if (vectors > lowering.chip().geometry.activation_slots) return {};
    const int slot = lowering.take_activation_slots(vectors);
    for (const Side side : {Side::West, Side::East}) lowering.hold(input.on(side), 0, vectors, slot, matrix.half);
    return {true, slot};
}

namespace {

/// Input tile k of every row of a product.
Activations input_tile(const Matrix& matrix, const OutputTile& tile, const ProductInput& input, const HeldInput& held,
                       int k) {
    const int vectors = int(matrix.inputs.size());
    Activations activations{.count = input.rows};
    if (held.held) {
        activations.slot = held.slot + k;
        activations.slot_step = vectors;
    } else {
        activations.region = input.on(tile.unit.side);
        activations.row = input.first_row * vectors + k;
        activations.row_step = vectors;
    }
    return activations;
}

}  // namespace

void multiply_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input,
                   const HeldInput& held, int slot, int guest_slot) {
    const int vectors = int(matrix.inputs.size());
    const auto activations = [&](int k) { return input_tile(matrix, tile, input, held, k); };
    const bool is_guest = tile.k_first == 0 && tile.k_last + 1 < matrix.input_tiles && vectors > matrix.input_tiles;
    auto piece = tile.pieces.begin();
    for (int k = tile.k_first; k <= tile.k_last; ++k) {
        if (k > piece->k_last) ++piece;
        WeightRows weights = piece->rows;
        weights.first = (k - piece->k_first) * weights.cycles;
        std::vector<Pass> passes = {{activations(k), slot, k > tile.k_first || is_guest}};
        if (tile.guest >= 0 && k + 1 == matrix.input_tiles)
            passes.push_back({activations(k + 1 + tile.guest_part), guest_slot, tile.guest_part > 0});
        lowering.tile(tile.unit, weights, passes);
    }
}

void multiply_expert_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input,
                          const HeldInput& held, int slot, const ExpertMap& map) {
    std::vector<WeightRows> weights;
    std::vector<Pass> passes;
    auto piece = tile.pieces.begin();
    for (int k = tile.k_first; k <= tile.k_last; ++k) {
        if (k > piece->k_last) ++piece;
        weights.push_back(piece->rows);
        weights.back().first = (k - piece->k_first) * piece->rows.cycles;
        passes.push_back({input_tile(matrix, tile, input, held, k), slot, k > tile.k_first});
    }
    lowering.expert_tiles(tile.unit, weights, map, passes);
}

}  // namespace superlane::compiler
