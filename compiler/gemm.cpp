// SPDX-License-Identifier: Apache-2.0
// A general matrix product: outputs dealt evenly over all planes, results written back on the plane's own side.
#include "compiler/gemm.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "compiler/emit.hpp"

namespace superlane::compiler {

Gemm compile_gemm(const models::Chip& chip, int m, int k, int n, bool half, const WeightRowSource& weight, const std::string& scheduler) {
    Problem problem(chip);
    Lowering lowering(problem);
    Memory memory(chip);
    if (m > chip.geometry.accumulators)
        throw user_error("gemm: M = ", m, " is more than mxm.accumulators = ", chip.geometry.accumulators, " of chip '", chip.name, "'");
    Matrix matrix{.name = "gemm weights", .half = half, .inputs = dense_lanes(k, chip.lanes())};
    matrix.tiles = deal_outputs(lowering.units(half), n, chip.lanes());

    Gemm gemm;
    gemm.rows = m;
    gemm.k_tiles = int(matrix.inputs.size());
    gemm.x_lanes = matrix.inputs;
    const int vectors = m * gemm.k_tiles;
    gemm.x_west = memory.vectors("gemm input", Side::West, 0, half ? 2 : 1, vectors, true);
    gemm.x_east = memory.vectors("gemm input", Side::East, 0, half ? 2 : 1, vectors, true);
    // Results go to the groups next to the SXM, the way out of the MXM is short.
    const int last_group = (chip.geometry.mem_slices / chip.geometry.slices_per_hop) - 1;
    for (size_t t = 0; t < matrix.tiles.size(); ++t) {
        gemm.y.push_back(memory.vectors("gemm result", matrix.tiles[t].unit.side, last_group - int(t / lowering.units(half).size()) % 2, 4, m, false));
        gemm.y_columns.push_back(matrix.tiles[t].outputs);
    }
    place_matrix(chip, memory, {std::max(0, chip.geometry.mem_slices - chip.geometry.load_streams * chip.geometry.planes)}, matrix);
    if (weight) add_matrix_image(chip, matrix, weight, gemm.weights);
    gemm.useful_weight_bytes = int64_t(n) * k * (half ? 2 : 1);

    problem.begin_operation("gemm");
    const ProductInput input{gemm.x_west, gemm.x_east, m};
    const HeldInput held = hold_input(lowering, matrix, input);
    for (size_t t = 0; t < matrix.tiles.size(); ++t) {
        const OutputTile& tile = matrix.tiles[t];
        const int slot = lowering.take_accumulators(m);
        multiply_tile(lowering, matrix, tile, input, held, slot);
        lowering.store_accumulators(tile.unit, slot, m, gemm.y[t], 0);
    }
    const Schedule schedule = compiler::schedule(problem, scheduler);
    gemm.program = emit(problem, schedule);
    gemm.cycles = scheduled_cycles(problem, schedule);
    gemm.instruction_bytes = int64_t(gemm.program.instruction_bytes());
    return gemm;
}

}  // namespace superlane::compiler
