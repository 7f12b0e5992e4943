// SPDX-License-Identifier: Apache-2.0
// Placement and products of weight matrices.
#include "compiler/matrix.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"

namespace superlane::compiler {
namespace {

/// The `count` slices of a side with the most free words, farthest out first among equals; ascending.
std::vector<int> emptiest_slices(const models::Chip& chip, const Memory& memory, Side side, int first, int count) {
    std::vector<int> slices;
    for (int slice = first; slice < chip.geometry.mem_slices; ++slice) slices.push_back(slice);
    SUPERLANE_CHECK(int(slices.size()) >= count, "fewer slices than weight streams");
    std::stable_sort(slices.begin(), slices.end(), [&](int x, int y) {
        return std::pair(-memory.free_words(side, x), -x) < std::pair(-memory.free_words(side, y), -y);
    });
    slices.resize(size_t(count));
    std::sort(slices.begin(), slices.end());
    return slices;
}

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

std::vector<OutputTile> deal_outputs(const std::vector<MxmUnit>& units, int outputs, int lanes) {
    std::vector<std::vector<OutputTile>> by_unit(units.size());
    const int share = (outputs + int(units.size()) - 1) / int(units.size());
    size_t most = 0;
    for (size_t u = 0; u < units.size(); ++u) {
        const int first = int(u) * share, last = std::min(outputs, first + share);
        const int tiles = last <= first ? 0 : (last - first + lanes - 1) / lanes;
        for (int t = 0; t < tiles; ++t) {
            OutputTile tile{.unit = units[u]};
            const int begin = first + int(int64_t(last - first) * t / tiles), end = first + int(int64_t(last - first) * (t + 1) / tiles);
            for (int output = begin; output < end; ++output) tile.outputs.push_back(output);
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

std::vector<OutputTile> deal_dense(const std::vector<MxmUnit>& units, int outputs, int lanes, int k_tiles) {
    std::vector<OutputTile> tiles;
    const int total = (outputs + lanes - 1) / lanes;
    const int whole = total / int(units.size()) * int(units.size());
    for (int t = 0; t < total; ++t) {
        OutputTile tile;
        tile.vector = t;
        for (int output = t * lanes; output < std::min(outputs, (t + 1) * lanes); ++output) tile.outputs.push_back(output);
        if (t < whole || k_tiles < int(units.size())) {
            tile.unit = units[size_t(t) % units.size()];
            tile.k_last = k_tiles - 1;
            tiles.push_back(std::move(tile));
            continue;
        }
        for (size_t u = 0; u < units.size(); ++u) {  // what is left over would leave units idle: split its sum
            tile.unit = units[u];
            tile.k_first = int(u) * k_tiles / int(units.size());
            tile.k_last = int(u + 1) * k_tiles / int(units.size()) - 1;
            tiles.push_back(tile);
        }
    }
    return tiles;
}

void place_matrix(const models::Chip& chip, Memory& memory, const WeightPool& pool, Matrix& matrix) {
    const int per_cycle = chip.geometry.load_streams;
    const int width = matrix.half ? 2 : 1;
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_last < 0) tile.k_last = int(matrix.inputs.size()) - 1;
        const int rows = int(tile.outputs.size());
        SUPERLANE_CHECK(rows >= 1 && rows <= chip.lanes(), rows);
        tile.weights.rows = rows;
        tile.weights.cycles = (rows + per_cycle - 1) / per_cycle;
        const int words = tile.weights.cycles * (tile.k_last - tile.k_first + 1);
        // The plane of a side decides which of the chosen slices are its: slice order is stream order.
        const int streams = per_cycle * chip.geometry.planes;
        const std::vector<int> all = emptiest_slices(chip, memory, tile.unit.side, pool.first_slice, std::min(streams, chip.geometry.mem_slices - pool.first_slice));
        SUPERLANE_CHECK(int(all.size()) == streams, "chip has fewer MEM slices than weight streams", streams);
        const int first = tile.unit.plane * per_cycle;
        std::vector<int> slices(all.begin() + first, all.begin() + first + per_cycle * width);
        const int address = memory.words(matrix.name, tile.unit.side, slices, words, Memory::End::Bottom);
        for (int i = 0; i < per_cycle; ++i) {
            VectorRegion region{tile.unit.side, width, {}, address, words, true};
            for (int k = 0; k < width; ++k) region.slices[size_t(k)] = slices[size_t(i * width + k)];
            tile.weights.regions.push_back(region);
        }
        matrix.bytes += int64_t(words) * per_cycle * width * chip.lanes();
    }
}

void add_matrix_image(const models::Chip& chip, const Matrix& matrix, const WeightRowSource& source, Image& image) {
    const size_t lanes = size_t(chip.lanes());
    std::vector<uint16_t> row;
    for (const OutputTile& tile : matrix.tiles) {
        const size_t per_cycle = tile.weights.regions.size();
        const size_t words = size_t(tile.weights.regions[0].rows);
        std::vector<ImageBlock> blocks;  // by weight row of a cycle, then byte
        for (const VectorRegion& region : tile.weights.regions)
            for (int k = 0; k < region.width; ++k) blocks.push_back({region.side, region.slices[size_t(k)], region.address, std::vector<uint8_t>(words * lanes)});
        const size_t width = blocks.size() / per_cycle;
        for (size_t j = 0; j < tile.outputs.size(); ++j) {
            if (tile.outputs[j] < 0) continue;
            source(tile.outputs[j], row);
            for (int k = tile.k_first; k <= tile.k_last; ++k) {
                const size_t word = size_t(k - tile.k_first) * size_t(tile.weights.cycles) + j / per_cycle;
                const LaneMap& map = matrix.inputs[size_t(k)];
                for (size_t lane = 0; lane < map.size(); ++lane) {
                    if (map[lane] < 0) continue;
                    const uint16_t bits = row[size_t(map[lane])];
                    for (size_t byte = 0; byte < width; ++byte)
                        blocks[(j % per_cycle) * width + byte].bytes[word * lanes + lane] = uint8_t(bits >> (8 * byte));
                }
            }
        }
        for (ImageBlock& block : blocks) image.push_back(std::move(block));
    }
}

HeldInput hold_input(Lowering& lowering, const Matrix& matrix, const ProductInput& input) {
    const int vectors = int(matrix.inputs.size()) * input.rows;
    if (vectors > lowering.chip().geometry.activation_slots) return {};
    const int slot = lowering.take_activation_slots(vectors);
    for (const Side side : {Side::West, Side::East}) lowering.hold(input.on(side), 0, vectors, slot, matrix.half);
    return {true, slot};
}

void multiply_tile(Lowering& lowering, const Matrix& matrix, const OutputTile& tile, const ProductInput& input, const HeldInput& held, int slot) {
    const int k_tiles = int(matrix.inputs.size());
    for (int k = tile.k_first; k <= tile.k_last; ++k) {
        Activations activations{.count = input.rows};
        if (held.held) {
            activations.slot = held.slot + k;
            activations.slot_step = k_tiles;
        } else {
            activations.region = input.on(tile.unit.side);
            activations.row = k;
            activations.row_step = k_tiles;
        }
        WeightRows weights = tile.weights;
        weights.first = (k - tile.k_first) * weights.cycles;
        lowering.tile(tile.unit, weights, {activations}, slot, k > tile.k_first);
    }
}

}  // namespace superlane::compiler
