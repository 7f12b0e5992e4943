// SPDX-License-Identifier: Apache-2.0
// Reads models/calibration.json and does the arithmetic of the fit, so that the file cannot say one thing and hold
// another.
#include "models/calibration.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/data_path.hpp"
#include "models/json_file.hpp"
#include "models/llm.hpp"

namespace superlane::models {

double Calibration::Point::deployed_us_per_layer() const { return 1e6 / tokens_per_second / find_llm(model).layers; }

double Calibration::fitted_us_per_layer() const {
    double sum = 0;
    int used = 0;
    for (const Point& point : points)
        if (point.scheduled_us_per_layer > 0) {
            sum += point.deployed_us_per_layer() - point.scheduled_us_per_layer;
            ++used;
        }
    return used > 0 ? sum / used : 0;
}

Calibration load_calibration() {
    const std::string file = data_path("calibration.json").string();
    const nlohmann::json json = read_json_file(file);
    const JsonObject from(json, file);
    Calibration calibration;
    calibration.overhead_us_per_layer = from.number("overhead_us_per_layer", 0, 1e6);
    calibration.fitted_on = from.text("fitted_on");
    if (!from.at("points").is_array()) from.fail("points", "must be a list of objects");
    for (const auto& one : from.at("points")) {
        const JsonObject point(one, file + ": points");
        calibration.points.push_back({point.text("model"), point.text("source"),
                                      point.number("tokens_per_second", 1e-3, 1e9),
                                      point.number_or("scheduled_us_per_layer", 0, 0, 1e6)});
    }
    return calibration;
}

}  // namespace superlane::models
