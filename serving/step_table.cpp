// SPDX-License-Identifier: Apache-2.0
// Bilinear interpolation over a full grid.
#include "serving/step_table.hpp"

#include <cmath>

#include "base/error.hpp"

namespace superlane::serving {
namespace {

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
    if (above == axis.size()) return {low, low, 0};
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

std::vector<Grid::Point> decode_points(const std::vector<StepPoint>& points) {
    std::vector<Grid::Point> chosen;
    for (const StepPoint& p : points)
        if (p.new_tokens == 1) chosen.push_back({p.batch, p.context, p.cost, p.line});
    return chosen;
}

std::optional<Grid> prefill_grid(const std::vector<StepPoint>& points, const std::string& where) {
    std::vector<Grid::Point> chosen;
    for (const StepPoint& p : points) {
        if (p.new_tokens == 1) continue;
        if (p.batch != 1)
            throw user_error(where, ": point ", p.line, ": ", p.new_tokens, " new tokens of ", p.batch,
                             " requests; points of prefill must have batch 1");
        chosen.push_back({p.new_tokens, p.context, p.cost, p.line});
    }
    if (chosen.empty()) return std::nullopt;
    return Grid(std::move(chosen), where, "new_tokens", "context");
}

/// One after the other: in a pipeline the second starts an interval after the first. Done when both are.
StepCost then(const StepCost& first, const StepCost& second) {
    return {std::max(first.latency_s, first.interval_s + second.latency_s), first.interval_s + second.interval_s,
            first.joules + second.joules};
}

/// `count` items at this mean context, in as many passes as the grid needs.
StepCost passes(const Grid& grid, int64_t count, double context) {
    const int64_t full = count / grid.most_x(), rest = count % grid.most_x();
    StepCost cost = grid.at(double(rest > 0 ? rest : grid.most_x()), context);
    const int64_t before = rest > 0 ? full : full - 1;
    if (before == 0) return cost;
    const StepCost each = grid.at(double(grid.most_x()), context);
    const double interval_s = double(before) * each.interval_s;
    return then({interval_s - each.interval_s + each.latency_s, interval_s, double(before) * each.joules}, cost);
}

}  // namespace

Grid::Grid(std::vector<Point> points, std::string where, std::string x_name, std::string y_name)
    : where_(std::move(where)), x_name_(std::move(x_name)), y_name_(std::move(y_name)) {
    if (points.empty()) throw user_error(where_, ": no point with one new token: nothing says how long decoding takes");
    for (const Point& p : points) xs_.push_back(p.x), ys_.push_back(p.y);
    sort_unique(xs_);
    sort_unique(ys_);
    costs_.resize(xs_.size() * ys_.size());
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

StepCost Grid::at(double x, double y) const {
    if (x > double(xs_.back()) || y > double(ys_.back()))
        throw user_error(where_, ": a step of ", x_name_, " ", x, " at ", y_name_, " ", y, " is beyond its points (",
                         x_name_, " to ", xs_.back(), ", ", y_name_, " to ", ys_.back(),
                         "): measure further points, or limit the requests");
    const Place i = place(xs_, x), j = place(ys_, y);
    const auto along = [&](size_t row) { return (1 - j.share) * node(row, j.low) + j.share * node(row, j.high); };
    return (1 - i.share) * along(i.low) + i.share * along(i.high);
}

double Grid::error_bound() const {
    double along_x = 0, along_y = 0;
    for (size_t j = 0; j < ys_.size(); ++j)
        along_x = std::max(along_x, axis_error(xs_, [&](size_t i) { return node(i, j).latency_s; }));
    for (size_t i = 0; i < xs_.size(); ++i)
        along_y = std::max(along_y, axis_error(ys_, [&](size_t j) { return node(i, j).latency_s; }));
    return along_x + along_y;
}

StepTable::StepTable(const std::vector<StepPoint>& points, const std::string& where)
    : decode_(decode_points(points), where, "batch", "context"), prefill_(prefill_grid(points, where)) {}

StepCost StepTable::cost(const StepShape& shape) const {
    const StepShape::Part &d = shape.decode, &p = shape.prefill;
    if (!prefill_) {
        const int64_t rows = shape.new_tokens();
        return passes(decode_, rows, double(d.context_tokens + p.pairs) / double(rows));
    }
    StepCost cost;
    if (d.requests > 0) cost = passes(decode_, d.requests, double(d.context_tokens) / double(d.requests));
    if (p.requests > 0)
        cost = then(cost, passes(*prefill_, p.new_tokens, double(p.context_tokens) / double(p.requests)));
    return cost;
}

double StepTable::error_bound() const {
    return std::max(decode_.error_bound(), prefill_ ? prefill_->error_bound() : 0.0);
}

}  // namespace superlane::serving
