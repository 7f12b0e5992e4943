// SPDX-License-Identifier: Apache-2.0
// What `superlane gpu` and `superlane describe gpu` find out, as values and as JSON.
#pragma once
#include "experiment/result.hpp"
#include "models/gpu.hpp"

namespace superlane::experiment {

struct GpuStepOptions {
    std::string gpu, model, dtype = "fp16";
    std::vector<std::string> overrides;
    int tp = 1;
    int64_t batch = 1, context = 1024, new_tokens = 1;
};

struct GpuStepResult {
    models::Gpu gpu;
    models::GpuWork work;
    models::StepSeconds step;
    int64_t kv_capacity_tokens = 0;  ///< of the whole group; at most 0 when the weights do not fit
    int64_t kv_tokens = 0;           ///< that the requests hold at the end of the step

    double tokens_per_second(const GpuStepOptions& options) const {
        return double(options.batch * options.new_tokens) / step.total();
    }
};

/// UserError for what is unknown, out of range or does not divide.
GpuStepResult time_gpu_step(const GpuStepOptions& options);
Json gpu_step_json(const GpuStepOptions& options, const GpuStepResult& result, const std::vector<std::string>& command);

/// Parameters with origins, and every point beside the model.
Json gpu_json(const models::Gpu& gpu, const std::vector<std::string>& command);

}  // namespace superlane::experiment
