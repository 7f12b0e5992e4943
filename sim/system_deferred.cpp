// SPDX-License-Identifier: Apache-2.0
// One simulation a program or launch, and one comparison a link: the n-th Send against the peer's n-th Receive.
#include "sim/system_deferred.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sim/system_engine.hpp"

namespace superlane::sim {
namespace {

/// What a program does on each of its links, in its own cycles.
struct Traffic {
    std::vector<std::vector<int64_t>> sends, receives;  ///< [link]
};

Traffic traffic_of(const LaunchRun& run) {
    const size_t links = size_t(run.launch->program->links);
    Traffic traffic{std::vector<std::vector<int64_t>>(links), std::vector<std::vector<int64_t>>(links)};
    for (const LinkEvent& event : run.events)
        (event.receive ? traffic.receives : traffic.sends)[size_t(event.link)].push_back(event.cycle);
    return traffic;
}

/// Part of what happens on one end of a link: a program's Sends or Receives, from its begin on.
struct Stretch {
    int64_t begin = 0;
    const std::vector<int64_t>* cycles = nullptr;
};

/// The cycles of all stretches, one after the other.
class Walk {
public:
    explicit Walk(const std::vector<Stretch>& stretches) : stretches_(stretches) { settle(); }
    bool over() const { return at_ == stretches_.size(); }
    int64_t cycle() const { return stretches_[at_].begin + (*stretches_[at_].cycles)[place_]; }
    void next() {
        ++place_;
        settle();
    }

private:
    void settle() {
        for (; !over() && place_ == stretches_[at_].cycles->size(); place_ = 0) ++at_;
    }
    const std::vector<Stretch>& stretches_;
    size_t at_ = 0, place_ = 0;
};

/// One end of a link: what all launches of its chip do there.
struct End {
    std::vector<Stretch> sends, receives;
};

class Deferred {
public:
    Deferred(const models::System& system, const SystemOptions& options, std::vector<LaunchRun>& launches)
        : system_(system),
          options_(options),
          errors_(options.link_errors.begin(), options.link_errors.end()),
          launches_(launches),
          ends_(size_t(system.chips) * size_t(system.chip.geometry.links)) {}

    std::optional<SystemResult> run() {
        if (!simulate()) return {};
        if (!spread()) return {};
        const isa::Timing& timing = system_.chip.timing;
        const int fixed = timing.c2c_send + timing.c2c_fec_cycles;
        std::vector<bool> plugged(ends_.size());
        for (const models::Cable& cable : system_.cables)
            for (const size_t from : {0, 1}) {
                plugged[place(cable.ends[from])] = true;
                if (!compare(cable.ends[from], cable.ends[1 - from], cable.latency_cycles[from] + fixed)) return {};
            }
        for (size_t i = 0; i < ends_.size(); ++i)
            if (!plugged[i] && !(ends_[i].sends.empty() && ends_[i].receives.empty())) return {};
        std::sort(summary_.links.begin(), summary_.links.end(),
                  [](const auto& x, const auto& y) { return std::tie(x.chip, x.link) < std::tie(y.chip, y.link); });
        std::sort(summary_.link_errors.begin(), summary_.link_errors.end());
        return assemble(launches_, std::move(summary_));
    }

private:
    size_t place(const models::Port& port) const {
        return size_t(port.chip) * size_t(system_.chip.geometry.links) + size_t(port.link);
    }

    /// Places of launches by the program they run, in the order in which programs first come.
    std::vector<std::vector<size_t>> by_program() const {
        std::vector<std::vector<size_t>> alike;
        std::map<const PreparedProgram*, size_t> known;  // looked up, never walked
        for (size_t i = 0; i < launches_.size(); ++i) {
            const auto [place, added] = known.try_emplace(launches_[i].launch->program.get(), alike.size());
            if (added) alike.emplace_back();
            alike[place->second].push_back(i);
        }
        return alike;
    }

