// SPDX-License-Identifier: Apache-2.0
// A 32-bit lane read and written as an element type.
#pragma once
#include <bit>
#include <concepts>
#include <limits>
#include <type_traits>

#include "base/half.hpp"
#include "isa/semantics_functions.hpp"
#include "isa/semantics_math.hpp"

namespace superlane::isa {

template <DType type>
struct Lane;

/// Reads only the low bytes, so what stands above them never matters; writes their extension.
template <std::integral T>
struct IntegerLane {
    using Value = T;
    SUPERLANE_INLINE static T get(uint32_t bits) { return T(bits); }
    SUPERLANE_INLINE static uint32_t put(T value) { return uint32_t(int32_t(value)); }
};
template <>
struct Lane<DType::I8> : IntegerLane<int8_t> {};
template <>
struct Lane<DType::I16> : IntegerLane<int16_t> {};
template <>
struct Lane<DType::I32> : IntegerLane<int32_t> {};
template <>
struct Lane<DType::U8> : IntegerLane<uint8_t> {};
template <>
struct Lane<DType::U16> : IntegerLane<uint16_t> {};
template <>
struct Lane<DType::U32> : IntegerLane<uint32_t> {};

template <>
struct Lane<DType::Bool> {
    using Value = bool;
    SUPERLANE_INLINE static bool get(uint32_t bits) { return (bits & 0xffu) != 0; }
    SUPERLANE_INLINE static uint32_t put(bool value) { return value; }
};
template <>
struct Lane<DType::F32> {
    using Value = float;
    SUPERLANE_INLINE static float get(uint32_t bits) { return std::bit_cast<float>(bits); }
    SUPERLANE_INLINE static uint32_t put(float value) {
        return value == value ? std::bit_cast<uint32_t>(value) : nan_bits;
    }
};
template <>
struct Lane<DType::F16> {
    using Value = float;
    SUPERLANE_INLINE static float get(uint32_t bits) { return half_to_float(uint16_t(bits)); }
    SUPERLANE_INLINE static uint32_t put(float value) { return value == value ? float_to_half(value) : 0x7e00u; }
};

template <DType type>
using TypeTag = std::integral_constant<DType, type>;

/// Calls body(TypeTag<type>) for the types of the set; false for any other.
template <uint16_t types, class Body>
SUPERLANE_INLINE bool by_type(DType type, const Body& body) {
    switch (type) {
#define SUPERLANE_TYPE(name)                                  \
    case DType::name:                                         \
        if constexpr ((types & type_bit(DType::name)) != 0) { \
            body(TypeTag<DType::name>());                     \
            return true;                                      \
        }                                                     \
        return false;
        SUPERLANE_TYPE(I8)
        SUPERLANE_TYPE(I16)
        SUPERLANE_TYPE(I32)
        SUPERLANE_TYPE(U8)
        SUPERLANE_TYPE(U16)
        SUPERLANE_TYPE(U32)
        SUPERLANE_TYPE(F16)
        SUPERLANE_TYPE(F32)
        SUPERLANE_TYPE(Bool)
#undef SUPERLANE_TYPE
    }
    return false;
}

}  // namespace superlane::isa
