// SPDX-License-Identifier: Apache-2.0
// Bilinear interpolation over a full grid, and its error.
#include "serving/step_grid.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace superlane::serving {
namespace {

constexpr char along_x = 1, along_y = 2;

StepCost operator+(const StepCost& a, const StepCost& b) {
    return {a.latency_s + b.latency_s, a.interval_s + b.interval_s, a.joules + b.joules};
}
StepCost operator*(double factor, const StepCost& a) {
    return {factor * a.latency_s, factor * a.interval_s, factor * a.joules};
}

void sort_unique(std::vector<int64_t>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

size_t index(const std::vector<int64_t>& axis, int64_t value) {
    return size_t(std::lower_bound(axis.begin(), axis.end(), value) - axis.begin());
}

/// Where a value lies: after this point of the axis, by this share of the way to the next.
struct Place {
    size_t low = 0, high = 0;
    double share = 0;
};

Place place(const std::vector<int64_t>& axis, double value) {
    const size_t above = size_t(std::upper_bound(axis.begin(), axis.end(), value) - axis.begin());
    if (above == 0) return {};
    const size_t low = above - 1;
    if (double(axis[low]) == value) return {low, low, 0};
    return {low, above, (value - double(axis[low])) / double(axis[above] - axis[low])};
}

/// Relative error when the middle one is taken from the others.
double miss(double x0, double x1, double x2, double t0, double t1, double t2) {
    return std::abs(t0 + (t2 - t0) * (x1 - x0) / (x2 - x0) - t1) / t1;
}

/// Of one line of points along an axis; `time` gives the latency by place.
template <class Time>
double axis_error(const std::vector<int64_t>& axis, const Time& time) {
    if (axis.size() == 2) return std::abs(time(1) - time(0)) / std::min(time(0), time(1));
    double worst = 0;
    for (size_t i = 1; i + 1 < axis.size(); ++i)
        worst = std::max(
            worst, miss(double(axis[i - 1]), double(axis[i]), double(axis[i + 1]), time(i - 1), time(i), time(i + 1)));
    return worst;
}

}  // namespace

Grid::Grid(std::vector<Point> points, std::string where, std::string x_name, std::string y_name)
    : where_(std::move(where)), x_name_(std::move(x_name)), y_name_(std::move(y_name)) {
    if (points.empty()) throw user_error(where_, ": no point with one new token: nothing says how long decoding takes");
    for (const Point& p : points) xs_.push_back(p.x), ys_.push_back(p.y);
    sort_unique(xs_);
    sort_unique(ys_);
    costs_.resize(xs_.size() * ys_.size());
    between_.resize(costs_.size());
    for (const Point& p : points) {
        StepCost& cost = costs_[index(xs_, p.x) * ys_.size() + index(ys_, p.y)];
        if (cost.latency_s > 0)
            throw user_error(where_, ": point ", p.line, ": ", x_name_, " ", p.x, ", ", y_name_, " ", p.y,
                             " is given twice");
        cost = p.cost;
    }
    for (size_t i = 0; i < xs_.size(); ++i)
        for (size_t j = 0; j < ys_.size(); ++j)
            if (node(i, j).latency_s <= 0)
                throw user_error(where_, ": ", x_name_, " ", xs_[i], ", ", y_name_, " ", ys_[j],
                                 " is missing; points must make a grid: every ", x_name_, " with every ", y_name_);
}

Grid::Grid(std::vector<int64_t> xs, std::vector<int64_t> ys, Source source, std::string where, std::string x_name,
           std::string y_name)
    : xs_(std::move(xs)),
      ys_(std::move(ys)),
      source_(std::move(source)),
      costs_(xs_.size() * ys_.size()),
      between_(costs_.size()),
      where_(std::move(where)),
      x_name_(std::move(x_name)),
      y_name_(std::move(y_name)) {
    SUPERLANE_CHECK(!xs_.empty() && !ys_.empty() && std::is_sorted(xs_.begin(), xs_.end()) &&
                        std::is_sorted(ys_.begin(), ys_.end()),
                    where_);
}

const StepCost& Grid::node(size_t i, size_t j) const {
    StepCost& cost = costs_[i * ys_.size() + j];
    if (source_ && cost.latency_s == 0) cost = source_(xs_[i], ys_[j]);
    return cost;
}

StepCost Grid::at(double x, double y) const {
    if (x > double(xs_.back()) || y > double(ys_.back()))
        throw user_error(where_, ": a step of ", x_name_, " ", x, " at ", y_name_, " ", y, " is beyond its points (",
                         x_name_, " to ", xs_.back(), ", ", y_name_, " to ", ys_.back(),
                         "): measure further points, or limit the requests");
    const Place i = place(xs_, x), j = place(ys_, y);
    char& between = between_[i.low * ys_.size() + j.low];
    between = char(between | (i.share > 0 ? along_x : 0) | (j.share > 0 ? along_y : 0));
    const auto along = [&](size_t row) {
        return j.share > 0 ? (1 - j.share) * node(row, j.low) + j.share * node(row, j.high) : node(row, j.low);
    };
    return i.share > 0 ? (1 - i.share) * along(i.low) + i.share * along(i.high) : along(i.low);
}

double Grid::given_error() const {
    double of_x = 0, of_y = 0;
    for (size_t j = 0; j < ys_.size(); ++j)
        of_x = std::max(of_x, axis_error(xs_, [&](size_t i) { return node(i, j).latency_s; }));
    for (size_t i = 0; i < xs_.size(); ++i)
        of_y = std::max(of_y, axis_error(ys_, [&](size_t j) { return node(i, j).latency_s; }));
    return of_x + of_y;
}

double Grid::middle_error() const {
    double worst = 0;
    const std::vector<char> asked = between_;
    for (size_t i = 0; i < xs_.size(); ++i)
        for (size_t j = 0; j < ys_.size(); ++j) {
            const char between = asked[i * ys_.size() + j];
            const int64_t x = (between & along_x) != 0 ? (xs_[i] + xs_[i + 1]) / 2 : xs_[i];
            const int64_t y = (between & along_y) != 0 ? (ys_[j] + ys_[j + 1]) / 2 : ys_[j];
            if (x == xs_[i] && y == ys_[j]) continue;
            const double found = source_(x, y).latency_s;
            worst = std::max(worst, std::abs(at(double(x), double(y)).latency_s - found) / found);
        }
    return worst;
}

double Grid::error_bound() const { return source_ ? middle_error() : given_error(); }

}  // namespace superlane::serving
