// SPDX-License-Identifier: Apache-2.0
// What instructions compute, as pure functions of lanes: the same bits on every machine and in every engine.
#pragma once
#include <cstdint>

#include "isa/instruction.hpp"

namespace superlane::isa {

/// One VXM element over `lanes` lanes of 32 bits. The result stands in the low bytes of `out`, the upper ones are its
/// sign or zero extension. `a`, `b` may be null when the row has no such operand; `out` may be `a` or `b`.
/// Not for Accumulate and Latch, whose state the engine keeps.
/// Floats: f16 is computed in fp32 and rounded to half; every NaN that arithmetic makes is 0x7fc00000 (half 0x7e00).
void vxm(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes);

/// Type of what an instruction puts out: bool for compares, the named type for Convert, int32 or fp32 for the MXM's
/// accumulator, else the instruction's own.
DType result_type(const Instruction& instruction);
/// Type of a source: the instruction's own, but bool for Mask's `keep` and bytes for maps.
DType source_type(const Instruction& instruction, Field field);

/// dtype_streams(type) byte planes to lanes, extended to 32 bits; bool becomes 0 or 1.
void unpack(DType type, const uint8_t* const* streams, uint32_t* out, int lanes);
/// The low bytes of lanes to dtype_streams(type) byte planes.
void pack(DType type, const uint32_t* in, uint8_t* const* streams, int lanes);

/// One step of Accumulate: state = op(state, x).
void accumulate(DType type, AccumulateOp op, uint32_t* state, const uint32_t* x, int lanes);

/// y[j] = sum over k of x[k] * rows[j][k], in int32. `lanes` is a multiple of 16.
void dot_int8(const int8_t* x, const int8_t* const* rows, int row_count, int lanes, int32_t* y);
/// The same for halves in two byte planes each: exact products, summed in double in the order that
/// docs/machine_model.md states (16 partial sums by lane modulo 16, then a fixed tree), rounded once to fp32.
void dot_half(const uint8_t* x_low, const uint8_t* x_high, const uint8_t* const* low, const uint8_t* const* high,
              int row_count, int lanes, float* y);

/// How many byte streams an SXM instruction samples as data and as map, and drives. Permute's maps are those of its
/// unit.
struct SxmShape {
    int inputs = 0, maps = 0, outputs = 0;
};
SxmShape sxm_shape(const Instruction& instruction);
/// One SXM element over whole vectors of `superlanes` * 16 bytes a stream. The map of one-stream rows is `map_low`.
/// `out` must not overlap the inputs. Not for PermuteMap, which only leaves its map in the unit.
void sxm(const Instruction& instruction, const uint8_t* const* in, const uint8_t* map_low, const uint8_t* map_high,
         uint8_t* const* out, int superlanes);

}  // namespace superlane::isa
