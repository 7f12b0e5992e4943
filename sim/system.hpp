// SPDX-License-Identifier: Apache-2.0
// Many simulated chips and the links between them. Shows no SystemC type.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/system.hpp"
#include "sim/machine.hpp"

namespace superlane::sim {

struct SystemOptions {
    Options chip;        ///< engine, data, traces and faults of every chip; window_cycles is cut to the smallest latency
    int threads = 1;     ///< chips of one window advance on so many threads; no result depends on it
    bool share = true;   ///< timing only: chips with the same program are simulated once, their links checked one by one
};

/// One program on one chip. Launches of a chip follow each other; a program must have ended before the next begins.
struct Launch {
    int chip = 0;
    int64_t start_cycle = 0;  ///< system cycle of the program's cycle 0
    std::shared_ptr<const PreparedProgram> program;
    std::vector<int> links;   ///< program's link number -> the chip's link; empty = the same number
    std::string name;         ///< for traces and messages
};

struct SystemResult {
    int64_t cycles = 0;                ///< from cycle 0 to the end of the last program
    bool stopped = false;
    struct ChipHazard {
        int chip = 0;
        Hazard hazard;
    };
    std::vector<ChipHazard> hazards;   ///< by cycle and chip
    Counters counters;                 ///< of all chips
    std::vector<Counters> by_launch;   ///< in the order of launches
    struct LinkUse {
        int chip = 0, link = 0;        ///< the sender
        int64_t vectors = 0;
        int deepest_fifo = 0;          ///< vectors that waited at the other end at once
    };
    std::vector<LinkUse> links;        ///< those that carried anything, by chip and link
    int distinct_programs = 0;
    std::string digest;                ///< SHA-256 over every chip's trace lines, links and hazards; thread count does not change it
};

class SystemMachine {
public:
    SystemMachine(const models::System& system, SystemOptions options = {});
    ~SystemMachine();
    SystemMachine(SystemMachine&&) noexcept;
    SystemMachine& operator=(SystemMachine&&) noexcept;

    const models::System& system() const;
    void write(int chip, isa::Side side, int slice, int address, std::span<const uint8_t> bytes);
    void read(int chip, isa::Side side, int slice, int address, std::span<uint8_t> bytes) const;

    /// Runs the launches on memory as it stands; memory persists from run to run, link FIFOs start empty.
    SystemResult run(const std::vector<Launch>& launches);

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace superlane::sim
