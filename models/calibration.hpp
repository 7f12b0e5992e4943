// SPDX-License-Identifier: Apache-2.0
// The one calibrated value, apart from everything that is simulated: overhead per layer of deployed systems
// (models/calibration.json).
#pragma once
#include <string>
#include <vector>

namespace superlane::models {

struct Calibration {
    /// A published speed. The fit takes the mean over the points whose scheduled time is given.
    struct Point {
        std::string model, source;
        double tokens_per_second = 0;
        double scheduled_us_per_layer = 0;     ///< 0 = not known: the point does not enter the fit
        double deployed_us_per_layer() const;  ///< 1 / speed over the model's layers
    };
    double overhead_us_per_layer = 0;
    std::string fitted_on;
    std::vector<Point> points;

    /// What the points give for overhead_us_per_layer.
    double fitted_us_per_layer() const;
};

/// UserError names file and key.
Calibration load_calibration();

}  // namespace superlane::models
