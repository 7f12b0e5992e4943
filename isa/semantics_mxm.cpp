// SPDX-License-Identifier: Apache-2.0
// The products of the MXM: one activation vector against the weight rows of a plane.
#include <vector>

#include "base/error.hpp"
#include "base/half.hpp"
#include "isa/semantics.hpp"
#include "isa/semantics_functions.hpp"
#include "isa/semantics_math.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace superlane::isa {
namespace {

/// A scratch vector that lives as long as the thread: products are too frequent to allocate for each.
template <class T>
T* scratch(int lanes) {
    static thread_local std::vector<T> vector;
    if (vector.size() < size_t(lanes)) vector.resize(size_t(lanes));
    return vector.data();
}

using Widen = void(const uint8_t* low, const uint8_t* high, int lanes, float* out);

void widen_plain(const uint8_t* low, const uint8_t* high, int lanes, float* out) {
    for (int i = 0; i < lanes; ++i) out[i] = half_to_float(uint16_t(low[i] | high[i] << 8));
}

#if defined(__x86_64__)
__attribute__((target("avx,f16c"))) void widen_f16c(const uint8_t* low, const uint8_t* high, int lanes, float* out) {
    for (int i = 0; i < lanes; i += 16) {
        const __m128i l = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low + i));
        const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high + i));
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_unpacklo_epi8(l, h)));
        _mm256_storeu_ps(out + i + 8, _mm256_cvtph_ps(_mm_unpackhi_epi8(l, h)));
    }
}
Widen* choose_widen() { return __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx") ? widen_f16c : widen_plain; }
#else
Widen* choose_widen() { return widen_plain; }
#endif

/// Lane i goes to partial sum i mod 16; the sixteen are added in halves: 8 apart, 4, 2, 1. The product of two halves has
/// 22 bits and fits fp32, so only the double additions and the last rounding round.
SUPERLANE_CLONES float sum_of_products(const float* x, const float* w, int lanes) {
    typedef double Doubles __attribute__((vector_size(32)));
    typedef float Floats __attribute__((vector_size(16), aligned(4)));
    Doubles sum[4] = {};
    for (int i = 0; i < lanes; i += 16)
        for (int q = 0; q < 4; ++q) {
            const Floats products = *reinterpret_cast<const Floats*>(x + i + 4 * q) * *reinterpret_cast<const Floats*>(w + i + 4 * q);
            sum[q] += __builtin_convertvector(products, Doubles);
        }
    const Doubles fours = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    const float result = float((fours[0] + fours[2]) + (fours[1] + fours[3]));
    return result == result ? result : std::bit_cast<float>(nan_bits);
}

}  // namespace

SUPERLANE_CLONES void dot_int8(const int8_t* x, const int8_t* const* rows, int row_count, int lanes, int32_t* y) {
    SUPERLANE_CHECK(lanes % lanes_per_superlane == 0, lanes);
    int16_t* wide = scratch<int16_t>(lanes);
    for (int i = 0; i < lanes; ++i) wide[i] = x[i];
    for (int j = 0; j < row_count; ++j) {
        const int8_t* row = rows[j];
        int32_t sum = 0;
        for (int i = 0; i < lanes; ++i) sum += int32_t(wide[i]) * int16_t(row[i]);
        y[j] = sum;
    }
}

void dot_half(const uint8_t* x_low, const uint8_t* x_high, const uint8_t* const* low, const uint8_t* const* high, int row_count,
              int lanes, float* y) {
    static Widen* const widen = choose_widen();
    SUPERLANE_CHECK(lanes % lanes_per_superlane == 0, lanes);
    float* x = scratch<float>(2 * lanes);
    float* row = x + lanes;
    widen(x_low, x_high, lanes, x);
    for (int j = 0; j < row_count; ++j) {
        widen(low[j], high[j], lanes, row);
        y[j] = sum_of_products(x, row, lanes);
    }
}

}  // namespace superlane::isa
