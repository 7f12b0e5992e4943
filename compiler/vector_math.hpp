// SPDX-License-Identifier: Apache-2.0
// Short chains of fp32 operations that many vector tasks have in common; their roundings are those of docs/numerics.md.
#pragma once
#include "compiler/vector_task.hpp"

namespace superlane::compiler {

/// 1 / x for x > 0, as the square of a reciprocal root.
VectorTask::Value reciprocal(VectorTask& task, VectorTask::Value x);
/// 1 / sqrt(sum of squares / elements + eps).
VectorTask::Value inverse_rms(VectorTask& task, VectorTask::Value sum_of_squares, int elements, double eps);
/// Factor that takes values up to `largest` to int8: 127 / largest, finite for a row of zeros.
VectorTask::Value int8_factor(VectorTask& task, VectorTask::Value largest);

}  // namespace superlane::compiler
