// SPDX-License-Identifier: Apache-2.0
// The chip's logits against the reference executor's, position by position, both having seen the chip's tokens.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "models/checkpoint.hpp"
#include "workloads/reference/reference.hpp"

namespace superlane::experiment {

struct Distance {
    int64_t positions = 0, equal_choices = 0;
    int64_t first_difference = -1;  ///< generated token of the first other choice; -1 = none
    double max_relative_difference = 0;
    double cosine = 1;      ///< the smallest
    double cosine_sum = 0;  ///< over positions
    double mean_cosine() const { return positions == 0 ? 1 : cosine_sum / double(positions); }
    bool tokens_equal() const { return equal_choices == positions; }
    double top1_share() const { return positions == 0 ? 1 : double(equal_choices) / double(positions); }
    void add(int64_t index, std::span<const float> chip, std::span<const float> reference);
};

struct Comparison {
    Distance rounded;  ///< reference that rounds where the chip does
    Distance exact;    ///< reference in float32 throughout
};

class Comparer {
public:
    Comparer(const LlmConfig& config, const LlmWeights& weights, bool half,
             const std::vector<std::vector<int>>& prompts);
    /// The token that was fed to a request, and the chip's logits that followed.
    void step(int request, int64_t index, int fed, std::span<const float> logits);
    const Comparison& result() const { return result_; }

private:
    Reference rounded_, exact_;
    Comparison result_;
};

}  // namespace superlane::experiment
