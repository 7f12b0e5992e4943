// SPDX-License-Identifier: Apache-2.0
// Costs over two axes: bilinear between points that are given, or found when they are needed.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "serving/step_time.hpp"

namespace superlane::serving {

class Grid {
public:
    struct Point {
        int64_t x = 0, y = 0;
        StepCost cost;
        int line = 0;
    };
    /// The cost of a point; equal points have equal costs.
    using Source = std::function<StepCost(int64_t x, int64_t y)>;

    /// UserError unless there is one point for each pair of an x and a y; `where`, `x_name`, `y_name` head messages.
    Grid(std::vector<Point> points, std::string where, std::string x_name, std::string y_name);
    /// Points of these ascending axes, found once they are needed.
    Grid(std::vector<int64_t> xs, std::vector<int64_t> ys, Source source, std::string where, std::string x_name,
         std::string y_name);

    /// Below the first point of an axis as at it; UserError above the last.
    StepCost at(double x, double y) const;
    int64_t most_x() const { return xs_.back(); }
    /// Given points: the largest relative difference when an inner point is predicted from its neighbours on an axis.
    /// Where the second derivative varies slowly that is four times the error between points. An axis with two points:
    /// by how much they differ, which bounds the error of any time that only grows.
    /// With a source: the largest relative difference in the middles of the intervals that were interpolated in.
    double error_bound() const;

private:
    const StepCost& node(size_t i, size_t j) const;
    double given_error() const;
    double middle_error() const;

    std::vector<int64_t> xs_, ys_;
    Source source_;                        ///< none: all are given
    mutable std::vector<StepCost> costs_;  ///< [x][y]; latency 0: not needed yet
    mutable std::vector<char> between_;    ///< by cell: interpolated along x (1), along y (2)
    std::string where_, x_name_, y_name_;
};

}  // namespace superlane::serving
