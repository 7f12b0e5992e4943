// SPDX-License-Identifier: Apache-2.0
// Logarithm and exponential from IEEE arithmetic alone: those of libraries differ in the last bit between machines.
#pragma once
#include <cmath>
#include <numbers>

namespace superlane::traces {

/// Natural logarithm of a positive, normal number to about 1e-15.
inline double portable_log(double x) {
    int exponent = 0;
    double mantissa = std::frexp(x, &exponent);  // exact, as ldexp is
    if (mantissa < 0.70710678118654752) mantissa *= 2, --exponent;
    const double s = (mantissa - 1) / (mantissa + 1), square = s * s;  // log m = 2 atanh(s), |s| < 0.172
    double sum = 0;
    for (int k = 19; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
    return 2 * s * sum + exponent * std::numbers::ln2;
}

/// e^x to about 1e-15; 0 below -700.
inline double portable_exp(double x) {
    if (x < -700) return 0;
    const double power = std::floor(x / std::numbers::ln2 + 0.5), rest = x - power * std::numbers::ln2;
    double sum = 1;
    for (int k = 17; k >= 1; --k) sum = 1 + sum * rest / k;
    return std::ldexp(sum, int(power));
}

}  // namespace superlane::traces
