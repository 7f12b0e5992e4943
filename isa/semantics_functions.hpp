// SPDX-License-Identifier: Apache-2.0
// The names of the `semantics` column of instructions.def: a row whose name is not here does not compile.
#pragma once
#include <cstdint>

#include "isa/instruction.hpp"

// One body, compiled for plain x86-64 and for AVX2, chosen when the program loads. Not under sanitizers (their runtime
// is not up yet when the choice is made) nor clang. The order of operations is the same in every clone, so are the
// bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SUPERLANE_CLONES __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define SUPERLANE_CLONES
#endif
#define SUPERLANE_INLINE [[gnu::always_inline]] inline

namespace superlane::isa {

using VxmFunction = void(const Instruction&, const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes);

struct SxmArguments {
    const uint8_t* const* in;
    const uint8_t *map_low, *map_high;
    uint8_t* const* out;
    int superlanes;
    int lanes() const { return superlanes * lanes_per_superlane; }
};
using SxmFunction = void(const Instruction&, const SxmArguments&);

/// Who gives a row its meaning where no pure function of lanes can: the slice that keeps the state.
enum class Keeper : uint8_t { None, Mem, Alu, Mxm, Sxm, Icu, C2c, Dram };

namespace functions {

VxmFunction identity, negate, absolute, bitwise_not, relu, tanh, exp, rsqrt, add, subtract, multiply, add_saturate,
    subtract_saturate, multiply_saturate, maximum, minimum, bitwise_and, bitwise_or, bitwise_xor, shift_left,
    shift_right, equal, less, less_equal, mask, convert;
SxmFunction shift, select, permute, distribute, broadcast, rotate, transpose;
inline constexpr Keeper mem = Keeper::Mem, accumulate = Keeper::Alu, latch = Keeper::Alu, mxm = Keeper::Mxm,
                        permute_map = Keeper::Sxm, icu = Keeper::Icu, c2c = Keeper::C2c, dram = Keeper::Dram;

}  // namespace functions
}  // namespace superlane::isa
