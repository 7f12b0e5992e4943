// SPDX-License-Identifier: Apache-2.0
// The movements of the SXM: between lanes, inside superlanes, between streams.
#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "isa/semantics.hpp"
#include "isa/semantics_functions.hpp"

namespace superlane::isa {

SxmShape sxm_shape(const Instruction& instruction) {
    const int streams = dtype_streams(instruction.dtype);
    const int index = instruction.index;
    switch (instruction.opcode) {
        case Opcode::Shift:
            return {streams, 0, streams};
        case Opcode::Select:
            return {2, 1, 1};
        case Opcode::PermuteMap:
            return {0, 2, 0};
        case Opcode::Permute:
            return {streams, 2, streams};
        case Opcode::Distribute:
            return {streams, 1, streams};
        case Opcode::Broadcast:
            return {streams, 0, streams};
        case Opcode::Rotate:
            return {index, 0, index * index};
        case Opcode::Transpose:
            return {16 * streams, 0, 16 * streams};
        default:
            break;
    }
    check_failed(__FILE__, __LINE__, "an SXM instruction", int(instruction.opcode));
}

namespace functions {
namespace {

/// Lane i of every output stream = lane source(i) of its input stream; a negative source gives 0.
template <class Source>
SUPERLANE_INLINE void move_lanes(const Instruction& instruction, const SxmArguments& with, const Source& source) {
    const int streams = dtype_streams(instruction.dtype);
    for (int lane = 0; lane < with.lanes(); ++lane) {
        const int from = source(lane);
        for (int k = 0; k < streams; ++k) with.out[k][lane] = from < 0 ? uint8_t(0) : with.in[k][from];
    }
}

}  // namespace

void shift(const Instruction& instruction, const SxmArguments& with) {
    const int lanes = with.lanes(), by = int16_t(instruction.index);
    const bool wrap = instruction.mode != 0;
    move_lanes(instruction, with, [&](int lane) {
        const int from = lane - by;
        if (wrap) return (from % lanes + lanes) % lanes;
        return from < lanes ? from : -1;
    });
}

void select(const Instruction&, const SxmArguments& with) {
    for (int lane = 0; lane < with.lanes(); ++lane) with.out[0][lane] = with.in[with.map_low[lane] != 0][lane];
}

/// A map entry past the last lane gives 0: a map made for a longer vector must not read another's memory.
void permute(const Instruction& instruction, const SxmArguments& with) {
    const int lanes = with.lanes();
    move_lanes(instruction, with, [&](int lane) {
        const int from = with.map_low[lane] | with.map_high[lane] << 8;
        return from < lanes ? from : -1;
    });
}

void distribute(const Instruction& instruction, const SxmArguments& with) {
    move_lanes(instruction, with, [&](int lane) {
        const int entry = with.map_low[lane];
        return entry >= 128 ? -1 : (lane & ~15) + (entry & 15);
    });
}

void broadcast(const Instruction& instruction, const SxmArguments& with) {
    move_lanes(instruction, with, [&](int lane) { return (lane & ~15) + (instruction.index & 15); });
}

/// out[r*n + c], group of n lanes from g: lane g + i gets lane g + (i + r) mod n. Lanes that fill no group stay.
void rotate(const Instruction& instruction, const SxmArguments& with) {
    const int n = instruction.index;
    const int grouped = lanes_per_superlane / std::max(n, 1) * n;
    for (int r = 0; r < n; ++r)
        for (int c = 0; c < n; ++c)
            for (int lane = 0; lane < with.lanes(); ++lane) {
                const int in_superlane = lane & 15, in_group = in_superlane % n;
                const int from = in_superlane < grouped ? lane - in_group + (in_group + r) % n : lane;
                with.out[r * n + c][lane] = with.in[c][from];
            }
}

void transpose(const Instruction& instruction, const SxmArguments& with) {
    const int bytes = dtype_streams(instruction.dtype);
    for (int superlane = 0; superlane < with.superlanes; ++superlane)
        for (int i = 0; i < 16; ++i)
            for (int j = 0; j < 16; ++j)
                for (int k = 0; k < bytes; ++k)
                    with.out[i * bytes + k][superlane * 16 + j] = with.in[j * bytes + k][superlane * 16 + i];
}

}  // namespace functions
}  // namespace superlane::isa
