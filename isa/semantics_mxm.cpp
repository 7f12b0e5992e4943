// SPDX-License-Identifier: Apache-2.0
// The products of the MXM: one activation vector against the weight rows of a plane.
#include <vector>

#include "base/error.hpp"
#include "base/half.hpp"
#include "isa/semantics.hpp"
#include "isa/semantics_functions.hpp"
#include "isa/semantics_math.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace superlane::isa {
namespace {

using HalfRow = float(const float* x, const uint8_t* low, const uint8_t* high, int lanes);

/// A scratch vector that lives as long as the thread: products are too frequent to allocate for each.
template <class T>
T* scratch(int lanes) {
    static thread_local std::vector<T> vector;
    if (vector.size() < size_t(lanes)) vector.resize(size_t(lanes));
    return vector.data();
}

// Lane i goes to partial sum i mod 16; the sixteen are added in halves: 8 apart, 4, 2, 1. The product of two halves has
// 22 bits and fits fp32, so only the double additions and the last conversion round. Both versions keep this order.
float rounded(double sum) {
    const float result = float(sum);
    return result == result ? result : std::bit_cast<float>(nan_bits);
}

float half_row_plain(const float* x, const uint8_t* low, const uint8_t* high, int lanes) {
    double sum[16] = {};
    for (int i = 0; i < lanes; i += 16)
        for (int j = 0; j < 16; ++j) {
            const float weight = half_to_float(uint16_t(low[i + j] | high[i + j] << 8));
            sum[j] += double(x[i + j]) * double(weight);
        }
    for (int apart = 8; apart > 0; apart /= 2)
        for (int j = 0; j < apart; ++j) sum[j] += sum[j + apart];
    return rounded(sum[0]);
}

#if defined(__x86_64__)
/// By intrinsics: compilers do not find the half conversion, and g++ 12 widens fp32 to double poorly.
__attribute__((target("avx2,f16c"))) float half_row_avx2(const float* x, const uint8_t* low, const uint8_t* high,
                                                         int lanes) {
    __m256d sum[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};
    const auto add = [&](int first, __m256 products) __attribute__((target("avx2,f16c"), always_inline)) {
        sum[first] = _mm256_add_pd(sum[first], _mm256_cvtps_pd(_mm256_castps256_ps128(products)));
        sum[first + 1] = _mm256_add_pd(sum[first + 1], _mm256_cvtps_pd(_mm256_extractf128_ps(products, 1)));
    };
    for (int i = 0; i < lanes; i += 16) {
        const __m128i l = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low + i));
        const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high + i));
        add(0, _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_cvtph_ps(_mm_unpacklo_epi8(l, h))));
        add(2, _mm256_mul_ps(_mm256_loadu_ps(x + i + 8), _mm256_cvtph_ps(_mm_unpackhi_epi8(l, h))));
    }
    const __m256d fours = _mm256_add_pd(_mm256_add_pd(sum[0], sum[2]), _mm256_add_pd(sum[1], sum[3]));
    const __m128d twos = _mm_add_pd(_mm256_castpd256_pd128(fours), _mm256_extractf128_pd(fours, 1));
    return rounded(_mm_cvtsd_f64(twos) + _mm_cvtsd_f64(_mm_unpackhi_pd(twos, twos)));
}
#endif

HalfRow* choose_half_row() {
#if defined(__x86_64__)
    unsigned a, b, c, d;  // clang 14 knows no name for F16C
    if (__builtin_cpu_supports("avx2") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C)) return half_row_avx2;
#endif
    return half_row_plain;
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

void dot_half(const uint8_t* x_low, const uint8_t* x_high, const uint8_t* const* low, const uint8_t* const* high,
              int row_count, int lanes, float* y) {
    static HalfRow* const half_row = choose_half_row();
    SUPERLANE_CHECK(lanes % lanes_per_superlane == 0, lanes);
    float* x = scratch<float>(lanes);
    for (int i = 0; i < lanes; ++i) x[i] = half_to_float(uint16_t(x_low[i] | x_high[i] << 8));
    for (int j = 0; j < row_count; ++j) y[j] = half_row(x, low[j], high[j], lanes);
}

}  // namespace superlane::isa
