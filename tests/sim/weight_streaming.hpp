// SPDX-License-Identifier: Apache-2.0
// The workload of the benchmark, as a program of any length: 64 weight vectors a cycle into four planes.
#pragma once
#include <cstdlib>

#include "tests/sim/program_builder.hpp"

namespace superlane::test {

inline constexpr int streaming_start = 64;   ///< cycle of the first LW
inline constexpr int streaming_period = 22;  ///< cycles from tile to tile
inline constexpr int streaming_group = 4;    ///< tiles that one result sums
inline constexpr int streaming_tiles = 350;  ///< tiles a plane has room for; then the first again

/// Per plane and tile: a burst of 20 on each of 16 streams, then one activation on the first of them, install, product. The
/// accumulator sums `group` tiles; each sum is written back to four slices.
inline ProgramBuilder weight_streaming_builder(const models::Chip& chip, int tiles_per_plane) {
    constexpr int period = streaming_period, group = streaming_group;
    ProgramBuilder program(chip);
    const isa::Floorplan plan = chip.floorplan();
    const isa::Timing& t = chip.timing;
    const int in_flight = t.mxm_activation_in + t.mxm_multiply;
    for (const Side side : {west, east}) {
        const auto leave = [&](int64_t cycle, int slice) { return cycle - std::abs(plan.mxm_in(side) - plan.mem(side, slice)) - t.mem_read; };
        for (int plane = 0; plane < 2; ++plane)
            for (int tile = 0; tile < tiles_per_plane; ++tile) {
                const int64_t load = streaming_start + int64_t(tile) * period;  // first LW
                for (int k = 0; k < 16; ++k) {
                    const int slice = plane * 16 + k;
                    program.at(leave(load, slice), program.mem(side, slice), read(tile % streaming_tiles * 20, isa::stream(side, slice)), 20, 1, 1);
                }
                program.at(load, program.weights(side, plane), lw(isa::stream(side, plane * 16), 16), 20);
                const int64_t enter = load + 20 + period;  // in the gap of the next tile's weights
                program.at(load + 21, program.activations(side, plane), iw());
                const int slice = 40 + plane;
                program.at(leave(enter, slice), program.mem(side, slice), read(tile, isa::stream(side, plane * 16)));
                program.at(enter, program.activations(side, plane), abc(isa::stream(side, plane * 16)));
                const int64_t sum = enter + in_flight;
                program.at(sum, program.accumulate(side, plane), tile % group == 0 ? acc_set(0) : acc_add(0));
                if (tile % group != group - 1) continue;
                const Side inward = isa::opposite(side);
                program.at(sum + 1, program.accumulate(side, plane), emit(0, isa::stream(inward, plane * 4)));
                for (int k = 0; k < 4; ++k) {
                    const int to = 32 + plane * 4 + k;
                    const int64_t cycle = sum + 1 + t.mxm_accumulate_out + std::abs(plan.mxm_out(side) - plan.mem(side, to));
                    program.at(cycle, program.mem(side, to), write(4096 + tile / group, isa::stream(inward, plane * 4 + k)));
                }
            }
    }
    return program;
}
inline isa::Program weight_streaming(const models::Chip& chip, int tiles_per_plane) { return weight_streaming_builder(chip, tiles_per_plane).build(); }

}  // namespace superlane::test
