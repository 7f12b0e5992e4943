// SPDX-License-Identifier: Apache-2.0
// A step's shape as groups of like requests, which the model of a GPU times.
#include "serving/gpu_step_time.hpp"

#include <array>

namespace superlane::serving {
namespace {

/// Whole tokens that add up: some requests take in one more than the others.
size_t add_groups(const StepShape::Part& part, std::array<models::StepGroup, 4>& groups, size_t count) {
    if (part.requests == 0) return count;
    const int64_t each = part.new_tokens / part.requests, more = part.new_tokens % part.requests;
    const int64_t context = (part.context_tokens + part.requests - 1) / part.requests;
    if (more > 0) groups[count++] = {more, context, each + 1};
    groups[count++] = {part.requests - more, context, each};
    return count;
}

}  // namespace

StepCost GpuStepTime::cost(const StepShape& shape) const {
    std::array<models::StepGroup, 4> groups;
    const size_t count = add_groups(shape.prefill, groups, add_groups(shape.decode, groups, 0));
    const double seconds = models::gpu_step(gpu_, work_, {groups.data(), count}).total();
    return {seconds, seconds, seconds * (work_.tp * gpu_.watts - idle_watts(gpu_, work_.tp))};
}

double GpuStepTime::error_bound() const { return models::rms_error(models::gpu_residuals(gpu_), true); }

double idle_watts(const models::Gpu& gpu, int devices) { return devices * gpu.idle_share * gpu.watts; }

}  // namespace superlane::serving
