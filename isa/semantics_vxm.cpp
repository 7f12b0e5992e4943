// SPDX-License-Identifier: Apache-2.0
// The operations of the VXM, one lane loop an operation and type; the loops are written so that the compiler vectorises them.
#include <cmath>

#include "base/error.hpp"
#include "isa/lane.hpp"
#include "isa/semantics.hpp"
#include "isa/type_sets.hpp"

namespace superlane::isa {
namespace {

template <class T>
constexpr bool is_float = std::is_floating_point_v<T>;
/// Integers are computed modulo 2^32 unsigned: signed overflow is undefined in C++, wrapping is the machine's rule.
template <class T>
SUPERLANE_INLINE uint32_t bits(T x) { return uint32_t(int32_t(x)); }
/// Holds every sum, difference and product of two T.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, uint32_t>, uint64_t, int64_t>;
template <class T, class W>
SUPERLANE_INLINE T clamp(W x) {
    constexpr W low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    return T(x < low ? low : x > high ? high : x);
}
struct BitwiseNot { template <class T> SUPERLANE_INLINE static T of(T x) { if constexpr (std::is_same_v<T, bool>) return !x; else return T(~bits(x)); } };
struct Relu { template <class T> SUPERLANE_INLINE static T of(T x) { return x <= T(0) ? T(0) : x; } };  // NaN stays
struct Tanh { SUPERLANE_INLINE static float of(float x) { return tanh_float(x); } };
struct Exp { SUPERLANE_INLINE static float of(float x) { return exp_float(x); } };
struct Rsqrt { SUPERLANE_INLINE static float of(float x) { return rsqrt_float(x); } };

struct Add { template <class T> SUPERLANE_INLINE static T of(T x, T y) { if constexpr (is_float<T>) return x + y; else return T(bits(x) + bits(y)); } };
struct Subtract { template <class T> SUPERLANE_INLINE static T of(T x, T y) { if constexpr (is_float<T>) return x - y; else return T(bits(x) - bits(y)); } };
struct Multiply { template <class T> SUPERLANE_INLINE static T of(T x, T y) { if constexpr (is_float<T>) return x * y; else return T(bits(x) * bits(y)); } };
struct AddSaturate { template <class T> SUPERLANE_INLINE static T of(T x, T y) { return clamp<T>(Wide<T>(x) + Wide<T>(y)); } };
struct SubtractSaturate {
    template <class T> SUPERLANE_INLINE static T of(T x, T y) {
        if constexpr (std::is_unsigned_v<T>) return x < y ? T(0) : T(x - y);
        else return clamp<T>(Wide<T>(x) - Wide<T>(y));
    }
};
struct MultiplySaturate { template <class T> SUPERLANE_INLINE static T of(T x, T y) { return clamp<T>(Wide<T>(x) * Wide<T>(y)); } };
struct Maximum {  // a NaN on either side wins; of two zeros the second
    template <class T> SUPERLANE_INLINE static T of(T x, T y) {
        const T larger = x > y ? x : y;
        if constexpr (is_float<T>) return x == x ? larger : x;
        else return larger;
    }
};
struct Minimum {
    template <class T> SUPERLANE_INLINE static T of(T x, T y) {
        const T smaller = x < y ? x : y;
        if constexpr (is_float<T>) return x == x ? smaller : x;
        else return smaller;
    }
};
struct BitwiseAnd { template <class T> SUPERLANE_INLINE static T of(T x, T y) { return T(bits(x) & bits(y)); } };
struct BitwiseOr { template <class T> SUPERLANE_INLINE static T of(T x, T y) { return T(bits(x) | bits(y)); } };
struct BitwiseXor { template <class T> SUPERLANE_INLINE static T of(T x, T y) { return T(bits(x) ^ bits(y)); } };
struct ShiftLeft {
    template <class T> SUPERLANE_INLINE static T of(T x, T y) {
        const uint32_t by = std::make_unsigned_t<T>(y);
        return by < 8 * sizeof(T) ? T(bits(x) << (by & 31u)) : T(0);
    }
};
struct ShiftRight {
    template <class T> SUPERLANE_INLINE static T of(T x, T y) {
        constexpr uint32_t width = 8 * sizeof(T);
        const uint32_t by = std::make_unsigned_t<T>(y);
        if constexpr (std::is_signed_v<T>) return T(int32_t(x) >> (by < width ? by : width - 1));  // all sign when shifted out
        else return by < width ? T(uint32_t(x) >> (by & 31u)) : T(0);
    }
};
struct Equal { template <class T> SUPERLANE_INLINE static bool of(T x, T y) { return x == y; } };
struct Less { template <class T> SUPERLANE_INLINE static bool of(T x, T y) { return x < y; } };
struct LessEqual { template <class T> SUPERLANE_INLINE static bool of(T x, T y) { return x <= y; } };

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
        if constexpr (std::is_same_v<decltype(result), const bool>) out[i] = uint32_t(result);
        else out[i] = L::put(result);
    }
}

