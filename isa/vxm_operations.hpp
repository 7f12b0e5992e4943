// SPDX-License-Identifier: Apache-2.0
// What each VXM operation does to one value, for every type it takes.
#pragma once
#include "isa/lane.hpp"

namespace superlane::isa::operations {

template <class T>
constexpr bool is_float = std::is_floating_point_v<T>;
/// Integers are computed modulo 2^32 unsigned: signed overflow is undefined in C++, wrapping is the machine's rule.
template <class T>
SUPERLANE_INLINE uint32_t bits(T x) {
    return uint32_t(int32_t(x));
}
/// Holds every sum, difference and product of two T.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, uint32_t>, uint64_t, int64_t>;
template <class T, class W>
SUPERLANE_INLINE T clamp(W x) {
    constexpr W low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    return T(x < low ? low : x > high ? high : x);
}
struct BitwiseNot {
    template <class T>
    SUPERLANE_INLINE static T of(T x) {
        if constexpr (std::is_same_v<T, bool>)
            return !x;
        else
            return T(~bits(x));
    }
};
struct Relu {
    template <class T>
    SUPERLANE_INLINE static T of(T x) {
        return x <= T(0) ? T(0) : x;
    }
};  // NaN stays
struct Tanh {
    SUPERLANE_INLINE static float of(float x) { return tanh_float(x); }
};
struct Exp {
    SUPERLANE_INLINE static float of(float x) { return exp_float(x); }
};
struct Rsqrt {
    SUPERLANE_INLINE static float of(float x) { return rsqrt_float(x); }
};

struct Add {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        if constexpr (is_float<T>)
            return x + y;
        else
            return T(bits(x) + bits(y));
    }
};
struct Subtract {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        if constexpr (is_float<T>)
            return x - y;
        else
            return T(bits(x) - bits(y));
    }
};
struct Multiply {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        if constexpr (is_float<T>)
            return x * y;
        else
            return T(bits(x) * bits(y));
    }
};
struct AddSaturate {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        return clamp<T>(Wide<T>(x) + Wide<T>(y));
    }
};
struct SubtractSaturate {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        if constexpr (std::is_unsigned_v<T>)
            return x < y ? T(0) : T(x - y);
        else
            return clamp<T>(Wide<T>(x) - Wide<T>(y));
    }
};
struct MultiplySaturate {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        return clamp<T>(Wide<T>(x) * Wide<T>(y));
    }
};
struct Maximum {  // a NaN on either side wins; of two zeros the second
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        const T larger = x > y ? x : y;
        if constexpr (is_float<T>)
            return x == x ? larger : x;
        else
            return larger;
    }
};
struct Minimum {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        const T smaller = x < y ? x : y;
        if constexpr (is_float<T>)
            return x == x ? smaller : x;
        else
            return smaller;
    }
};
struct BitwiseAnd {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        return T(bits(x) & bits(y));
    }
};
struct BitwiseOr {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        return T(bits(x) | bits(y));
    }
};
struct BitwiseXor {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        return T(bits(x) ^ bits(y));
    }
};
struct ShiftLeft {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        const uint32_t by = std::make_unsigned_t<T>(y);
        return by < 8 * sizeof(T) ? T(bits(x) << (by & 31u)) : T(0);
    }
};
struct ShiftRight {
    template <class T>
    SUPERLANE_INLINE static T of(T x, T y) {
        constexpr uint32_t width = 8 * sizeof(T);
        const uint32_t by = std::make_unsigned_t<T>(y);
        if constexpr (std::is_signed_v<T>)
            return T(int32_t(x) >> (by < width ? by : width - 1));  // all sign when shifted out
        else
            return by < width ? T(uint32_t(x) >> (by & 31u)) : T(0);
    }
};
struct Equal {
    template <class T>
    SUPERLANE_INLINE static bool of(T x, T y) {
        return x == y;
    }
};
struct Less {
    template <class T>
    SUPERLANE_INLINE static bool of(T x, T y) {
        return x < y;
    }
};
struct LessEqual {
    template <class T>
    SUPERLANE_INLINE static bool of(T x, T y) {
        return x <= y;
    }
};

// Moves and signs work on bits: a NaN passes as it is.
template <DType type>
using Raw = std::conditional_t<type == DType::F32, Lane<DType::U32>,
                               std::conditional_t<type == DType::F16, Lane<DType::U16>, Lane<type>>>;
template <DType type>
constexpr uint32_t sign_bit = type == DType::F32 ? 0x80000000u : 0x8000u;
template <DType type>
constexpr bool is_float_type = is_float<typename Lane<type>::Value>;

struct Identity {
    template <DType type>
    SUPERLANE_INLINE static uint32_t of(uint32_t x) {
        return Raw<type>::put(Raw<type>::get(x));
    }
};
struct Negate {
    template <DType type>
    SUPERLANE_INLINE static uint32_t of(uint32_t x) {
        if constexpr (is_float_type<type>)
            return Raw<type>::put(Raw<type>::get(x ^ sign_bit<type>));
        else
            return Raw<type>::put(Raw<type>::get(0u - x));
    }
};
struct Absolute {
    template <DType type>
    SUPERLANE_INLINE static uint32_t of(uint32_t x) {
        using T = typename Raw<type>::Value;
        if constexpr (is_float_type<type>) return Raw<type>::put(Raw<type>::get(x & ~sign_bit<type>));
        const T value = Raw<type>::get(x);
        if constexpr (std::is_signed_v<T>)
            return Raw<type>::put(value < 0 ? clamp<T>(-Wide<T>(value)) : value);
        else
            return Raw<type>::put(value);
    }
};

}  // namespace superlane::isa::operations
