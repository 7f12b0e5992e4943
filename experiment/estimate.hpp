// SPDX-License-Identifier: Apache-2.0
// How long a decode will take and how much memory, from one compiled step and measured speeds.
#pragma once
#include "experiment/decode.hpp"
#include "experiment/decode_setup.hpp"

namespace superlane::experiment {

/// `step` is the longest decode step, which took compile_s to compile.
Estimate estimate_decode(const DecodeOptions& options, const DecodeSetup& setup, const compiler::CompiledStep& step,
                         const compiler::MemoryUse& memory, int steps, double compile_s);

}  // namespace superlane::experiment
