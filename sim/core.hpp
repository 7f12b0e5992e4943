// SPDX-License-Identifier: Apache-2.0
// One run of one chip: what its slices share, and the order in which they act. No SystemC here: engines call advance().
#pragma once
#include <memory>
#include <queue>
#include <vector>

#include "sim/ecc.hpp"
#include "sim/links.hpp"
#include "sim/log.hpp"
#include "sim/machine.hpp"
#include "sim/prepare.hpp"
#include "sim/sources.hpp"
#include "sim/streams.hpp"

namespace superlane::sim {

/// Work of functional mode: one element of a chunk, in the cycle in which it samples its operands (a Write: accesses its bank).
struct Element {
    int64_t cycle = 0;
    uint16_t slice = 0;
    uint8_t rank = 0;  ///< writes come before gathers of one cycle
    uint32_t chunk = 0, index = 0;
    bool operator<(const Element& other) const {  // for a heap with the earliest on top
        return std::tie(cycle, slice, rank, chunk, index) > std::tie(other.cycle, other.slice, other.rank, other.chunk, other.index);
    }
};
using Agenda = std::priority_queue<Element>;

/// What the slices of a chip share during a run.
class Shared {
public:
    Shared(const models::Chip& chip, const PreparedProgram& program, const Options& options, std::vector<Sram>* srams, Wiring wiring);

    bool functional() const { return srams != nullptr; }

    /// Tracks are walked one by one: what slices drive and tap is there already, and not looked at again.
    bool apart = false;
    TrackRecorder* recorder = nullptr;  ///< notes it the first time

    /// Registers a chunk's results: `use` streams at `position`, in the cycles of its drive beat. `source` carries the values.
    void drive(uint32_t id, const Chunk& chunk, const StreamUse& use, int position, int64_t now, uint32_t source);
    /// Two bursts drive one register.
    void collide(int operand, uint32_t a, uint32_t b, int64_t cycle);
    /// Checks that every element of a chunk finds a value on `use` streams at `position`.
    void tap(int slice, const Chunk& chunk, const StreamUse& use, int position);
    void check_realigned(int slice, const Chunk& chunk, uint32_t first, uint32_t count, int operand, int position, const Segment& segment);
    /// Values of one element's operand, `use.streams` planes, into `planes` (pointers) by way of `scratch` where lanes are off.
    void fetch(const StreamUse& use, int position, int64_t cycle, const uint8_t** planes);
    /// Functional work for every element of a chunk, `delay` after its dispatch.
    void schedule(int slice, uint32_t id, const Chunk& chunk, int delay = 0, uint8_t rank = 1);
    void hazard(HazardKind kind, int64_t cycle, int slice, const Chunk& a, const Chunk* b = nullptr, std::string detail = {}, int stream = -1) {
        hazards.add({kind, cycle, slice, stream, a.burst, b ? b->burst : no_burst, std::move(detail)});
    }
    int powered_lanes(int64_t cycle) const { return program.powered.empty() ? chip.lanes() : program.powered_superlanes(cycle) * isa::lanes_per_superlane; }

    const models::Chip& chip;
    const isa::Geometry& geometry;
    const isa::Timing& timing;
    const isa::Floorplan plan;
    const SliceMap slices;
    const PreparedProgram& program;
    const Options& options;
    const int lateness;  ///< cycles from a tap to the event that looks at it, at most
    const int travel;    ///< cycles from a drive to the chip's far end
    Streams streams;
    HazardLog hazards;
    Counters counters;
    std::unique_ptr<Trace> trace;
    Wiring wiring;
    std::vector<Departure> outbox;       ///< emptied by whoever takes vectors further
    std::vector<LinkEvent> link_events;  ///< all of the run
    std::unique_ptr<Ecc> ecc;  ///< only if faults are injected

    // Functional mode only.
    std::vector<Sram>* srams;  ///< of MEM slices by their number, then of DRAM channels (ChipMemory)
    SourcePool sources;
    std::vector<Agenda> agendas;        ///< one, or one a slice in kernel mode
    std::unique_ptr<RowHolder> planes;  ///< to be told of rows that change
    std::vector<uint8_t> zero;
    std::vector<uint8_t> masked;  ///< copies of operands, their powered-down lanes zero
};

class Watcher;

class Slice {
public:
    Slice(Shared& shared, int number) : shared_(shared), number_(number) {}
    virtual ~Slice() = default;
    virtual void act(const Action& action, const Chunk& chunk) = 0;
    /// Its track, from begin to end.
    virtual void walk();
    virtual void compute(const Element&, const Chunk&) {}

protected:
    Shared& shared_;
    int number_;
};

class Core {
public:
    Core(const models::Chip& chip, const PreparedProgram& program, const Options& options, std::vector<Sram>* srams,
         Wiring wiring);
    ~Core();

    /// Whether this run is walked track by track: only time is simulated, nobody looks at what happens between, and
    /// the chip is alone. Of its hazards it knows only that there are some: they are found by a run that is not alone.
    bool apart() const { return shared_.apart; }
    /// Notes what slices drive and tap.
    void record(TrackRecorder& recorder);

    /// Acts on everything before `cycle`; false when nothing is left or the run must stop.
    bool advance(int64_t cycle);
    /// The same for one slice and one cycle at a time (kernel mode): acts on what is due at `cycle`, returns the next cycle at
    /// which the slice has something to do, or -1.
    int64_t advance_slice(int slice, int64_t cycle);
    int64_t first_cycle(int slice) const;
    /// The next cycle at which something is due for advance(); INT64_MAX when nothing is left.
    int64_t next_cycle() const;
    /// Called by the engine at the end of each window; true when the run must stop.
    bool must_stop(int64_t cycle);
    /// An uncorrectable word was read.
    bool fatal() const { return shared_.ecc && shared_.ecc->fatal(); }
    int slices() const { return int(slices_.size()); }
    Shared& shared() { return shared_; }
    RunResult finish();

private:
    void act(const Action& action) {
        const Chunk& chunk = shared_.program.chunks[action.chunk];
        if (shared_.trace) trace_dispatch(action, chunk);
        slices_[action.slice]->act(action, chunk);
    }
    void walk_tracks();
    void trace_dispatch(const Action& action, const Chunk& chunk);
    void compute(Agenda& agenda);

    Shared shared_;
    std::unique_ptr<Watcher> watcher_;  ///< only if streams are watched
    std::vector<std::unique_ptr<Slice>> slices_;
    size_t cursor_ = 0;
    std::vector<std::vector<uint32_t>> by_slice_;  ///< kernel mode: actions of each slice
    std::vector<size_t> slice_cursor_;
    bool walked_ = false;  ///< all tracks, where they are walked apart
    bool stopped_ = false;
};

std::unique_ptr<Slice> make_mem(Shared& shared, int number, isa::Side side, int slice);
std::unique_ptr<Slice> make_vxm(Shared& shared, int number);
std::unique_ptr<Slice> make_mxm(Shared& shared, int number, isa::Side side);
std::unique_ptr<Slice> make_sxm(Shared& shared, int number, isa::Side side);
std::unique_ptr<Slice> make_c2c(Shared& shared, int number);
std::unique_ptr<Slice> make_dram(Shared& shared, int number);

}  // namespace superlane::sim
