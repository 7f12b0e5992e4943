// SPDX-License-Identifier: Apache-2.0
// An MXM side in time: load buffers, installs, activations, accumulators, and what a schedule can get wrong with them.
#include "sim/mxm.hpp"

#include <algorithm>

namespace superlane::sim {

using isa::Opcode;

MxmSlice::MxmSlice(Shared& shared, int number, isa::Side side)
    : Slice(shared, number), side_(side), in_(shared.plan.mxm_in(side)), out_(shared.plan.mxm_out(side)), planes_(size_t(shared.geometry.planes)) {
    for (Plane& plane : planes_) {
        plane.held.resize(size_t(shared.geometry.activation_slots));
        plane.accumulated.resize(size_t(shared.geometry.accumulators));
    }
    if (!shared.functional()) return;
    for (int plane = 0; plane < shared.geometry.planes; ++plane) data_.emplace_back(shared.geometry, uint32_t(arrival_delay()) + 1, shared_.zero.data());
}

void MxmSlice::act(const Action& action, const Chunk& chunk) {
    if (action.act != Act::End) start(action.chunk, chunk);
    if (action.act != Act::Start) end(chunk);
    if (chunk.instruction.opcode == Opcode::LoadWeights) check_port(action.chunk, chunk, isa::MxmPort::Weights);
}

void MxmSlice::start(uint32_t id, const Chunk& chunk) {
    Plane& plane = this->plane(chunk);
    switch (chunk.instruction.opcode) {
        case Opcode::InstallWeights: install(chunk); break;
        case Opcode::Activate: activate(id, chunk); break;
        case Opcode::ActivatePlay:
            for (int next = 0; next < width(chunk); ++next) need(this->plane(chunk, next).held, chunk);
            activate(id, chunk);
            break;
        case Opcode::ActivateHold:
            for (int next = 0; next < width(chunk); ++next) fill(this->plane(chunk, next).held, chunk, chunk.instruction.count);
            break;
        case Opcode::AccumulateSet: fill(plane.accumulated, chunk, 1); break;
        case Opcode::AccumulateAdd: need(plane.accumulated, chunk); break;
        case Opcode::AccumulateEmit: need(plane.accumulated, chunk); [[fallthrough]];
        case Opcode::AccumulatePass: emit(id, chunk); break;
        default: return;  // Ifetch
    }
    const bool accumulates = isa::row_of(chunk.instruction.opcode).unit == isa::Unit::Accumulate;
    check_port(id, chunk, accumulates ? isa::MxmPort::Accumulate : isa::MxmPort::Activations);
    if (chunk.instruction.opcode != Opcode::InstallWeights) shared_.schedule(number_, id, chunk);
}

void MxmSlice::end(const Chunk& chunk) {
    switch (chunk.instruction.opcode) {
        case Opcode::LoadWeights: return load(chunk);
        case Opcode::Activate:
        case Opcode::ActivateHold:
        case Opcode::Ifetch: return shared_.tap(number_, chunk, use_a(chunk.instruction), in_);
        case Opcode::AccumulateSet:
        case Opcode::AccumulateAdd:
        case Opcode::AccumulatePass: return check_result(chunk);
        default: return;
    }
}

void MxmSlice::load(const Chunk& chunk) {
    shared_.tap(number_, chunk, use_a(chunk.instruction), in_);
    const int vectors = int(chunk.count) * chunk.instruction.count;
    shared_.counters.planes[size_t(side_)][chunk.unit].weight_vectors += uint64_t(vectors);
    if (shared_.functional()) hold_rows(chunk);
    for (int next = 0; next < width(chunk); ++next) {
        Weights& load = plane(chunk, next).load;
        if (load.rows > 0 && load.type != chunk.instruction.dtype) shared_.hazard(HazardKind::WeightType, chunk.first, number_, chunk, nullptr, "load buffer");
        load.type = chunk.instruction.dtype;
        const int room = shared_.chip.lanes() - load.rows;
        if (vectors > room && next == 0)
            shared_.hazard(HazardKind::LoadOverflow, chunk.beat().at(uint32_t(room / chunk.instruction.count)), number_, chunk, nullptr,
                           "row " + std::to_string(load.rows + vectors) + " of " + std::to_string(shared_.chip.lanes()));
        load.rows = std::min(load.rows + vectors, shared_.chip.lanes());
    }
}

void MxmSlice::install(const Chunk& chunk) {
    if (shared_.functional()) swap_rows(chunk);
    for (int next = 0; next < width(chunk); ++next) {
        Plane& plane = this->plane(chunk, next);
        if (plane.load.rows == 0 && next == 0) shared_.hazard(HazardKind::InstallEmpty, chunk.first, number_, chunk);
        if (plane.load.rows > 0 && plane.load.type != chunk.instruction.dtype)
            shared_.hazard(HazardKind::WeightType, chunk.first, number_, chunk, nullptr, "load buffer");
        plane.array = {plane.load.rows, chunk.instruction.dtype};
        plane.load.rows = 0;
        plane.installed = true;
        plane.install_cycle = chunk.first;
    }
}

void MxmSlice::activate(uint32_t id, const Chunk& chunk) {
    Plane& plane = this->plane(chunk);
    check_array(chunk);
    if (half(chunk)) check_half_interval(id, chunk);
    plane.arrivals.forget([&](const Arrivals& old) { return old.beat.last() < chunk.first - shared_.lateness; });
    Arrivals& arrivals = plane.arrivals.add();
    arrivals.beat = chunk.beat().delayed(arrival_delay());
    arrivals.type = chunk.instruction.dtype;
    PlaneCounters& counters = shared_.counters.planes[size_t(side_)][chunk.unit];
    counters.activations += chunk.count;
    const uint64_t macs = uint64_t(chunk.count) * uint64_t(plane.array.rows) * uint64_t(shared_.powered_lanes(chunk.first));
    (half(chunk) ? counters.macs_fp16 : counters.macs_int8) += macs;
}

void MxmSlice::check_array(const Chunk& chunk) {
    for (int next = 0; next < width(chunk); ++next) {
        const Plane& plane = this->plane(chunk, next);
        if (!plane.installed) return shared_.hazard(HazardKind::NoWeights, chunk.first, number_, chunk);
        if (chunk.first < plane.install_cycle + shared_.timing.mxm_install_ripple)
            return shared_.hazard(HazardKind::InstallRipple, chunk.first, number_, chunk, nullptr, "installed at cycle " + std::to_string(plane.install_cycle));
        if (plane.array.type != chunk.instruction.dtype) return shared_.hazard(HazardKind::WeightType, chunk.first, number_, chunk, nullptr, "array");
    }
}

void MxmSlice::check_half_interval(uint32_t id, const Chunk& chunk) {
    Plane& plane = this->plane(chunk);
    const int least = shared_.timing.mxm_half_interval;
    if (chunk.count > 1 && int(chunk.interval) < least) shared_.hazard(HazardKind::HalfInterval, chunk.first + chunk.interval, number_, chunk);
    if (plane.last_half_chunk != no_burst && chunk.first - plane.last_half < least)
        shared_.hazard(HazardKind::HalfInterval, chunk.first, number_, shared_.program.chunks[plane.last_half_chunk], &chunk);
    plane.last_half = chunk.last();
    plane.last_half_chunk = id;
}

void MxmSlice::fill(std::vector<bool>& slots, const Chunk& chunk, int each) {
    for (uint32_t i = 0; i < chunk.count; ++i)
        for (int k = 0; k < each; ++k) slots[size_t(chunk.index + int32_t(i) * chunk.step + k)] = true;
}

void MxmSlice::need(const std::vector<bool>& slots, const Chunk& chunk) {
    for (uint32_t i = 0; i < chunk.count; ++i) {
        const int slot = chunk.index + int32_t(i) * chunk.step;
        if (!slots[size_t(slot)])
            return shared_.hazard(HazardKind::EmptySlot, chunk.beat().at(i), number_, chunk, nullptr, "slot " + std::to_string(slot));
    }
}

void MxmSlice::check_result(const Chunk& chunk) {
    const auto& arrivals = plane(chunk).arrivals;
    const auto stands = [&](int64_t cycle) {
        return arrivals.any([&](const Arrivals& a) { return a.type == chunk.instruction.dtype && a.beat.covers(cycle); });
    };
    for (uint32_t i = 0; i < chunk.count; ++i)
        if (!stands(chunk.beat().at(i))) return shared_.hazard(HazardKind::NoResult, chunk.beat().at(i), number_, chunk);
}

/// f16 on the even plane takes the same port of the odd one.
void MxmSlice::check_port(uint32_t id, const Chunk& chunk, isa::MxmPort port) {
    const size_t other = size_t(chunk.unit) ^ 1u;
    if (other >= planes_.size()) return;
    PortUses& own = plane(chunk).uses[size_t(port)];
    own.recent.forget([&](const PortUse& old) { return old.last < chunk.first - shared_.lateness; });
    PortUse& use = own.recent.add();
    use.chunk = id;
    use.last = chunk.last();
    use.half = half(chunk);
    (use.half ? own.last_half : own.last) = std::max(use.half ? own.last_half : own.last, use.last);
    const PortUses& beside = planes_[other].uses[size_t(port)];
    if (beside.last_half < chunk.first && (!use.half || beside.last < chunk.first)) return;
    for (size_t i = 0; i < beside.recent.size(); ++i) {
        const PortUse& old = beside.recent[i];
        if (!old.half && !use.half) continue;
        const Chunk& first = shared_.program.chunks[old.chunk];
        if (const auto cycle = first_common(first.beat(), chunk.beat())) shared_.hazard(HazardKind::PairPort, *cycle, number_, first, &chunk);
    }
}

void MxmSlice::emit(uint32_t id, const Chunk& chunk) { results_.drive(id, chunk, use_dst(chunk.instruction), out_); }

namespace {

/// Told by every SRAM of the chip; tells both sides.
class BothSides final : public RowHolder {
public:
    void detach(const uint8_t* row) override {
        for (MxmSlice* side : sides) side->detach(row);
    }
    std::vector<MxmSlice*> sides;
};

}  // namespace

std::unique_ptr<Slice> make_mxm(Shared& shared, int number, isa::Side side) {
    auto slice = std::make_unique<MxmSlice>(shared, number, side);
    if (!shared.planes) shared.planes = std::make_unique<BothSides>();
    static_cast<BothSides&>(*shared.planes).sides.push_back(slice.get());
    return slice;
}

}  // namespace superlane::sim
