// SPDX-License-Identifier: Apache-2.0
// The calibrated speed of a decode, kept apart from the scheduled one.
#pragma once
#include "experiment/decode.hpp"

namespace superlane::experiment {

/// The decode's mean step with models::load_calibration()'s overhead on each layer that ran.
CalibratedSpeed calibrated_speed(const DecodeResult& result, const models::Chip& chip);

}  // namespace superlane::experiment
