// SPDX-License-Identifier: Apache-2.0
// exp, tanh and 1/sqrt of fp32 in plain double arithmetic: no libm, so the bits do not depend on whose libm it is.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace superlane::isa {

constexpr uint32_t nan_bits = 0x7fc00000u;  // the one NaN that arithmetic makes

/// e^x - 1 = scale * (1 + tail) - 1 with scale = 2^k and |r| = |x - k ln 2| <= ln 2 / 2. |x| must be below 700.
struct Exponential {
    double scale, tail;
};

[[gnu::always_inline]] inline Exponential exponential(double x) {
    constexpr double round_to_integer = 0x1.8p52;  // adding it leaves round(x) in the low bits
    constexpr double ln2_high = 0x1.62e42feep-1;   // 33 bits: k * ln2_high is exact
    constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    const double shifted = x * 0x1.71547652b82fep0 + round_to_integer;
    const double k = shifted - round_to_integer;
    const double r = (x - k * ln2_high) - k * ln2_low;
    double p = 1.0 / 6227020800.0;  // Taylor to r^13: the remainder is below 2^-57
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    const uint64_t exponent = (std::bit_cast<uint64_t>(shifted) + 1023) << 52;
    return {std::bit_cast<double>(exponent), p * r};
}

[[gnu::always_inline]] inline float exp_float(float x) {
    double clamped = x;
    clamped = clamped < -104.0 ? -104.0 : clamped;  // e^-104 rounds to 0, e^89 to infinity
    clamped = clamped > 89.0 ? 89.0 : clamped;
    const Exponential e = exponential(clamped);
    const float result = float(e.scale + e.scale * e.tail);
    return x == x ? result : x;
}

[[gnu::always_inline]] inline float tanh_float(float x) {
    const uint32_t sign = std::bit_cast<uint32_t>(x) & 0x80000000u;
    double twice = 2.0 * double(std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0x7fffffffu));
    twice = twice > 40.0 ? 40.0 : twice;  // tanh(20) rounds to 1
    const Exponential e = exponential(twice);
    const double less_one = e.scale * e.tail + (e.scale - 1.0);  // e^2x - 1 without cancellation near 0
    const float result = float(less_one / (less_one + 2.0));
    return x == x ? std::bit_cast<float>(std::bit_cast<uint32_t>(result) | sign) : x;
}

/// IEEE division and square root are correctly rounded everywhere; in double their two errors vanish in the fp32
/// rounding.
[[gnu::always_inline]] inline float rsqrt_float(float x) { return float(1.0 / std::sqrt(double(x))); }

}  // namespace superlane::isa
