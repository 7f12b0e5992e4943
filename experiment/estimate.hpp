// SPDX-License-Identifier: Apache-2.0
// How long a decode will take and how much memory, from one compiled step and measured speeds.
#pragma once
#include "experiment/decode.hpp"
#include "experiment/decode_setup.hpp"

namespace superlane::experiment {

/// The longest decode step, compiled but not run.
struct LongestStep {
    int64_t cycles = 0, instruction_bytes = 0;
};

/// `step` took compile_s to compile.
Estimate estimate_decode(const DecodeOptions& options, const DecodeSetup& setup, const LongestStep& step,
                         const compiler::MemoryUse& memory, int steps, double compile_s);

}  // namespace superlane::experiment
