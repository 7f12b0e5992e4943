// SPDX-License-Identifier: Apache-2.0
// Sums of counters, and energy from the chip's energy rows.
#include "sim/counters.hpp"

#include <numeric>

#include "models/chip_cost.hpp"

namespace superlane::sim {
namespace {

template <class Rows, class Get>
uint64_t sum(const Rows& sides, Get get) {
    uint64_t total = 0;
    for (const auto& side : sides)
        for (const auto& row : side) total += get(row);
    return total;
}

template <class Row>
void add(std::vector<Row>& rows, const std::vector<Row>& more) {
    if (rows.size() < more.size()) rows.resize(more.size());
    for (size_t i = 0; i < more.size(); ++i) rows[i] += more[i];
}

}  // namespace

MemCounters& MemCounters::operator+=(const MemCounters& other) {
    vectors_read += other.vectors_read;
    vectors_written += other.vectors_written;
    return *this;
}

PlaneCounters& PlaneCounters::operator+=(const PlaneCounters& other) {
    weight_vectors += other.weight_vectors;
    activations += other.activations;
    macs_int8 += other.macs_int8;
    macs_fp16 += other.macs_fp16;
    return *this;
}

Counters& Counters::operator+=(const Counters& other) {
    for (size_t side = 0; side < 2; ++side) {
        add(mem[side], other.mem[side]);
        add(planes[side], other.planes[side]);
        add(stream_cycles[side], other.stream_cycles[side]);
        sxm_bytes[side] += other.sxm_bytes[side];
    }
    add(alu_ops, other.alu_ops);
    vectors_sent += other.vectors_sent;
    vectors_received += other.vectors_received;
    dram_vectors += other.dram_vectors;
    instructions += other.instructions;
    fetch_bytes += other.fetch_bytes;
    static_joules += other.static_joules;
    dynamic_joules += other.dynamic_joules;
    return *this;
}

uint64_t Counters::vectors_read() const {
    return sum(mem, [](const MemCounters& slice) { return slice.vectors_read; });
}
uint64_t Counters::vectors_written() const {
    return sum(mem, [](const MemCounters& slice) { return slice.vectors_written; });
}
uint64_t Counters::macs_int8() const {
    return sum(planes, [](const PlaneCounters& plane) { return plane.macs_int8; });
}
uint64_t Counters::macs_fp16() const {
    return sum(planes, [](const PlaneCounters& plane) { return plane.macs_fp16; });
}
uint64_t Counters::stream_register_cycles() const {
    return sum(stream_cycles, [](uint64_t cycles) { return cycles; });
}

void add_energy(const models::Chip& chip, int64_t cycles, Counters& counters) {
    const double lanes = chip.lanes();
    const uint64_t alu_ops = std::accumulate(counters.alu_ops.begin(), counters.alu_ops.end(), uint64_t{0});
    const models::Activity activity = {
        .sram_bytes = double(counters.vectors_read() + counters.vectors_written()) * lanes,
        .hop_bytes = double(counters.stream_register_cycles()) * lanes,
        .macs_int8 = double(counters.macs_int8()),
        .macs_fp16 = double(counters.macs_fp16()),
        .alu_operations = double(alu_ops) * lanes,
        .sxm_bytes = double(counters.sxm_bytes[0] + counters.sxm_bytes[1]),
        .link_bytes = double(counters.vectors_sent) * chip.c2c_wire_bytes,
        .dram_bytes = double(counters.dram_vectors) * lanes,
    };
    counters.dynamic_joules = models::sum(models::dynamic_energy(chip, activity));
    counters.static_joules = models::static_watts(chip) * double(cycles) / (chip.clock_mhz * 1e6);
}

}  // namespace superlane::sim
