// SPDX-License-Identifier: Apache-2.0
// Steps on GPUs that share every layer of a model.
#pragma once
#include "models/gpu.hpp"
#include "serving/step_time.hpp"

namespace superlane::serving {

/// Requests of a step are taken as alike: each with the mean of the tokens that it holds and takes in.
class GpuStepTime : public StepTime {
public:
    GpuStepTime(models::Gpu gpu, models::GpuWork work) : gpu_(std::move(gpu)), work_(std::move(work)) {}

    StepCost cost(const StepShape& shape) const override;
    /// Root mean square over the published steps that the model was not fitted on; 0 when the device has none.
    double error_bound() const override;

private:
    models::Gpu gpu_;
    models::GpuWork work_;
};

/// W of so many devices without work.
double idle_watts(const models::Gpu& gpu, int devices);

}  // namespace superlane::serving
