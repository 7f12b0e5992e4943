// SPDX-License-Identifier: Apache-2.0
// Windows, programs that begin and end in them, and vectors from chip to chip between them.
#include "sim/system_run.hpp"

#include <algorithm>
#include <numeric>

#include "base/digest.hpp"
#include "base/error.hpp"

namespace superlane::sim {
namespace {

std::string digest_of(const std::vector<LinkEvent>& events, const std::string& trace_digest) {
    std::vector<uint64_t> parts;
    for (const LinkEvent& event : events)
        parts.push_back(uint64_t(event.cycle) << 16 | uint64_t(event.link) << 1 | uint64_t(event.receive));
    return Digest().text(trace_digest).numbers<uint64_t>(parts).hex();
}

}  // namespace

SystemRun::SystemRun(const models::System& system, const SystemOptions& options, std::vector<LaunchRun> launches,
                     std::vector<ChipMemory>* memories, bool check_links)
    : system_(system),
      options_(options),
      check_links_(check_links),
      launches_(std::move(launches)),
      memories_(memories),
      chips_(size_t(system.chips)),
      order_(launches_.size()),
      window_(options.chip.window_cycles),
      errors_(options.link_errors.begin(), options.link_errors.end()) {
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](int x, int y) { return launches_[size_t(x)].begin < launches_[size_t(y)].begin; });
    for (const int launch : order_) chips_[size_t(launches_[size_t(launch)].launch->chip)].launches.push_back(launch);
    wire();
}

void SystemRun::wire() {
    const isa::Timing& timing = system_.chip.timing;
    const int fixed = timing.c2c_send + timing.c2c_fec_cycles;
    for (ChipRun& chip : chips_) {
        chip.ends.resize(size_t(system_.chip.geometry.links));
        chip.peers.resize(chip.ends.size());
        chip.unplugged.plugged = false;
        for (LinkEnd& end : chip.ends) end.checked = check_links_, end.plugged = !check_links_;
    }
    for (const models::Cable& cable : system_.cables)
        for (const size_t from : {0, 1}) {
            const models::Port &port = cable.ends[from], &peer = cable.ends[1 - from];
            ChipRun& chip = chips_[size_t(port.chip)];
            chip.ends[size_t(port.link)].plugged = true;
            chip.peers[size_t(port.link)] = {peer, cable.latency_cycles[from] + fixed};
            window_ = std::min<int64_t>(window_, cable.latency_cycles[from] + fixed);
        }
    if (window_ < 1) throw user_error("system '", system_.name, "': a vector must be at least 1 cycle on its way");
    for (LaunchRun& run : launches_) {
        run.wiring.alone = !check_links_;
        ChipRun& chip = chips_[size_t(run.launch->chip)];
        const auto& map = run.launch->links;
        for (size_t link = 0; link < (map.empty() ? chip.ends.size() : map.size()); ++link) {
            const int at = map.empty() ? int(link) : map[link];
            run.wiring.ends.push_back(at < 0 ? &chip.unplugged : &chip.ends[size_t(at)]);
        }
    }
}

bool SystemRun::next_window() {
    if (active_.empty()) {
        if (next_launch_ == order_.size()) return false;
        end_ = std::max(end_, launches_[size_t(order_[next_launch_])].begin / window_ * window_);
    }
    begin_ = end_;
    end_ += window_;
    for (; next_launch_ < order_.size(); ++next_launch_) {
        const LaunchRun& run = launches_[size_t(order_[next_launch_])];
        if (run.begin >= end_) break;
        ChipRun& chip = chips_[size_t(run.launch->chip)];
        if (!std::exchange(chip.active, true)) active_.push_back(run.launch->chip);
    }
    busy_.clear();
    for (const int chip : active_)
        if (chips_[size_t(chip)].wake < end_) busy_.push_back(chip);
    return true;
}

void SystemRun::start(LaunchRun& run) {
    ChipMemory* memory = memories_ ? &(*memories_)[size_t(run.launch->chip)] : nullptr;
    if (memory && run.launch->before) run.launch->before();
    run.core = std::make_unique<Core>(system_.chip, *run.launch->program, options_.chip,
                                      memory ? memory->srams() : nullptr, run.wiring);
}

/// What a chip's program has sent, and whether it has met its first hazard.
void SystemRun::collect(ChipRun& chip, LaunchRun& run) {
    auto& outbox = run.core->shared().outbox;
    if (check_links_) std::move(outbox.begin(), outbox.end(), std::back_inserter(chip.outbox));
    outbox.clear();
    note_trouble(chip, run);
}

void SystemRun::note_trouble(ChipRun& chip, LaunchRun& run) {
    if (run.troubled || log(run).empty()) return;
    run.troubled = true;
    chip.troubled.push_back(run.wiring.launch);
}

void SystemRun::retire(ChipRun& chip, LaunchRun& run) {
    RunResult result = run.core->finish();
    run.fatal = run.core->fatal();
    run.hazards = std::move(run.core->shared().hazards);
    run.events = std::move(run.core->shared().link_events);
    run.digest = digest_of(run.events, result.trace_digest);
    run.counters = std::move(result.counters);
    run.core.reset();
    if (memories_ && run.launch->after) run.launch->after();
    note_trouble(chip, run);
}

void SystemRun::advance(int number) {
    ChipRun& chip = chips_[size_t(number)];
    for (LaunchRun* run; (run = current(number)); ++chip.current) {
        chip.wake = run->begin;
        if (run->begin >= end_) return;
        if (!run->core) start(*run);
        run->core->advance(run->wiring.clock.local(end_));
        collect(chip, *run);
        if (run->end > end_) {
            const int64_t next = std::min(run->core->next_cycle(), run->launch->program->cycles - 1);
            chip.wake = options_.chip.faults.empty() ? run->wiring.clock.system(next)
                                                     : end_;  // faults are judged in every window
            return;
        }
        retire(chip, *run);
    }
}

int64_t SystemRun::next_turn(int chip) const {
    const ChipRun& own = chips_[size_t(chip)];
    if (own.current == own.launches.size()) return INT64_MAX;
    const LaunchRun& run = launches_[size_t(own.launches[own.current])];
    return run.core ? run.end : run.begin;
}

LaunchRun* SystemRun::turn(int number, int64_t cycle) {
    ChipRun& chip = chips_[size_t(number)];
    for (LaunchRun* run; (run = current(number)); ++chip.current) {
        if (!run->core) {
            if (run->begin > cycle) return nullptr;
            start(*run);
        }
        if (run->end > cycle) return run;
        collect(chip, *run);
        retire(chip, *run);
    }
    return nullptr;
}

/// Kernel engine: what advance() does at a window's end.
void SystemRun::settle(int number) {
    ChipRun& chip = chips_[size_t(number)];
    LaunchRun* run = current(number);
    if (!run || !run->core) return;
    run->core->must_stop(run->wiring.clock.local(end_));
    collect(chip, *run);
    if (run->end > end_) return;
    retire(chip, *run);
    ++chip.current;
}

}  // namespace superlane::sim
