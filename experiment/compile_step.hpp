// SPDX-License-Identifier: Apache-2.0
// The program of one decode step, without running it.
#pragma once
#include "experiment/decisions.hpp"
#include "experiment/decode.hpp"

namespace superlane::experiment {

struct StepOptions {
    DecodeOptions decode;  ///< model, context, dtype, chip, scheduler, layers
    int position = 0;      ///< of the token that the step takes in
    bool weights = false;  ///< put the model's weights into the program's data
};

struct Step {
    LlmConfig model;
    int context = 0;
    compiler::CompiledStep compiled;
    Decisions decisions;
    compiler::MemoryUse memory;
    compiler::Image image;  ///< empty without weights
    int64_t weight_bytes = 0;
};

Step compile_step(const StepOptions& options);

}  // namespace superlane::experiment
