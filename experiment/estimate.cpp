// SPDX-License-Identifier: Apache-2.0
// Rules of thumb, each measured on one core of a small server; they choose no result, only what is said before a run.
#include "experiment/estimate.hpp"

namespace superlane::experiment {
namespace {

constexpr double kernel_cycles_per_s = 0.2e6, functional_cycles_per_s = 0.4e6, timing_cycles_per_s = 2.5e6;
constexpr double reference_parameters_per_s = 0.4e9;  // one reference executor, one token
constexpr double bytes_per_instruction = 300;         // text, prepared bursts, the scheduler's tables
constexpr double base_bytes = 25e6;

double cycles_per_s(const DecodeOptions& options, bool timing_only) {
    if (timing_only) return timing_cycles_per_s;
    return options.engine == "kernel" ? kernel_cycles_per_s : functional_cycles_per_s;
}

}  // namespace

Estimate estimate_decode(const DecodeOptions& options, const DecodeSetup& setup, const LongestStep& step,
                         const compiler::MemoryUse& memory, int steps, double compile_s) {
    const double parameters = double(projection_parameters(setup.model));
    Estimate estimate;
    estimate.timing_only = setup.timing_only;
    estimate.cycles = step.cycles * steps;
    estimate.seconds = steps * compile_s + double(estimate.cycles) / cycles_per_s(options, setup.timing_only);
    estimate.bytes = base_bytes + bytes_per_instruction * double(step.instruction_bytes) / 16;
    if (!setup.timing_only) estimate.bytes += 2.0 * double(memory.total()) + weight_bytes(setup.model, 2);
    if (!options.speculation.draft.empty()) estimate.seconds *= 2;  // decoding with the draft comes on top
    if (options.compare) {
        estimate.seconds += 2 * steps * parameters * setup.batch() / reference_parameters_per_s;
        estimate.bytes += 8 * parameters;
    }
    return estimate;
}

}  // namespace superlane::experiment
