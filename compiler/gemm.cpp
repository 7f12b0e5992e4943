// SPDX-License-Identifier: Apache-2.0
// A general matrix product: outputs dealt evenly over all planes, results written back on the plane's own side.
#include "compiler/gemm.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/emit.hpp"

namespace superlane::compiler {

namespace {

constexpr int vectors_at_once = 16;  // activation vectors that one cycle brings, each from its own slice

int max_held(const models::Chip& chip) { return std::min(chip.geometry.activation_slots, 4 * vectors_at_once); }

/// Held input: vector v in row v / 16 of region v % 16, from the slices next to the SXM inward. Else one region a side.
void place_input(const models::Chip& chip, Memory& memory, bool half, Gemm& gemm) {
    const int vectors = gemm.rows * gemm.k_tiles, width = half ? 2 : 1;
    for (const Side side : {Side::West, Side::East}) {
        if (!gemm.held) {
            gemm.x[int(side)].push_back(memory.vectors("gemm input", side, 0, width, vectors, true));
            continue;
        }
        const int rows = (vectors + vectors_at_once - 1) / vectors_at_once;
        for (int i = 0; i < std::min(vectors, vectors_at_once); ++i) {
            VectorRegion region{side, width, {}, 0, rows, true};
            std::vector<int> slices;
            for (int byte = 0; byte < width; ++byte)
                slices.push_back(region.slices[size_t(byte)] = chip.geometry.mem_slices - (i + 1) * width + byte);
            region.address = memory.words("gemm input", side, slices, rows, Memory::End::Bottom);
            gemm.x[int(side)].push_back(region);
        }
    }
}

}  // namespace

void add_gemm_input(const Gemm& gemm, int m, const std::vector<uint16_t>& elements, Image& image) {
    for (int k = 0; k < gemm.k_tiles; ++k) {
        const LaneMap& map = gemm.x_lanes[size_t(k)];
        std::vector<uint32_t> lanes(map.size(), 0);
        for (size_t lane = 0; lane < map.size(); ++lane)
            if (map[lane] >= 0) lanes[lane] = elements[size_t(map[lane])];
        const int vector = m * gemm.k_tiles + k;
        for (const auto& regions : gemm.x)
            put_row(image, regions[gemm.held ? size_t(vector % vectors_at_once) : 0],
                    gemm.held ? vector / vectors_at_once : vector, lanes);
    }
}

Gemm compile_gemm(const models::Chip& chip, int m, int k, int n, bool half, const WeightRowSource& weight,
                  const std::string& scheduler) {
    Problem problem(chip);
    Lowering lowering(problem);
    Memory memory(chip);
    Matrix matrix{.name = "gemm weights", .half = half, .inputs = dense_lanes(k, chip.lanes())};
    const int hosts = hosts_per_guest(k, chip.lanes());
    const bool guests = hosts > 0 && m * (int(matrix.inputs.size()) + hosts) <= max_held(chip);
    matrix.tiles = deal_outputs(mxm_units(chip.geometry, half), n, chip.lanes(), guests ? hosts + 1 : 1);
    if (guests) seat_guests(matrix, k, chip.lanes());

    Gemm gemm;
    gemm.rows = m;
    gemm.k_tiles = int(matrix.inputs.size());
    gemm.x_lanes = matrix.inputs;
    gemm.held = m * gemm.k_tiles <= max_held(chip);
    place_input(chip, memory, half, gemm);
    // Results go to the groups next to the SXM: the way out of the MXM is short.
    const int last_group = (chip.geometry.mem_slices / chip.geometry.slices_per_hop) - 1;
    const size_t units = mxm_units(chip.geometry, half).size();
    for (size_t t = 0; t < matrix.tiles.size(); ++t) {
        gemm.y.push_back(
            memory.vectors("gemm result", matrix.tiles[t].unit.side, last_group - int(t / units) % 2, 4, m, false));
        gemm.y_columns.push_back(matrix.tiles[t].outputs);
    }
    place_matrix(chip, memory,
                 {std::max(0, chip.geometry.mem_slices - chip.geometry.load_streams * chip.geometry.planes)}, matrix);
    if (weight) add_matrix_image(chip, matrix, weight, gemm.weights);
    gemm.useful_weight_bytes = int64_t(n) * k * (half ? 2 : 1);

    problem.begin_operation("gemm");
    const int slot = gemm.held ? lowering.take_activation_slots(m * gemm.k_tiles) : 0;
    for (int first = 0; gemm.held && first < m * gemm.k_tiles; first += vectors_at_once)
        for (auto& regions : gemm.x) {
            const size_t count = std::min(size_t(vectors_at_once), size_t(m * gemm.k_tiles - first));
            lowering.hold_at_once({regions.begin(), regions.begin() + std::ptrdiff_t(count)}, first / vectors_at_once,
                                  slot + first, half);
        }
    // Half the accumulators at a time: one block of rows leaves while the next is computed.
    const int block = std::max(1, chip.geometry.accumulators / 2);
    for (int first = 0; first < m; first += block) {
        const ProductInput input{gemm.x[0][0], gemm.x[1][0], std::min(block, m - first), first};
        std::vector<int> slots(matrix.tiles.size(), -1);
        for (size_t t = 0; t < matrix.tiles.size(); ++t) {
            const OutputTile& tile = matrix.tiles[t];
            for (const int own : {int(t), tile.guest})  // a guest's sum begins with its first host
                if (own >= 0 && slots[size_t(own)] < 0) slots[size_t(own)] = lowering.take_accumulators(input.rows);
            multiply_tile(lowering, matrix, tile, input, {gemm.held, slot + first * gemm.k_tiles}, slots[t],
                          tile.guest < 0 ? 0 : slots[size_t(tile.guest)]);
            lowering.store_accumulators(tile.unit, slots[t], input.rows, gemm.y[t], first);
        }
    }
    const Schedule schedule = compiler::schedule(problem, scheduler);
    gemm.program = emit(problem, schedule);
    gemm.cycles = scheduled_cycles(problem, schedule);
    gemm.instruction_bytes = int64_t(gemm.program.instruction_bytes());
    return gemm;
}

}  // namespace superlane::compiler
