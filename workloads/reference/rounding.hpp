// SPDX-License-Identifier: Apache-2.0
// Which stored values of a step are rounded, as docs/numerics.md lists them.
#pragma once
#include "base/half.hpp"

namespace superlane {

enum class Rounding {
    none,       ///< float32 throughout
    chip_fp16,  ///< weights and stored activations in fp16
    chip_int8,  ///< every projection W8A8; embedding, keys, values, probabilities and queries in fp16
};

inline float r16(float value) { return half_to_float(float_to_half(value)); }

/// r16 where the chip stores fp16 in both of its modes.
inline float stored_half(float value, Rounding rounding) { return rounding == Rounding::none ? value : r16(value); }

}  // namespace superlane
