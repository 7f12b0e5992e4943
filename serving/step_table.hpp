// SPDX-License-Identifier: Apache-2.0
// Step times from given points: bilinear between them, refused beyond them, with the error that this may have.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "serving/step_time.hpp"

namespace superlane::serving {

/// A step of `batch` requests that each take `new_tokens` with `context` tokens in their caches.
struct StepPoint {
    int64_t batch = 1, context = 0, new_tokens = 1;
    StepCost cost;
    int line = 0;  ///< of the file, else its number
};

/// Costs over two axes.
class Grid {
public:
    struct Point {
        int64_t x = 0, y = 0;
        StepCost cost;
        int line = 0;
    };
    /// UserError unless there is one point for each pair of an x and a y; `where`, `x_name`, `y_name` head messages.
    Grid(std::vector<Point> points, std::string where, std::string x_name, std::string y_name);

    /// Below the first point of an axis as at it; UserError above the last.
    StepCost at(double x, double y) const;
    int64_t most_x() const { return xs_.back(); }
    /// The largest relative difference when an inner point is predicted from its neighbours on an axis. Where the
    /// second derivative varies slowly that is four times the error between points. An axis with two points: by how
    /// much they differ, which bounds the error of any time that only grows.
    double error_bound() const;

private:
    const StepCost& node(size_t i, size_t j) const { return costs_[i * ys_.size() + j]; }

    std::vector<int64_t> xs_, ys_;
    std::vector<StepCost> costs_;  ///< [x][y]
    std::string where_, x_name_, y_name_;
};

/// Decode from points with one new token, over batch and mean context. Prefill from those with more, over new tokens
/// and mean context, and added to the decode of the same step; without such points a prefilled token is a request of
/// the batch. What exceeds the largest batch, or the most new tokens, takes several passes.
class StepTable : public StepTime {
public:
    /// UserError when the points make no grid.
    StepTable(const std::vector<StepPoint>& points, const std::string& where);

    StepCost cost(const StepShape& shape) const override;
    double error_bound() const override;
    int64_t most_batch() const { return decode_.most_x(); }

private:
    Grid decode_;
    std::optional<Grid> prefill_;
};

}  // namespace superlane::serving
