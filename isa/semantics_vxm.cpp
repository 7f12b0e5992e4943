// SPDX-License-Identifier: Apache-2.0
// The operations of the VXM, one lane loop an operation and type; the loops are written so that the compiler vectorises
// them.
#include "base/error.hpp"
#include "isa/lane.hpp"
#include "isa/semantics.hpp"
#include "isa/type_sets.hpp"
#include "isa/vxm_operations.hpp"

namespace superlane::isa {

using namespace operations;

namespace {

// Loops. ivdep: `out` may be exactly `a` or `b`, which carries nothing from lane to lane.
template <class Op, DType type>
SUPERLANE_INLINE void unary(const uint32_t* a, uint32_t* out, int lanes) {
    using L = Lane<type>;
#pragma GCC ivdep
    for (int i = 0; i < lanes; ++i) out[i] = L::put(Op::of(L::get(a[i])));
}
template <class Op, DType type>
SUPERLANE_INLINE void binary(const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes) {
    using L = Lane<type>;
#pragma GCC ivdep
    for (int i = 0; i < lanes; ++i) {
        const auto result = Op::of(L::get(a[i]), L::get(b[i]));
        if constexpr (std::is_same_v<decltype(result), const bool>)
            out[i] = uint32_t(result);
        else
            out[i] = L::put(result);
    }
}

template <class Op, DType type>
SUPERLANE_INLINE void on_bits(const uint32_t* a, uint32_t* out, int lanes) {
#pragma GCC ivdep
    for (int i = 0; i < lanes; ++i) out[i] = Op::template of<type>(a[i]);
}
template <DType type>
SUPERLANE_INLINE void mask_loop(const uint32_t* a, const uint32_t* keep, uint32_t* out, int lanes) {
#pragma GCC ivdep
    for (int i = 0; i < lanes; ++i) out[i] = (keep[i] & 0xffu) != 0 ? Identity::of<type>(a[i]) : 0u;
}

[[noreturn]] void bad_type(const Instruction& instruction) {
    check_failed(__FILE__, __LINE__, "type of a VXM row", int(instruction.opcode), int(instruction.dtype));
}

}  // namespace

namespace functions {

#define ON_BITS(name, Op, types)                                                                                     \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t*, uint32_t* out,    \
                               int lanes) {                                                                          \
        const auto body = [&](auto type) __attribute__((always_inline)) { on_bits<Op, type.value>(a, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction);                                         \
    }
#define UNARY(name, Op, types)                                                                                     \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t*, uint32_t* out,  \
                               int lanes) {                                                                        \
        const auto body = [&](auto type) __attribute__((always_inline)) { unary<Op, type.value>(a, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction);                                       \
    }
#define BINARY(name, Op, types)                                                                                        \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out,    \
                               int lanes) {                                                                            \
        const auto body = [&](auto type) __attribute__((always_inline)) { binary<Op, type.value>(a, b, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction);                                           \
    }

ON_BITS(identity, Identity, ANY_TYPE)
ON_BITS(negate, Negate, ARITHMETIC)
ON_BITS(absolute, Absolute, ARITHMETIC)
UNARY(bitwise_not, BitwiseNot, BITS)
UNARY(relu, Relu, ARITHMETIC)
UNARY(tanh, Tanh, FLOATS)
UNARY(exp, Exp, FLOATS)
UNARY(rsqrt, Rsqrt, FLOATS)
BINARY(add, Add, ARITHMETIC)
BINARY(subtract, Subtract, ARITHMETIC)
BINARY(multiply, Multiply, ARITHMETIC)
BINARY(add_saturate, AddSaturate, INTEGERS)
BINARY(subtract_saturate, SubtractSaturate, INTEGERS)
BINARY(multiply_saturate, MultiplySaturate, INTEGERS)
BINARY(maximum, Maximum, ARITHMETIC)
BINARY(minimum, Minimum, ARITHMETIC)
BINARY(bitwise_and, BitwiseAnd, BITS)
BINARY(bitwise_or, BitwiseOr, BITS)
BINARY(bitwise_xor, BitwiseXor, BITS)
BINARY(shift_left, ShiftLeft, INTEGERS)
BINARY(shift_right, ShiftRight, INTEGERS)
BINARY(equal, Equal, ANY_TYPE)
BINARY(less, Less, ARITHMETIC)
BINARY(less_equal, LessEqual, ARITHMETIC)

SUPERLANE_CLONES void mask(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out,
                           int lanes) {
    const auto body = [&](auto type) __attribute__((always_inline)) { mask_loop<type.value>(a, b, out, lanes); };
    if (!by_type<ANY_TYPE>(instruction.dtype, body)) bad_type(instruction);
}

}  // namespace functions

SUPERLANE_CLONES void accumulate(DType type, AccumulateOp op, uint32_t* state, const uint32_t* x, int lanes) {
    const auto body = [&](auto tag) __attribute__((always_inline)) {
        if (op == AccumulateOp::Add)
            binary<Add, tag.value>(state, x, state, lanes);
        else if (op == AccumulateOp::Max)
            binary<Maximum, tag.value>(state, x, state, lanes);
        else
            binary<Minimum, tag.value>(state, x, state, lanes);
    };
    SUPERLANE_CHECK(by_type<ARITHMETIC>(type, body), int(type));
}

}  // namespace superlane::isa
