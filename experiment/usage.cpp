// SPDX-License-Identifier: Apache-2.0
// Shares of the chip's limits; each formula is a row of metrics.def.
#include "experiment/usage.hpp"

namespace superlane::experiment {

void Usage::add(int64_t run_cycles, const sim::Counters& counters) {
    cycles += run_cycles;
    vectors_read += counters.vectors_read();
    vectors_written += counters.vectors_written();
    macs_int8 += counters.macs_int8();
    macs_fp16 += counters.macs_fp16();
    joules += counters.joules();
    dynamic_joules += counters.dynamic_joules;
}

void Usage::add(const Usage& other) {
    cycles += other.cycles;
    vectors_read += other.vectors_read;
    vectors_written += other.vectors_written;
    macs_int8 += other.macs_int8;
    macs_fp16 += other.macs_fp16;
    joules += other.joules;
    dynamic_joules += other.dynamic_joules;
}

int64_t Usage::sram_read_bytes(const models::Chip& chip) const { return int64_t(vectors_read) * chip.lanes(); }

double Usage::sram_utilisation(const models::Chip& chip) const {
    if (cycles == 0) return 0;
    return double(vectors_read + vectors_written) * chip.lanes() / (double(cycles) * chip.sram_bytes_per_cycle());
}

double Usage::stream_utilisation(const models::Chip& chip) const {
    if (cycles == 0) return 0;
    return double(sram_read_bytes(chip)) / (double(cycles) * chip.stream_bytes_per_cycle());
}

double Usage::mxm_utilisation(const models::Chip& chip) const {
    if (cycles == 0) return 0;
    return (double(macs_int8) / peak_macs(chip, false) + double(macs_fp16) / peak_macs(chip, true)) / double(cycles);
}

double peak_macs(const models::Chip& chip, bool half) {
    const double planes = 2.0 * chip.geometry.planes, cells = double(chip.lanes()) * chip.lanes();
    return half ? planes / 2 * cells / chip.timing.mxm_half_interval : planes * cells;
}

double stream_bandwidth(const models::Chip& chip) { return chip.stream_bytes_per_cycle() * chip.clock_mhz * 1e6; }

double weight_bound_cycles(const models::Chip& chip, int64_t weight_bytes) {
    return double(weight_bytes) / chip.stream_bytes_per_cycle();
}

double chip_seconds(const models::Chip& chip, double cycles) { return cycles / (chip.clock_mhz * 1e6); }

}  // namespace superlane::experiment
