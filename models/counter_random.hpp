// SPDX-License-Identifier: Apache-2.0
// A counter-based generator with integer and IEEE arithmetic only: the same numbers on every machine.
#pragma once
#include <cstdint>

namespace superlane {

/// SplitMix64 of a counter (Steele, Lea and Flood 2014).
inline uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// Near-normal with mean 0 and deviation 1: the sum of four 16-bit uniforms, exact in integers.
inline double bell(uint64_t key, uint64_t counter) {
    const uint64_t bits = mix(key ^ mix(counter));
    const uint64_t sum = (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
    return (double(sum) - 131070.0) / 37836.75;  // 4 * 65535 / 2, and 2 * 65536 / sqrt(12)
}

}  // namespace superlane
