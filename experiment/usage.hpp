// SPDX-License-Identifier: Apache-2.0
// Counters of many runs added up, and the shares and bounds that follow from them.
#pragma once
#include <cstdint>

#include "models/chip.hpp"
#include "sim/counters.hpp"

namespace superlane::experiment {

struct Usage {
    int64_t cycles = 0;
    uint64_t vectors_read = 0, vectors_written = 0;
    uint64_t macs_int8 = 0, macs_fp16 = 0;
    double joules = 0, dynamic_joules = 0;

    void add(int64_t run_cycles, const sim::Counters& counters);
    void add(const Usage& other);

    int64_t sram_read_bytes(const models::Chip& chip) const;
    double sram_utilisation(const models::Chip& chip) const;
    double stream_utilisation(const models::Chip& chip) const;
    double mxm_utilisation(const models::Chip& chip) const;
};

/// Multiply-accumulates a cycle of all planes; fp16 planes work in pairs at mxm.half_interval.
double peak_macs(const models::Chip& chip, bool half);
/// What all streams carry, B/s.
double stream_bandwidth(const models::Chip& chip);
/// The least cycles in which the streams carry so many bytes.
double weight_bound_cycles(const models::Chip& chip, int64_t weight_bytes);
/// Chip time of so many cycles, s.
double chip_seconds(const models::Chip& chip, double cycles);

}  // namespace superlane::experiment
