// SPDX-License-Identifier: Apache-2.0
// Step times from given points: bilinear between them, refused beyond them, with the error that this may have.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "serving/step_grid.hpp"

namespace superlane::serving {

/// A step of `batch` requests that each take `new_tokens` with `context` tokens in their caches.
struct StepPoint {
    int64_t batch = 1, context = 0, new_tokens = 1;
    StepCost cost;
    int line = 0;  ///< of the file, else its number
};

/// Decode from points with one new token, over batch and mean context. Prefill from those with more, over new tokens
/// and mean context, and added to the decode of the same step; without such points a prefilled token is a request of
/// the batch. What exceeds the largest batch, or the most new tokens, takes several passes.
class StepTable : public StepTime {
public:
    /// UserError when the points make no grid.
    StepTable(const std::vector<StepPoint>& points, const std::string& where);
    /// Over batch and context; over new tokens and context.
    StepTable(Grid decode, std::optional<Grid> prefill) : decode_(std::move(decode)), prefill_(std::move(prefill)) {}

    StepCost cost(const StepShape& shape) const override;
    double error_bound() const override;
    int64_t most_batch() const { return decode_.most_x(); }

private:
    Grid decode_;
    std::optional<Grid> prefill_;
};

}  // namespace superlane::serving
