// SPDX-License-Identifier: Apache-2.0
// An offloaded pair as a machine that serves: the weights on GPUs or chips, the KV cache and attention on other GPUs.
#pragma once
#include "experiment/step_times.hpp"
#include "serving/offload.hpp"

namespace superlane::experiment {

/// Adds up what the pools do, for whoever asks after a run.
class PairTime : public serving::StepTime {
public:
    PairTime(const serving::OffloadOptions& options, const LlmConfig& model) : time_(options, model) {}
    serving::StepCost cost(const serving::StepShape& shape) const override;
    double error_bound() const override { return time_.error_bound(); }

    const serving::OffloadStepTime& pair() const { return time_; }
    double weights_s() const { return weights_s_; }  ///< over all replicas
    double memory_s() const { return memory_s_; }

private:
    serving::OffloadStepTime time_;
    mutable double weights_s_ = 0, memory_s_ = 0;
};

/// `options` has a memory pool; its time is a PairTime. UserError for what is unknown, does not fit, cannot be split or
/// has no price.
ServingMachine make_pair(const MachineOptions& options, const std::string& model);

}  // namespace superlane::experiment
