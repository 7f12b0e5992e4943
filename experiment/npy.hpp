// SPDX-License-Identifier: Apache-2.0
// NumPy's array file, version 1.0: float32, row-major.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace superlane::experiment {

/// The bytes of a .npy file. The product of `shape` must be the number of values.
std::string npy_bytes(std::span<const float> values, const std::vector<int64_t>& shape);

}  // namespace superlane::experiment
