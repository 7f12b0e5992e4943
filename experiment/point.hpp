// SPDX-License-Identifier: Apache-2.0
// A design point: a model on a machine at a price, given by values of axes, {"model": "llama-2-7b", "mem.banks": 4}. An
// axis is a row of point_axes.def or any parameter of chip, system, cost or GPU. Points are timed, not computed.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiment/decode.hpp"
#include "experiment/gpu_report.hpp"
#include "models/cost.hpp"

namespace superlane::experiment {

struct Axis {
    std::string name, table, unit, value, meaning, mark;
    bool numeric = false, whole = false;
    double low = 0, high = 0;  ///< when numeric
};
/// Every axis there is; `value`: its default.
std::vector<Axis> all_axes();
Json axes_json();

struct Point {
    DecodeOptions decode;
    std::optional<GpuStepOptions> gpu;  ///< then it is this instead
    models::PriceSet prices;            ///< nameless when none was chosen
};

/// A null is an axis left out. UserError names `where`, axis, value, what is allowed and the nearest name.
Point parse_point(const nlohmann::json& values, const std::string& where);
/// Everything that decides the figures of a point: the parameters of model, chip, system and cost with their final
/// values, the options, the program's version.
Json resolved_json(const Point& point);
/// SHA-256 of that: equal points have equal keys, however they were written.
std::string point_key(const Json& resolved);
/// Runs the point: every number of its result file that no wall clock is in, by name ("memory_bytes.kv"), and what
/// its chips cost.
Json point_metrics(const Point& point);
/// A point as JSON text: {"key", "point": resolved_json, "metrics"}, without metrics when `resolve` is all that is
/// asked, or {"error"} when the point cannot be. What `superlane evaluate` and sweeps do.
Json evaluate_point(const std::string& text, const std::string& where, bool resolve);

/// The same for points on GPUs, which have an axis `gpu`.
GpuStepOptions gpu_point(const nlohmann::json& values, const std::string& where);
Json resolved_gpu_json(const GpuStepOptions& options, const models::PriceSet& prices);
Json gpu_metrics(const GpuStepOptions& options, const models::PriceSet& prices);

}  // namespace superlane::experiment