// Moves and signs work on bits: a NaN passes as it is.
template <DType type>
using Raw = std::conditional_t<type == DType::F32, Lane<DType::U32>, std::conditional_t<type == DType::F16, Lane<DType::U16>, Lane<type>>>;
template <DType type>
constexpr uint32_t sign_bit = type == DType::F32 ? 0x80000000u : 0x8000u;
template <DType type>
constexpr bool is_float_type = is_float<typename Lane<type>::Value>;

struct Identity {
    template <DType type> SUPERLANE_INLINE static uint32_t of(uint32_t x) { return Raw<type>::put(Raw<type>::get(x)); }
};
struct Negate {
    template <DType type> SUPERLANE_INLINE static uint32_t of(uint32_t x) {
        if constexpr (is_float_type<type>) return Raw<type>::put(Raw<type>::get(x ^ sign_bit<type>));
        else return Raw<type>::put(Raw<type>::get(0u - x));
    }
};
struct Absolute {
    template <DType type> SUPERLANE_INLINE static uint32_t of(uint32_t x) {
        using T = typename Raw<type>::Value;
        if constexpr (is_float_type<type>) return Raw<type>::put(Raw<type>::get(x & ~sign_bit<type>));
        const T value = Raw<type>::get(x);
        if constexpr (std::is_signed_v<T>) return Raw<type>::put(value < 0 ? clamp<T>(-Wide<T>(value)) : value);
        else return Raw<type>::put(value);
    }
};
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

#define ON_BITS(name, Op, types) \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t*, uint32_t* out, int lanes) { \
        const auto body = [&](auto type) __attribute__((always_inline)) { on_bits<Op, type.value>(a, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction); \
    }
#define UNARY(name, Op, types) \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t*, uint32_t* out, int lanes) { \
        const auto body = [&](auto type) __attribute__((always_inline)) { unary<Op, type.value>(a, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction); \
    }
#define BINARY(name, Op, types) \
    SUPERLANE_CLONES void name(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes) { \
        const auto body = [&](auto type) __attribute__((always_inline)) { binary<Op, type.value>(a, b, out, lanes); }; \
        if (!by_type<types>(instruction.dtype, body)) bad_type(instruction); \
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


SUPERLANE_CLONES void mask(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes) {
    const auto body = [&](auto type) __attribute__((always_inline)) { mask_loop<type.value>(a, b, out, lanes); };
    if (!by_type<ANY_TYPE>(instruction.dtype, body)) bad_type(instruction);
}

}  // namespace functions

SUPERLANE_CLONES void accumulate(DType type, AccumulateOp op, uint32_t* state, const uint32_t* x, int lanes) {
    const auto body = [&](auto tag) __attribute__((always_inline)) {
        if (op == AccumulateOp::Add) binary<Add, tag.value>(state, x, state, lanes);
        else if (op == AccumulateOp::Max) binary<Maximum, tag.value>(state, x, state, lanes);
        else binary<Minimum, tag.value>(state, x, state, lanes);
    };
    SUPERLANE_CHECK(by_type<ARITHMETIC>(type, body), int(type));
}

}  // namespace superlane::isa
