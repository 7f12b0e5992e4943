// SPDX-License-Identifier: Apache-2.0
// Weights that stay in DRAM: where they lie, and how a tile streams from there into the MXM. Each is used once a step,
// so SRAM would hold it for nothing.
#include <algorithm>
#include <cstdlib>

#include "base/integers.hpp"
#include "compiler/matrix.hpp"

namespace superlane::compiler {

void place_in_dram(const models::Chip& chip, Memory& memory, Matrix& matrix) {
    const isa::Geometry& g = chip.geometry;
    const int width = matrix.half ? 2 : 1, per_cycle = std::min(g.dram_channels / width, g.load_streams);
    if (matrix.input_tiles == 0) matrix.input_tiles = int(matrix.inputs.size());
    for (OutputTile& tile : matrix.tiles) {
        if (tile.k_last < 0) tile.k_last = matrix.input_tiles - 1;
        const int rows = int(tile.outputs.size()), cycles = ceil_div(rows, per_cycle);
        const int vectors = cycles * (tile.k_last - tile.k_first + 1);
        const int64_t first = memory.dram_vectors(tile.unit.side, vectors);
        WeightPiece piece{tile.k_first, tile.k_last, {.cycles = cycles, .rows = rows}};
        for (int i = 0; i < per_cycle; ++i) {
            const int channel = g.mem_slices + i * width;
            piece.rows.regions.push_back(
                {tile.unit.side, width, {channel, channel + width - 1}, int(first), vectors, true});
        }
        tile.pieces = {std::move(piece)};
        matrix.bytes += int64_t(vectors) * per_cycle * width * chip.lanes();
    }
}

/// Instruction text comes from DRAM too: vectors of a side's channels for what is not yet accounted for.
int64_t Lowering::text_vectors() {
    const int64_t bytes = int64_t(chip().geometry.dram_channels) * chip().lanes();
    const int64_t vectors = (problem_.text_bytes() - text_held_) / bytes;
    text_held_ += vectors * bytes;
    return vectors;
}

void Lowering::load_from_dram(Task& task, const MxmUnit& unit, const WeightRows& weights) {
    const isa::Timing& timing = chip().timing;
    const int interval = timing.dram_vector_interval, per_cycle = int(weights.regions.size());
    const int partial = weights.rows - (weights.cycles - 1) * per_cycle;  // rows of the last cycle
    const Side direction = outward(unit.side);
    const int edge = problem_.plan().sxm_edge(unit.side), position = problem_.plan().mxm_in(unit.side);
    const int dispatch = -std::abs(position - edge) - timing.dram_latency;
    const int64_t busy = timing.dram_busy(weights.cycles + text_vectors());
    for (int i = 0; i < per_cycle; ++i)
        for (int k = 0; k < weights.regions[size_t(i)].width; ++k) {
            const VectorRegion& region = weights.regions[size_t(i)];
            const int stream = weight_stream(unit, i) + k;
            const int queue = problem_.queues().dram(unit.side, region.slices[size_t(k)] - chip().geometry.mem_slices);
            Issue read{queue, dispatch, 1, 1, 0, {isa::Opcode::DramRead}};
            read.instruction.imm = uint32_t(region.address + weights.first);
            read.instruction.index = uint16_t(weights.cycles);
            read.instruction.dst = isa::stream(direction, stream);
            task.issues.push_back(read);
            task.holds.push_back({queue, dispatch + 1, int(busy) - 1});
            task.flows.push_back({direction, stream, isa::diagonal(direction, 0, position), weights.cycles, interval,
                                  std::min(edge, position), std::max(edge, position)});
        }
    Issue load{problem_.queues().mxm(unit.side, unit.plane, isa::MxmPort::Weights), 0, 0, interval, 0, {}};
    load.instruction.opcode = isa::Opcode::LoadWeights;
    load.instruction.dtype = unit.type();
    load.instruction.a = isa::stream(direction, weight_stream(unit, 0));
    load.instruction.count = uint8_t(per_cycle);
    load.count = weights.cycles - int(partial < per_cycle);
    if (load.count > 0) task.issues.push_back(load);
    if (partial < per_cycle) {
        load.at = (weights.cycles - 1) * interval;
        load.count = 1;
        load.instruction.count = uint8_t(partial);
        task.issues.push_back(load);
    }
    occupy_pair(task, unit, isa::MxmPort::Weights, 0, (weights.cycles - 1) * interval + 1);
}

}  // namespace superlane::compiler
