// SPDX-License-Identifier: Apache-2.0
// Runs two reference executors beside the chip.
#include "experiment/compare.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace superlane::experiment {

void Distance::add(int64_t index, std::span<const float> chip, std::span<const float> reference) {
    SUPERLANE_CHECK(chip.size() == reference.size(), chip.size(), reference.size());
    double difference = 0, largest = 0, dot = 0, chip_square = 0, reference_square = 0;
    for (size_t i = 0; i < chip.size(); ++i) {
        const double a = chip[i], b = reference[i];
        difference = std::max(difference, std::fabs(a - b));
        largest = std::max(largest, std::fabs(b));
        dot += a * b;
        chip_square += a * a;
        reference_square += b * b;
    }
    if (largest > 0) max_relative_difference = std::max(max_relative_difference, difference / largest);
    const double here = chip_square > 0 && reference_square > 0 ? dot / std::sqrt(chip_square * reference_square) : 1;
    cosine = std::min(cosine, here);
    cosine_sum += here;
    ++positions;
    if (greedy_token(chip) == greedy_token(reference))
        ++equal_choices;
    else if (first_difference < 0 || index < first_difference)
        first_difference = index;
}

Comparer::Comparer(const LlmConfig& config, const LlmWeights& weights, bool half,
                   const std::vector<std::vector<int>>& prompts)
    : rounded_(config, weights, half ? Rounding::chip_fp16 : Rounding::chip_int8, int(prompts.size())),
      exact_(config, weights, Rounding::none, int(prompts.size())) {
    for (size_t r = 0; r < prompts.size(); ++r) {
        const std::span<const int> before = std::span<const int>(prompts[r]).first(prompts[r].size() - 1);
        if (before.empty()) continue;
        rounded_.prefill(int(r), before);
        exact_.prefill(int(r), before);
    }
}

void Comparer::step(int request, int64_t index, int fed, std::span<const float> logits) {
    result_.rounded.add(index, logits, rounded_.step(request, fed));
    result_.exact.add(index, logits, exact_.step(request, fed));
}

}  // namespace superlane::experiment