    /// Every launch alone, as a chip without cables; those of one program once if they are shared. False when one has
    /// a hazard.
    bool simulate() {
        models::System alone;
        alone.chip = system_.chip;
        std::vector<Launch> launches;
        const std::vector<std::vector<size_t>> alike = by_program();
        simulated_.resize(launches_.size());
        for (const std::vector<size_t>& same : alike)  // those of a program one after the other: it is read from the cache
            for (const size_t launch : same) {
                const bool known = options_.share && launch != same.front();
                if (!known) launches.push_back({int(launches.size()), 0, launches_[launch].launch->program, {}, {}});
                simulated_[launch] = launches.size() - 1;
            }
        alone.chips = std::max(1, int(launches.size()));
        SystemOptions options = options_;
        options.link_errors.clear();
        constexpr int long_window = 1 << 16;  // nothing is exchanged: windows only end a run with hazards
        options.chip.window_cycles = long_window;
        SystemRun run(alone, options,
                      plan_launches(alone, options, launches.empty() ? "" : launches[0].program->chip_digest, launches),
                      nullptr, false);
        run_system_fast(run, options.threads);
        const SystemResult result = run.finish();
        if (!result.hazards.empty() || result.stopped) return false;
        for (LaunchRun& simulated : run.launches()) {
            traffic_.push_back(traffic_of(simulated));
            counters_.push_back(std::move(simulated.counters));
            digests_.push_back(std::move(simulated.digest));
        }
        return true;
    }

    /// What was simulated to where it is launched; false when a launch needs a link that it was not given.
    bool spread() {
        std::vector<LaunchRun*> order;
        for (LaunchRun& run : launches_) order.push_back(&run);
        std::stable_sort(order.begin(), order.end(),
                         [](const LaunchRun* x, const LaunchRun* y) { return x->begin < y->begin; });
        for (LaunchRun* run : order) {
            const size_t simulated = simulated_[size_t(run->wiring.launch)];
            run->counters = counters_[simulated];
            run->digest = digests_[simulated];
            const Traffic& traffic = traffic_[simulated];
            for (size_t link = 0; link < traffic.sends.size(); ++link) {
                if (traffic.sends[link].empty() && traffic.receives[link].empty()) continue;
                const auto& map = run->launch->links;
                const int at = map.empty() ? int(link) : map[link];
                if (at < 0) return false;
                End& end = ends_[place({run->launch->chip, at})];
                if (!traffic.sends[link].empty()) end.sends.push_back({run->begin, &traffic.sends[link]});
                if (!traffic.receives[link].empty()) end.receives.push_back({run->begin, &traffic.receives[link]});
            }
        }
        return true;
    }

    /// False when a vector is late, an end full, or programs that follow each other send too closely.
    bool compare(const models::Port& from, const models::Port& to, int latency) {
        const End &sender = ends_[place(from)], &receiver = ends_[place(to)];
        const int64_t interval = system_.chip.timing.c2c_vector_interval;
        for (size_t i = 1; i < sender.sends.size(); ++i) {
            const Stretch &before = sender.sends[i - 1], &after = sender.sends[i];
            if (after.begin + after.cycles->front() - before.begin - before.cycles->back() < interval) return false;
        }
        const int64_t room = int64_t(system_.chip.fifo_vectors);
        int64_t vectors = 0, received = 0, deepest = 0;
        Walk receives(receiver.receives), paired(receiver.receives);
        for (Walk sends(sender.sends); !sends.over(); sends.next()) {
            const int64_t arrival = sends.cycle() + latency;
            ++vectors;
            if (!paired.over()) {
                if (paired.cycle() < arrival) return false;
                paired.next();
            }
            for (; !receives.over() && receives.cycle() <= arrival; receives.next()) ++received;
            deepest = std::max(deepest, vectors - received);
        }
        if (!paired.over() || deepest > room) return false;
        if (vectors == 0) return true;
        summary_.links.push_back({from.chip, from.link, vectors, int(deepest)});
        for (const LinkError& error : errors_)
            if (error.chip == from.chip && error.link == from.link && error.vector >= 0 && error.vector < vectors)
                summary_.link_errors.push_back(error);
        return true;
    }

    const models::System& system_;
    const SystemOptions& options_;
    const std::set<LinkError> errors_;  ///< to inject
    std::vector<LaunchRun>& launches_;
    std::vector<size_t> simulated_;  ///< by launch: place in the following
    std::vector<Traffic> traffic_;
    std::vector<Counters> counters_;
    std::vector<std::string> digests_;
    std::vector<End> ends_;  ///< [chip][link]
    Summary summary_;
};

}  // namespace

std::optional<SystemResult> run_deferred(const models::System& system, const SystemOptions& options,
                                         std::vector<LaunchRun> launches) {
    return Deferred(system, options, launches).run();
}

}  // namespace superlane::sim
