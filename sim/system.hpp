// SPDX-License-Identifier: Apache-2.0
// Many simulated chips and the links between them, as others see them. Shows no SystemC type.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/system.hpp"
#include "sim/machine.hpp"

namespace superlane::sim {

/// An uncorrectable error of a vector on its way: the n-th from 0 on that a chip sends on a link in a run.
struct LinkError {
    int chip = 0, link = 0;  ///< the sender
    int64_t vector = 0;
    auto operator<=>(const LinkError&) const = default;
};

struct SystemOptions {
    Options chip;          ///< engine, data, traces and faults of every chip; window_cycles is cut to the smallest latency
    int threads = 1;       ///< chips advance on so many threads; no result depends on it
    bool deferred = true;  ///< timing only, no drift: chips are simulated one by one, their links compared afterwards
    bool share = true;     ///< of those, chips with the same program are simulated once
    std::vector<double> drift_ppm;       ///< of each chip's clock, > 0 is fast (draw_drift in sim/clocks.hpp); empty = none
    std::vector<LinkError> link_errors;  ///< to inject
};

/// One program on one chip. Launches of a chip follow each other; a program must have ended before the next begins.
struct Launch {
    int chip = 0;
    int64_t start_cycle = 0;  ///< system cycle of the program's cycle 0
    std::shared_ptr<const PreparedProgram> program;
    std::vector<int> links;   ///< program's link number -> the chip's link; empty = the same number
    std::string name;         ///< for traces and messages
    /// What the host does to the chip's memory just before the program begins, and when it has ended; not in a run of timing only. Those of
    /// different chips may be called at once: what one tells another must be older than the smallest latency of a cable.
    std::function<void()> before = {}, after = {};
};

struct SystemResult {
    int64_t cycles = 0;                ///< from cycle 0 to the end of the last program
    bool stopped = false;              ///< by too many hazards of all chips, or an uncorrectable word
    struct ChipHazard {
        int chip = 0;
        int launch = -1;               ///< whose program found it; -1: the link alone
        int64_t cycle = 0;             ///< of the system; hazard.cycle is the program's own
        std::string program;           ///< the launch's name
        Hazard hazard;
        std::string message() const;   ///< "chip 3, 'attention' at system cycle 1120: cycle 120, ..."
    };
    std::vector<ChipHazard> hazards;   ///< by cycle and chip; at most max_hazards
    Counters counters;                 ///< of all chips
    std::vector<Counters> by_launch;   ///< in the order of launches
    std::vector<int64_t> ends;         ///< system cycle of each launch's end, in that order
    struct LinkUse {
        int chip = 0, link = 0;        ///< the sender
        int64_t vectors = 0;
        int deepest_fifo = 0;          ///< vectors that waited at the other end at once
    };
    std::vector<LinkUse> links;        ///< those that carried anything, by chip and link
    std::vector<LinkError> link_errors;  ///< injected errors that a vector met: its data is wrong, its time is not
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
    /// A program's initial data into a chip's memory.
    void load(int chip, const isa::Program& program);

    /// Errors of the runs from now on, instead of those of the options.
    void inject(std::vector<LinkError> errors);

    /// Runs the launches on memory as it stands; memory persists from run to run, link FIFOs start empty.
    SystemResult run(const std::vector<Launch>& launches);

private:
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace superlane::sim
