// SPDX-License-Identifier: Apache-2.0
// Steps from grids of points: passes over the largest batch, prefill after decode.
#include "serving/step_table.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace superlane::serving {
namespace {

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

/// Before a pass of at most so many tokens: later passes of a chunk see the earlier ones.
double mean_context(const StepShape::Part& part, int64_t most) {
    const int64_t pass = std::min(most, (part.new_tokens + part.requests - 1) / part.requests);
    return double(2 * part.pairs - part.new_tokens * (pass + 1)) / double(2 * part.new_tokens);
}

}  // namespace

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
    if (p.requests > 0) cost = then(cost, passes(*prefill_, p.new_tokens, mean_context(p, prefill_->most_x())));
    return cost;
}

double StepTable::error_bound() const {
    return std::max(decode_.error_bound(), prefill_ ? prefill_->error_bound() : 0.0);
}

}  // namespace superlane::serving
