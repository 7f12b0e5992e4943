// SPDX-License-Identifier: Apache-2.0
// Arithmetic of counts.
#pragma once
#include <type_traits>

namespace superlane {

/// How many groups of b hold a things; both at least 0, b not 0.
template <class A, class B>
constexpr std::common_type_t<A, B> ceil_div(A a, B b) {
    return (a + b - 1) / b;
}

}  // namespace superlane
