// SPDX-License-Identifier: Apache-2.0
// Adds the fitted overhead to a scheduled time.
#include "experiment/calibrated.hpp"

#include "models/calibration.hpp"

namespace superlane::experiment {

CalibratedSpeed calibrated_speed(const DecodeResult& result, const models::Chip& chip) {
    const models::Calibration calibration = models::load_calibration();
    const double overhead_s = 1e-6 * calibration.overhead_us_per_layer * result.model.layers;
    const double step_s = chip_seconds(chip, result.mean_cycles()) + overhead_s;
    return {calibration.overhead_us_per_layer, calibration.fitted_on, step_s > 0 ? result.batch / step_s : 0};
}

}  // namespace superlane::experiment
