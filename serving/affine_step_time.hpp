// SPDX-License-Identifier: Apache-2.0
// The simplest step time: a constant, a price a token, and one a token of context.
#pragma once
#include "serving/step_time.hpp"

namespace superlane::serving {

struct AffineStepTime : StepTime {
    double base_s = 1e-3, token_s = 0, context_s = 0;
    int stages = 1;  ///< a pipeline takes the next step when the first of them is done
    double joules_per_s = 0;

    AffineStepTime() = default;
    AffineStepTime(double base, double token, double context = 0, int pipeline_stages = 1)
        : base_s(base), token_s(token), context_s(context), stages(pipeline_stages) {}

    StepCost cost(const StepShape& shape) const override {
        const double seconds = base_s + token_s * double(shape.new_tokens()) +
                               context_s * double(shape.decode.context_tokens + shape.prefill.context_tokens);
        return {seconds, seconds / stages, seconds * joules_per_s};
    }
};

}  // namespace superlane::serving
