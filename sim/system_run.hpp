// SPDX-License-Identifier: Apache-2.0
// One run of a system, window by window: programs begin and end, vectors go from chip to chip. No SystemC here.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/core.hpp"
#include "sim/memory.hpp"
#include "sim/system.hpp"

namespace superlane::sim {

/// A launch and what its program did.
struct LaunchRun {
    const Launch* launch = nullptr;
    int64_t begin = 0, end = 0;  ///< system cycles
    Wiring wiring;
    std::unique_ptr<Core> core;  ///< while it runs
    HazardLog hazards;           ///< afterwards
    Counters counters;
    std::string digest;          ///< of trace lines and link events
    std::vector<LinkEvent> events;  ///< in the order of their cycles
    bool fatal = false;          ///< an uncorrectable word was read
    bool troubled = false;       ///< in the list of those with hazards
};

/// What end and result of a run are made of, however it was simulated.
struct Summary {
    std::vector<SystemResult::ChipHazard> hazards;
    std::vector<SystemResult::LinkUse> links;
    std::vector<LinkError> link_errors;
    bool stopped = false;
};
SystemResult assemble(const std::vector<LaunchRun>& launches, Summary summary);

/// Launches as runs, in the order given, their clocks and links set. UserError for those that cannot be.
std::vector<LaunchRun> plan_launches(const models::System& system, const SystemOptions& options, const std::string& chip_digest,
                                     const std::vector<Launch>& launches);

class SystemRun {
public:
    /// `memories`: one a chip, or none when timing only. `check_links` false: no cables, every Receive finds its vector.
    SystemRun(const models::System& system, const SystemOptions& options, std::vector<LaunchRun> launches, std::vector<ChipMemory>* memories,
              bool check_links = true);

    /// The next window in which a program runs; false when there is none. Windows do not depend on what happens in them.
    bool next_window();
    int64_t begin() const { return begin_; }
    int64_t end() const { return end_; }
    const std::vector<int>& active() const { return active_; }
    /// Those of them that have something to do.
    const std::vector<int>& busy() const { return busy_; }
    /// Advances a chip to the window's end (fast engine). Different chips may do so on different threads.
    void advance(int chip);
    /// Ends and begins a chip's programs that are due at this cycle (kernel engine); the running one if there is one.
    LaunchRun* turn(int chip, int64_t cycle);
    int64_t next_turn(int chip) const;  ///< the next cycle at which turn() has something to do, or INT64_MAX
    /// Takes vectors to their peers; false when the run must stop.
    bool end_window();

    SystemResult finish();
    std::vector<LaunchRun>& launches() { return launches_; }

private:
    struct ChipRun {
        std::vector<int> launches;  ///< by their begin
        size_t current = 0;         ///< of them: the one that runs or comes next
        std::vector<LinkEnd> ends;
        std::vector<models::System::Peer> peers;
        std::vector<Departure> outbox;
        std::vector<int> troubled;  ///< launches whose first hazard came in this window
        int64_t wake = 0;           ///< nothing is due before
        bool active = false;
        LinkEnd unplugged;
    };

    void start(LaunchRun& run);
    void retire(ChipRun& chip, LaunchRun& run);
    void collect(ChipRun& chip, LaunchRun& run);
    void note_trouble(ChipRun& chip, LaunchRun& run);
    void wire();
    void deliver(int chip, Departure& departure);
    void judge(int chip, int link, int64_t cycle);
    void settle(int chip);
    HazardLog& log(LaunchRun& run) { return run.core ? run.core->shared().hazards : run.hazards; }
    bool must_stop();
    LaunchRun* current(int chip) {
        ChipRun& own = chips_[size_t(chip)];
        return own.current < own.launches.size() ? &launches_[size_t(own.launches[own.current])] : nullptr;
    }

    const models::System& system_;
    const SystemOptions& options_;
    const bool check_links_;
    std::vector<LaunchRun> launches_;
    std::vector<ChipMemory>* memories_;
    std::vector<ChipRun> chips_;
    std::vector<int> order_;  ///< launches by begin
    size_t next_launch_ = 0;
    int64_t window_ = 0, begin_ = 0, end_ = 0;
    std::vector<int> active_, busy_;
    std::vector<int> troubled_;               ///< launches with hazards
    std::set<std::pair<int, int>> full_;      ///< links whose FIFO has overflowed, by receiver
    std::set<LinkError> errors_;              ///< to inject
    Summary summary_;
};

}  // namespace superlane::sim
