// SPDX-License-Identifier: Apache-2.0
// Lanes from one element type to another, and to and from byte planes.
#include <algorithm>

#include "base/error.hpp"
#include "isa/lane.hpp"
#include "isa/semantics.hpp"
#include "isa/type_sets.hpp"

namespace superlane::isa {
namespace {

template <DType type>
constexpr bool is_float = std::is_floating_point_v<typename Lane<type>::Value>;

/// To integer: nearest even, clamped, NaN to 0. Every source value is exact in double, so each conversion rounds once.
template <DType to>
SUPERLANE_INLINE uint32_t from_double(double x) {
    using T = typename Lane<to>::Value;
    if constexpr (to == DType::Bool) {
        return x != 0.0;
    } else if constexpr (is_float<to>) {
        return Lane<to>::put(
            float(x));  // to half: only integers could round twice, and below 65520 fp32 holds them exactly
    } else {
        constexpr double low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
        double clamped = x == x ? x : 0.0;
        clamped = clamped < low ? low : clamped;
        clamped = clamped > high ? high : clamped;
        return Lane<to>::put(
            T(uint32_t(std::bit_cast<uint64_t>(clamped + 0x1.8p52))));  // low bits: the nearest integer
    }
}

template <DType from, DType to>
SUPERLANE_INLINE void convert_floats(const uint32_t* a, uint32_t* out, int lanes) {
#pragma GCC ivdep
    for (int i = 0; i < lanes; ++i) out[i] = Lane<to>::put(Lane<from>::get(a[i]));
}

/// One loop for each type in and one for each type out, not one for each pair: double holds every value of both sides.
SUPERLANE_INLINE bool convert_by_double(DType from, DType to, const uint32_t* a, uint32_t* out, int lanes) {
    constexpr int chunk = 64;
    double values[chunk];
    bool known = true;
    for (int first = 0; first < lanes && known; first += chunk, a += chunk, out += chunk) {
        const int count = std::min(chunk, lanes - first);
        known = by_type<ANY_TYPE>(
                    from,
                    [&](auto tag) __attribute__((always_inline)) {
                        for (int i = 0; i < count; ++i) values[i] = double(Lane<tag.value>::get(a[i]));
                    }) &&
                by_type<ANY_TYPE>(
                    to, [&](auto tag) __attribute__((always_inline)) {
                        for (int i = 0; i < count; ++i) out[i] = from_double<tag.value>(values[i]);
                    });
    }
    return known;
}

}  // namespace

namespace functions {

SUPERLANE_CLONES void convert(const Instruction& instruction, const uint32_t* a, const uint32_t*, uint32_t* out,
                              int lanes) {
    const DType from = instruction.dtype, to = DType(instruction.mode);
    bool known = true;
    if (from == DType::F32 && to == DType::F16)
        convert_floats<DType::F32, DType::F16>(a, out, lanes);
    else if (from == DType::F16 && to == DType::F32)
        convert_floats<DType::F16, DType::F32>(a, out, lanes);
    else
        known = convert_by_double(from, to, a, out, lanes);
    SUPERLANE_CHECK(known, int(from), int(to));
}

}  // namespace functions

SUPERLANE_CLONES void unpack(DType type, const uint8_t* const* streams, uint32_t* out, int lanes) {
    const int bytes = dtype_streams(type);
    const uint8_t* byte0 = streams[0];
    if (bytes == 1) {
        if (type == DType::I8)
            for (int i = 0; i < lanes; ++i) out[i] = uint32_t(int32_t(int8_t(byte0[i])));
        else if (type == DType::U8)
            for (int i = 0; i < lanes; ++i) out[i] = byte0[i];
        else
            for (int i = 0; i < lanes; ++i) out[i] = byte0[i] != 0;
        return;
    }
    const uint8_t* byte1 = streams[1];
    if (bytes == 2) {
        if (type == DType::I16)
            for (int i = 0; i < lanes; ++i) out[i] = uint32_t(int32_t(int16_t(byte0[i] | byte1[i] << 8)));
        else
            for (int i = 0; i < lanes; ++i) out[i] = uint32_t(byte0[i]) | uint32_t(byte1[i]) << 8;
        return;
    }
    const uint8_t *byte2 = streams[2], *byte3 = streams[3];
    for (int i = 0; i < lanes; ++i)
        out[i] = uint32_t(byte0[i]) | uint32_t(byte1[i]) << 8 | uint32_t(byte2[i]) << 16 | uint32_t(byte3[i]) << 24;
}

SUPERLANE_CLONES void pack(DType type, const uint32_t* in, uint8_t* const* streams, int lanes) {
    const int bytes = dtype_streams(type);
    for (int byte = 0; byte < bytes; ++byte) {
        uint8_t* to = streams[byte];
        for (int i = 0; i < lanes; ++i) to[i] = uint8_t(in[i] >> (8 * byte));
    }
}

}  // namespace superlane::isa
