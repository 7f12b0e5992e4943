// SPDX-License-Identifier: Apache-2.0
// A design point: a model on a machine at a price, given by values of axes, {"model": "llama-2-7b", "mem.banks": 4}. An
// axis is a row of point_axes.def or any parameter of chip, system or cost. Points are timed, not computed.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiment/decode.hpp"
#include "models/cost.hpp"

namespace superlane::experiment {

/// `range` is empty where values are names, or the command says what is allowed.
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
    models::PriceSet prices;  ///< nameless when none was chosen
};

/// UserError names `where`, axis, value, what is allowed and the nearest name.
Point parse_point(const nlohmann::json& values, const std::string& where);
/// Everything that decides the figures of a point: the parameters of model, chip, system and cost with their final
/// values, the options, the program's version.
Json resolved_json(const Point& point);
/// SHA-256 of that: equal points have equal keys, however they were written.
std::string point_key(const Json& resolved);
/// Runs the point: every number of its result file that no wall clock is in, by name ("memory_bytes.kv"), and what
/// its chips cost.
Json point_metrics(const Point& point);

}  // namespace superlane::experiment
