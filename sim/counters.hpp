// SPDX-License-Identifier: Apache-2.0
// What a run counts; a new counter is one member beside what it counts.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "isa/geometry.hpp"

namespace superlane::models {
struct Chip;
}

namespace superlane::sim {

struct MemCounters {
    uint64_t vectors_read = 0, vectors_written = 0;
    MemCounters& operator+=(const MemCounters& other);
    bool operator==(const MemCounters&) const = default;
};

struct PlaneCounters {
    uint64_t weight_vectors = 0;            ///< loaded; an f16 vector counts once, on the even plane
    uint64_t activations = 0;               ///< vectors through the array
    uint64_t macs_int8 = 0, macs_fp16 = 0;  ///< of loaded rows and powered lanes only
    PlaneCounters& operator+=(const PlaneCounters& other);
    bool operator==(const PlaneCounters&) const = default;
};

struct Counters {
    std::array<std::vector<MemCounters>, 2> mem;       ///< [side][slice]
    std::array<std::vector<PlaneCounters>, 2> planes;  ///< [side][plane]
    std::vector<uint64_t> alu_ops;                     ///< [ALU], vectors
    std::array<uint64_t, 2> sxm_bytes{};               ///< [side], results that leave
    std::array<std::vector<uint64_t>, 2>
        stream_cycles;  ///< [direction][stream], register-cycles that held a driven value
    uint64_t vectors_sent = 0, vectors_received = 0;
    uint64_t dram_vectors = 0;  ///< read
    uint64_t instructions = 0;  ///< instruction-cycles: each repetition counts
    uint64_t fetch_bytes = 0;   ///< instruction text of the program
    double static_joules = 0, dynamic_joules = 0;

    uint64_t vectors_read() const;
    uint64_t vectors_written() const;
    uint64_t macs_int8() const;
    uint64_t macs_fp16() const;
    uint64_t stream_register_cycles() const;
    double joules() const { return static_joules + dynamic_joules; }
    bool operator==(const Counters&) const = default;
    Counters& operator+=(const Counters& other);
};

/// Energy from the chip's rows (models/chip_cost.hpp): static power over the cycles, and what was counted.
void add_energy(const models::Chip& chip, int64_t cycles, Counters& counters);

}  // namespace superlane::sim
