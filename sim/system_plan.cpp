// SPDX-License-Identifier: Apache-2.0
// Launches before and after a run: what cannot be launched is refused; parts are put together to a result.
#include <algorithm>
#include <set>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "sim/system_run.hpp"

namespace superlane::sim {
namespace {

void check(const models::System& system, const Launch& launch, const std::string& chip_digest, size_t number) {
    const auto refuse = [&](const auto&... why) {
        const std::string name = launch.name.empty() ? "" : " '" + launch.name + "'";
        throw user_error("launch ", number, name, " on chip ", launch.chip, ": ", why...);
    };
    if (launch.chip < 0 || launch.chip >= system.chips)
        refuse("system '", system.name, "' has ", system.chips, " chips");
    if (!launch.program) refuse("no program is given");
    if (launch.start_cycle < 0) refuse("start cycle ", launch.start_cycle, " is before the run's begin");
    if (launch.program->chip_digest != chip_digest)
        refuse("the program was prepared for another chip than '", system.chip.name, "'");
    if (!launch.links.empty() && int(launch.links.size()) < launch.program->links)
        refuse("the program uses ", launch.program->links, " links, of which the launch maps ", launch.links.size());
    std::set<int> taken;
    for (const int link : launch.links) {
        if (link < -1 || link >= system.chip.geometry.links)
            refuse("link ", link, ": the chip has ", system.chip.geometry.links);
        if (link >= 0 && !taken.insert(link).second) refuse("two links of the program are mapped to link ", link);
    }
    const int period = system.chip.timing.c2c_hac_period;
    const auto& alignments = launch.program->alignments;
    if (launch.start_cycle % period != 0 &&
        std::any_of(alignments.begin(), alignments.end(), [](const Alignment& a) { return a.epoch; }))
        refuse("a program with deskew must start at a multiple of ", period, " cycles, not at ", launch.start_cycle);
}

}  // namespace

std::vector<LaunchRun> plan_launches(const models::System& system, const SystemOptions& options,
                                     const std::string& chip_digest, const std::vector<Launch>& launches) {
    std::vector<LaunchRun> runs(launches.size());
    std::vector<size_t> order(launches.size());
    for (size_t i = 0; i < launches.size(); ++i) check(system, launches[i], chip_digest, order[i] = i);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t x, size_t y) { return launches[x].start_cycle < launches[y].start_cycle; });
    std::vector<const LaunchRun*> before(size_t(system.chips), nullptr);
    for (const size_t i : order) {
        const Launch& launch = launches[i];
        const LaunchRun*& last = before[size_t(launch.chip)];
        if (last && last->launch->start_cycle + last->launch->program->cycles > launch.start_cycle)
            throw user_error("launch ", i, " on chip ", launch.chip, " starts at cycle ", launch.start_cycle,
                             ", but the program before it ends at ",
                             last->launch->start_cycle + last->launch->program->cycles);
        LaunchRun& run = runs[i];
        run.launch = &launch;
        run.begin = std::max(launch.start_cycle, last ? last->end : 0);  // later only by drift
        const double ppm = options.drift_ppm.empty() ? 0 : options.drift_ppm[size_t(launch.chip)];
        run.wiring.clock = Clock(launch.start_cycle, ppm, launch.program->alignments, system.chip.timing.c2c_hac_period,
                                 run.begin - launch.start_cycle);
        run.wiring.launch = int(i);
        run.end = run.wiring.clock.system(launch.program->cycles);
        last = &run;
    }
    return runs;
}

SystemResult assemble(const std::vector<LaunchRun>& launches, Summary summary) {
    SystemResult result;
    Digest digest;
    std::set<const PreparedProgram*> programs;
    for (const LaunchRun& run : launches) {
        result.cycles = std::max(result.cycles, run.end);
        result.counters += run.counters;
        result.by_launch.push_back(run.counters);
        result.ends.push_back(run.end);
        programs.insert(run.launch->program.get());
        digest.number(run.launch->chip).number(run.begin).number(run.end).text(run.digest);
    }
    for (const auto& use : summary.links)
        digest.number(use.chip).number(use.link).number(use.vectors).number(use.deepest_fifo);
    for (const auto& hazard : summary.hazards) digest.text(hazard.message());
    for (const LinkError& error : summary.link_errors)
        digest.number(error.chip).number(error.link).number(error.vector);
    result.distinct_programs = int(programs.size());
    result.digest = digest.hex();
    result.stopped = summary.stopped;
    result.hazards = std::move(summary.hazards);
    result.links = std::move(summary.links);
    result.link_errors = std::move(summary.link_errors);
    return result;
}

std::string SystemResult::ChipHazard::message() const {
    std::string text = "chip " + std::to_string(chip);
    if (!program.empty()) text += ", '" + program + "'";
    return text + " at system cycle " + std::to_string(cycle) + ": " + hazard.message();
}

}  // namespace superlane::sim
