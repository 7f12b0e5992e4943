// SPDX-License-Identifier: Apache-2.0
// The table of rotary angles that defines a model: inverse frequencies and the scale of cos and sin.
#pragma once
#include <vector>

#include "models/llm.hpp"

namespace superlane {

/// rope_dim / 2 inverse frequencies, radians per token. Element i of a head is rotated with element j = i + rope_dim /
/// 2 (interleaved: element 2i with 2i + 1) by angle position * frequency[i]: (x_i cos - x_j sin, x_j cos + x_i sin).
std::vector<double> rope_frequencies(const LlmConfig& config);

/// Factor on cos and sin (yarn's attention temperature), 1 for every other scaling.
double rope_attention_factor(const LlmConfig& config);

}  // namespace superlane
