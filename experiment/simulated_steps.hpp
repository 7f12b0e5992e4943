// SPDX-License-Identifier: Apache-2.0
// A model on a chip or a system of chips as a server sees it: the room for keys and values, and steps as the compiler
// schedules and the simulator times them, each found once and kept on disk.
#pragma once
#include <functional>
#include <memory>

#include "experiment/decode.hpp"
#include "experiment/point_cache.hpp"
#include "serving/step_time.hpp"

namespace superlane::experiment {

/// How the model stands on the machine, for as many requests as fit.
struct SimulatedLayout {
    Split split;
    int batches = 1;  ///< of `batch` requests with keys and values up to `context` each
    int rows = 1;     ///< most tokens of one step
    int page_tokens = 1;
    int64_t kv_tokens = 0;  ///< of all requests' pages
};

class SimulatedSteps {
public:
    /// Of `options` count model, dtype, chip or system, split, scheduler, `context`: positions of a request, `batch`:
    /// most requests of one step, `prefill_rows` and `threads`. A pipeline that is left open has as many stages as the
    /// system can have. UserError when the model does not fit.
    /// `note` hears of each step that is not kept yet, before it is simulated.
    SimulatedSteps(const DecodeOptions& options, std::shared_ptr<PointCache> cache,
                   std::function<void(const std::string&)> note);
    ~SimulatedSteps();

    const SimulatedLayout& layout() const { return layout_; }
    /// One token of so many requests, or so many of one request, with `context` tokens in the cache before.
    serving::StepCost decode(int64_t batch, int64_t context);
    serving::StepCost prefill(int64_t new_tokens, int64_t context);

private:
    struct Machine;

    serving::StepCost step(const std::string& kind, int64_t count, int64_t context);

    DecodeOptions options_;
    std::shared_ptr<PointCache> cache_;
    std::function<void(const std::string&)> note_;
    SimulatedLayout layout_;
    std::string identity_;              ///< digest of model, machine and layout
    std::unique_ptr<Machine> machine_;  ///< once a step is simulated
};

}  // namespace superlane::experiment
