// SPDX-License-Identifier: Apache-2.0
// The end of a window: vectors go to their peers, FIFOs and hazards are judged; and the end of a run.
#include <algorithm>

#include "sim/system_run.hpp"

namespace superlane::sim {
namespace {

/// What an uncorrectable error leaves of a vector: the same on every run, and no byte as it was.
void spoil(std::vector<uint8_t>& bytes) {
    for (uint8_t& byte : bytes) byte = uint8_t(byte ^ 0xa5);
}

}  // namespace

void SystemRun::deliver(int number, Departure& departure) {
    const LaunchRun& sender = launches_[size_t(departure.launch)];
    const auto& map = sender.launch->links;
    const int link = map.empty() ? departure.link : map[size_t(departure.link)];
    ChipRun& chip = chips_[size_t(number)];
    if (link < 0 || !chip.ends[size_t(link)].plugged) return;
    const models::System::Peer& peer = chip.peers[size_t(link)];
    const LinkError error{number, link, chip.ends[size_t(link)].vectors_sent++};
    if (errors_.contains(error)) {
        spoil(departure.bytes);
        summary_.link_errors.push_back(error);
    }
    const int64_t arrival = sender.wiring.clock.system(departure.cycle) + peer.latency_cycles;
    judge(peer.port.chip, peer.port.link, end_);
    const auto early = chips_[size_t(peer.port.chip)].ends[size_t(peer.port.link)].deliver(
        {arrival, departure.launch, departure.burst}, std::move(departure.bytes));
    if (!early) return;
    LaunchRun& receiver = launches_[size_t(early->launch)];
    log(receiver).explain({HazardKind::EarlyReceive, early->cycle, SliceMap(system_.chip.geometry).c2c(), -1,
                           early->burst, no_burst,
                           link_text(early->link) + arrival_text(receiver.wiring.clock, arrival)});
}

void SystemRun::judge(int chip, int link, int64_t cycle) {
    const int room = int(system_.chip.fifo_vectors);
    chips_[size_t(chip)].ends[size_t(link)].judge(cycle, room, [&](const LinkEnd::Arrival& arrival, int waiting) {
        if (!full_.insert({chip, link}).second) return;  // once a link is enough
        const PreparedProgram& program = *launches_[size_t(arrival.launch)].launch->program;
        const std::string detail = link_text(link) + ", " + std::to_string(waiting) + " vectors of " +
                                   std::to_string(room) + ", sent by chip " +
                                   std::to_string(launches_[size_t(arrival.launch)].launch->chip);
        Hazard hazard{HazardKind::FifoOverflow,
                      arrival.cycle,
                      "c2c",
                      {},
                      detail,
                      refer(program, isa::QueueMap(program.geometry), arrival.burst),
                      {}};
        summary_.hazards.push_back({chip, -1, arrival.cycle, {}, std::move(hazard)});
    });
}

bool SystemRun::must_stop() {
    size_t found = size_t(std::count_if(summary_.hazards.begin(), summary_.hazards.end(),
                                        [&](const auto& hazard) { return hazard.cycle < end_; }));
    for (const int launch : troubled_) {
        LaunchRun& run = launches_[size_t(launch)];
        found += log(run).before(run.wiring.clock.local(end_));
        if (run.core ? run.core->fatal() : run.fatal) return true;
    }
    return found >= options_.chip.max_hazards;
}

bool SystemRun::end_window() {
    if (options_.chip.engine == Engine::Kernel)
        for (const int chip : active_) settle(chip);
    for (const int number : active_) {
        ChipRun& chip = chips_[size_t(number)];
        for (Departure& departure : chip.outbox) deliver(number, departure);
        chip.outbox.clear();
        troubled_.insert(troubled_.end(), chip.troubled.begin(), chip.troubled.end());
        chip.troubled.clear();
    }
    std::erase_if(active_, [&](int chip) {
        const LaunchRun* run = current(chip);
        chips_[size_t(chip)].active = run && run->core;
        return !chips_[size_t(chip)].active;
    });
    summary_.stopped = must_stop();
    return !summary_.stopped;
}

SystemResult SystemRun::finish() {
    for (const int number : active_) retire(chips_[size_t(number)], *current(number));
    for (int chip = 0; chip < system_.chips; ++chip)
        for (int link = 0; link < int(chips_[size_t(chip)].ends.size()); ++link) {
            const LinkEnd& end = chips_[size_t(chip)].ends[size_t(link)];
            if (end.vectors_sent == 0) continue;
            const models::Port& peer = chips_[size_t(chip)].peers[size_t(link)].port;
            judge(peer.chip, peer.link,
                  summary_.stopped ? end_ : INT64_MAX);  // later Receives of a stopped run are not known
            const int deepest = chips_[size_t(peer.chip)].ends[size_t(peer.link)].deepest;
            summary_.links.push_back({chip, link, end.vectors_sent, deepest});
        }
    for (size_t i = 0; i < launches_.size(); ++i) {
        const LaunchRun& run = launches_[i];
        for (Hazard& hazard : run.hazards.report(*run.launch->program, options_.chip.max_hazards)) {
            const int64_t cycle = run.wiring.clock.system(hazard.cycle);
            summary_.hazards.push_back({run.launch->chip, int(i), cycle, run.launch->name, std::move(hazard)});
        }
    }
    std::stable_sort(summary_.hazards.begin(), summary_.hazards.end(), [](const auto& x, const auto& y) {
        return std::tie(x.cycle, x.chip, x.launch) < std::tie(y.cycle, y.chip, y.launch);
    });
    if (summary_.hazards.size() > options_.chip.max_hazards) summary_.hazards.resize(options_.chip.max_hazards);
    std::sort(summary_.link_errors.begin(), summary_.link_errors.end());
    return assemble(launches_, std::move(summary_));
}

}  // namespace superlane::sim
