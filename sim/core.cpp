// SPDX-License-Identifier: Apache-2.0
// The order in which slices act, and what they share: driving, tapping, fetching.
#include "sim/core.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "sim/watch.hpp"

namespace superlane::sim {
namespace {

int longest_latency(const models::Chip& chip) {
    const isa::Timing& t = chip.timing;
    return std::max(
        {t.mem_read, t.mem_gather, t.vxm_op + t.vxm_exit_same_side, t.vxm_op + t.vxm_exit_through,
         t.vxm_special + t.vxm_exit_same_side, t.vxm_special + t.vxm_exit_through, t.mxm_accumulate_out, t.c2c_receive,
         2 * t.sxm_io_crossing + std::max({t.sxm_distributor, t.sxm_transposer, t.sxm_permuter, t.sxm_shifter})});
}

bool may_run_apart(const PreparedProgram& program, const Options& options, bool functional, const Wiring& wiring) {
    return options.engine == Engine::Fast && !functional && !options.text_trace && options.chrome_trace_file.empty() &&
           options.faults.empty() && program.alignments.empty() && wiring.alone;
}

}  // namespace

Shared::Shared(const models::Chip& chip, const PreparedProgram& program, const Options& options,
               std::vector<Sram>* srams, Wiring wiring)
    : chip(chip),
      geometry(chip.geometry),
      timing(chip.timing),
      plan(chip.floorplan()),
      slices(chip.geometry),
      program(program),
      options(options),
      lateness(program.longest_chunk + chip.timing.mem_write),
      travel(plan.east_end() - plan.west_end()),
      streams(geometry, plan, lateness),
      wiring(std::move(wiring)),
      srams(srams),
      sources(chip.lanes()) {
    for (auto& mem : counters.mem) mem.resize(size_t(geometry.mem_slices));
    for (auto& planes : counters.planes) planes.resize(size_t(geometry.planes));
    counters.alu_ops.resize(size_t(geometry.alus));
    if (options.text_trace) trace = std::make_unique<Trace>();
    if (!options.faults.empty()) ecc = std::make_unique<Ecc>(chip, options.faults);
    if (!functional()) return;
    streams.keep_sources(&sources);
    zero.resize(size_t(chip.lanes()));
    masked.resize(size_t(2 * isa::max_streams) * size_t(chip.lanes()));
    for (Sram& sram : *srams) sram.start_run(longest_latency(chip) + travel + lateness);
}

void Shared::drive(uint32_t id, const Chunk& chunk, const StreamUse& use, int position, int64_t now, uint32_t source) {
    const Beat times = chunk.drive_beat();
    if (times.count == 0 || use.streams == 0) return;
    if (apart) return recorder ? recorder->drive(use.operand, use.streams, position, times) : void();
    Segment segment;
    segment.burst = chunk.burst;
    segment.chunk = id;
    segment.source = source;
    streams.drive(
        use.operand, use.streams, position, times, now, segment,
        [&](const Segment& other, int operand, int64_t cycle) { collide(operand, other.burst, chunk.burst, cycle); });
    if (trace)
        trace->add(
            {times.first, chunk.burst, TraceRecord::Kind::Drive, use.operand, 0, times.count, no_burst, position});
}

/// Engines meet the two in either order: the hazard names the lower burst's slice.
void Shared::collide(int operand, uint32_t a, uint32_t b, int64_t cycle) {
    const int slice = program.slice_of_queue[program.bursts[std::min(a, b)].queue];
    hazards.add({HazardKind::Collision, cycle, slice, operand, a, b, {}});
}

void Shared::tap(int slice, const Chunk& chunk, const StreamUse& use, int position) {
    if (apart)
        return recorder && use.streams ? recorder->tap(use.operand, use.streams, position, chunk.beat()) : void();
    const auto look = [&](int k) {
        streams.tap(use.operand + k, position, chunk.beat(),
                    [&](const Segment* segment, uint32_t first, uint32_t count) {
                        const int64_t cycle = chunk.beat().at(first);
                        if (!segment)
                            hazard(HazardKind::Undriven, cycle, slice, chunk, nullptr, {}, use.operand + k);
                        else if (!program.alignments.empty())
                            check_realigned(slice, chunk, first, count, use.operand + k, position, *segment);
                        if (trace)
                            trace->add({cycle, chunk.burst, TraceRecord::Kind::Take, use.operand + k, first, count,
                                        segment ? segment->burst : no_burst, position, chunk.interval,
                                        segment ? Streams::placed(use.operand + k, segment->position) : 0});
                    });
    };
    if (!trace && program.alignments.empty())
        return streams.doubtful(use.operand, use.streams, position, chunk.beat(), look);
    for (int k = 0; k < use.streams; ++k) look(k);
}

/// A value that was driven before a re-alignment and is tapped after it is not where the schedule thinks.
void Shared::check_realigned(int slice, const Chunk& chunk, uint32_t first, uint32_t count, int operand, int position,
                             const Segment& segment) {
    const int64_t travelled =
        chunk.beat().at(first) - Streams::coordinate(operand, position, chunk.beat().at(first)) - segment.position;
    for (uint32_t i = first; i < first + count; ++i)
        for (const Alignment& alignment : program.alignments)
            if (const int64_t cycle = chunk.beat().at(i);
                cycle >= alignment.resume && cycle - travelled < alignment.resume)
                hazard(HazardKind::Realigned, cycle, slice, chunk, nullptr, {}, operand);
}

void Shared::fetch(const StreamUse& use, int position, int64_t cycle, const uint8_t** planes) {
    const int lanes = powered_lanes(cycle);
    for (int k = 0; k < use.streams; ++k) {
        const Segment* segment = streams.at(use.operand + k, position, cycle);
        planes[k] =
            segment
                ? sources.find(*segment, use.operand + k, Streams::coordinate(use.operand + k, position, cycle)).bytes
                : zero.data();
        if (lanes == chip.lanes()) continue;
        uint8_t* copy = masked.data() + size_t(isa::source_number(uint16_t(use.operand + k))) * zero.size();
        std::memcpy(copy, planes[k], size_t(lanes));
        std::memset(copy + lanes, 0, zero.size() - size_t(lanes));
        planes[k] = copy;
    }
}

void Shared::schedule(int slice, uint32_t id, const Chunk& chunk, int delay, uint8_t rank) {
    if (functional())
        agendas[agendas.size() > 1 ? size_t(slice) : 0].push({chunk.first + delay, uint16_t(slice), rank, id, 0});
}

Core::Core(const models::Chip& chip, const PreparedProgram& program, const Options& options, std::vector<Sram>* srams,
           Wiring wiring)
    : shared_(chip, program, options, srams, std::move(wiring)) {
    shared_.apart = may_run_apart(program, options, shared_.functional(), shared_.wiring);
    int number = 0;
    for (const isa::Side side : {isa::Side::West, isa::Side::East})
        for (int slice = 0; slice < chip.geometry.mem_slices; ++slice)
            slices_.push_back(make_mem(shared_, number++, side, slice));
    slices_.push_back(make_vxm(shared_, number++));
    for (const isa::Side side : {isa::Side::West, isa::Side::East})
        slices_.push_back(make_mxm(shared_, number++, side));
    for (const isa::Side side : {isa::Side::West, isa::Side::East})
        slices_.push_back(make_sxm(shared_, number++, side));
    slices_.push_back(make_c2c(shared_, number++));
    if (chip.has_dram()) slices_.push_back(make_dram(shared_, number++));
    if (!options.watches.empty()) watcher_ = std::make_unique<Watcher>(shared_, options.watches);
    const bool kernel = options.engine == Engine::Kernel;
    shared_.agendas.resize(kernel ? slices_.size() : 1);
    for (const RawHazard& hazard : program.hazards) shared_.hazards.add(hazard);
    if (!kernel) return;
    by_slice_.resize(slices_.size());
    slice_cursor_.resize(slices_.size());
    for (uint32_t i = 0; i < program.actions().size(); ++i) by_slice_[program.actions()[i].slice].push_back(i);
}

Core::~Core() = default;

/// Once a burst, whatever chunks it was cut into; LW acts only at its chunks' ends.
void Core::trace_dispatch(const Action& action, const Chunk& chunk) {
    const BurstInfo& burst = shared_.program.bursts[chunk.burst];
    const bool begins = action.act != Act::End || chunk.instruction.opcode == isa::Opcode::LoadWeights;
    if (begins && chunk.first == burst.cycle)
        shared_.trace->add({burst.cycle, chunk.burst, TraceRecord::Kind::Dispatch, -1, 0, burst.count, no_burst, 0});
}

void Slice::walk() {
    const PreparedProgram& program = shared_.program;
    for (const Turn& turn : program.tracks.slices[size_t(number_)])
        act({0, turn.chunk, uint16_t(number_), 0, turn.act}, program.chunks[turn.chunk]);
}

void Core::record(TrackRecorder& recorder) {
    shared_.apart = true;
    shared_.recorder = &recorder;
    for (auto& slice : slices_) slice->Slice::walk();
}

void Core::walk_tracks() {
    if (std::exchange(walked_, true)) return;
    for (auto& slice : slices_) slice->walk();
    for (const isa::Side direction : {isa::Side::West, isa::Side::East}) {
        const auto& bundles = shared_.program.tracks.bundles[size_t(direction)];
        for (size_t bundle = 0; bundle < bundles.size(); ++bundle)
            if (!bundles[bundle].walk(shared_.streams.cycles(direction, bundle)))
                shared_.hazards.add({HazardKind::Undriven, 0, -1, -1, no_burst, no_burst, {}});
    }
}

void record_tracks(const models::Chip& chip, PreparedProgram& program) {
    program.tracks.slices = turns(program);
    std::vector<LinkEnd> ends(size_t(program.links));
    Wiring wiring;
    for (LinkEnd& end : ends) {
        end.checked = false;
        wiring.ends.push_back(&end);
    }
    TrackRecorder recorder(chip.geometry, chip.floorplan());
    Core core(chip, program, {}, nullptr, std::move(wiring));
    core.record(recorder);
    program.tracks.bundles = recorder.bundles();
    program.tracks.accesses = recorder.accesses();
    program.tracks.alu_ops = core.shared().counters.alu_ops;
}

void Core::compute(Agenda& agenda) {
    Element element = agenda.top();
    agenda.pop();
    const Chunk& chunk = shared_.program.chunks[element.chunk];
    slices_[element.slice]->compute(element, chunk);
    if (++element.index == chunk.count) return;
    element.cycle += chunk.interval;
    agenda.push(element);
}

bool Core::advance(int64_t cycle) {
    if (apart()) return walk_tracks(), false;
    Agenda& agenda = shared_.agendas[0];
    const std::vector<Action>& actions = shared_.program.actions();
    while (cursor_ < actions.size() && actions[cursor_].cycle < cycle) {
        const Action& action = actions[cursor_];
        while (!agenda.empty() && agenda.top().cycle < action.cycle) compute(agenda);
        if (watcher_) watcher_->look_until(action.cycle);
        if (cursor_ + 4 < actions.size()) __builtin_prefetch(&shared_.program.chunks[actions[cursor_ + 4].chunk]);
        act(action);
        ++cursor_;
    }
    while (!agenda.empty() && agenda.top().cycle < cycle) compute(agenda);
    return !must_stop(cycle) && (cursor_ < actions.size() || !agenda.empty());
}

int64_t Core::next_cycle() const {
    if (apart()) return INT64_MAX;
    const Agenda& agenda = shared_.agendas[0];
    const std::vector<Action>& actions = shared_.program.actions();
    int64_t next = cursor_ < actions.size() ? actions[cursor_].cycle : INT64_MAX;
    if (!agenda.empty()) next = std::min(next, agenda.top().cycle);
    return next;
}

int64_t Core::first_cycle(int slice) const {
    const auto& own = by_slice_[size_t(slice)];
    return own.empty() ? -1 : shared_.program.actions()[own.front()].cycle;
}

int64_t Core::advance_slice(int slice, int64_t cycle) {
    if (stopped_) return -1;
    const auto& actions = shared_.program.actions();
    const auto& own = by_slice_[size_t(slice)];
    size_t& cursor = slice_cursor_[size_t(slice)];
    Agenda& agenda = shared_.agendas[size_t(slice)];
    for (; cursor < own.size() && actions[own[cursor]].cycle == cycle; ++cursor) act(actions[own[cursor]]);
    while (!agenda.empty() && agenda.top().cycle == cycle) compute(agenda);
    int64_t next = cursor < own.size() ? actions[own[cursor]].cycle : -1;
    if (!agenda.empty() && (next < 0 || agenda.top().cycle < next)) next = agenda.top().cycle;
    SUPERLANE_CHECK(next < 0 || next > cycle, next, cycle);
    return next;
}

bool Core::must_stop(int64_t cycle) {
    if (shared_.ecc) shared_.ecc->judge(cycle, shared_.hazards);
    if (shared_.ecc && shared_.ecc->fatal()) stopped_ = true;
    if (shared_.hazards.before(cycle) >= shared_.options.max_hazards) stopped_ = true;
    return stopped_;
}

RunResult Core::finish() {
    RunResult result;
    const PreparedProgram& program = shared_.program;
    if (shared_.ecc) shared_.ecc->judge(INT64_MAX, shared_.hazards);
    result.cycles = program.cycles;
    result.last_tile_cycles = program.cycles + shared_.geometry.superlanes - 1;
    result.stopped = stopped_ || (shared_.ecc && shared_.ecc->fatal()) ||
                     shared_.hazards.before(INT64_MAX) >= shared_.options.max_hazards;
    result.hazards = shared_.hazards.report(program, shared_.options.max_hazards);
    result.corrected_ecc = shared_.ecc ? shared_.ecc->corrected() : 0;
    result.counters = shared_.counters;
    result.counters.stream_cycles = shared_.streams.driven_cycles();
    result.counters.instructions = program.instruction_cycles;
    result.counters.fetch_bytes = program.instruction_bytes;
    add_energy(shared_.chip, program.cycles, result.counters);
    for (Departure& departure : shared_.outbox)
        result.sent.push_back({departure.link, departure.cycle, std::move(departure.bytes)});
    std::stable_sort(result.sent.begin(), result.sent.end(), [](const LinkVector& x, const LinkVector& y) {
        return std::tie(x.cycle, x.link) < std::tie(y.cycle, y.link);
    });
    if (watcher_) result.watched = watcher_->take();
    if (shared_.options.text_trace) {
        result.trace = shared_.trace->text(program);
        result.trace_digest = Digest().text(result.trace).hex();
    }
    return result;
}

}  // namespace superlane::sim
