// SPDX-License-Identifier: Apache-2.0
// Tiles of matrix products on the MXM, and reductions over lanes.
#include "compiler/lowering.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"

namespace superlane::compiler {

using isa::MxmPort;

std::vector<MxmUnit> mxm_units(const isa::Geometry& geometry, bool half) {
    std::vector<MxmUnit> units;
    for (int plane = 0; plane < geometry.planes; plane += half ? 2 : 1)
        for (const Side side : {Side::West, Side::East}) units.push_back({side, plane, half});
    return units;
}

int Lowering::weight_stream(const MxmUnit& unit, int row) const {
    return unit.plane * chip().geometry.load_streams + row * (unit.half ? 2 : 1);
}

/// A pair's second plane may do nothing else on this port meanwhile.
void Lowering::occupy_pair(Task& task, const MxmUnit& unit, MxmPort port, int at, int length) {
    if (unit.half) task.holds.push_back({problem_.queues().mxm(unit.side, unit.plane + 1, port), at, length});
}

void Lowering::hold(const VectorRegion& region, int row, int rows, int slot, bool half) {
    Task task;
    const Side direction = outward(region.side);
    const int position = problem_.plan().mxm_in(region.side);
    const int travel = std::abs(position - problem_.plan().mem(region.side, region.slices[0])) + chip().timing.mem_read;
    for (int k = 0; k < region.width; ++k) {
        add_access(problem_, task, Opcode::Read, region, k, row, 1, rows, 1, -travel, isa::stream(direction, k));
        task.flows.push_back({direction, k, isa::diagonal(direction, 0, position), rows, 1,
                              std::min(position, problem_.plan().mem(region.side, region.slices[size_t(k)])),
                              std::max(position, problem_.plan().mem(region.side, region.slices[size_t(k)]))});
    }
    for (const MxmUnit& unit : mxm_units(chip().geometry, half)) {
        if (unit.side != region.side) continue;
        Issue issue{
            problem_.queues().mxm(unit.side, unit.plane, MxmPort::Activations), 0, rows, 1, rows == 1 ? 0 : 1, {}};
        issue.instruction.opcode = Opcode::ActivateHold;
        issue.instruction.dtype = unit.type();
        issue.instruction.a = isa::stream(direction, 0);
        issue.instruction.count = 1;
        issue.instruction.index = uint16_t(slot);
        task.issues.push_back(issue);
        occupy_pair(task, unit, MxmPort::Activations, 0, rows);
        task.accesses.push_back({problem_.activation_cell(unit.side, unit.plane, slot), 1, rows, 1, 0, 1, true});
    }
    problem_.add(std::move(task));
}

void Lowering::hold_at_once(const std::vector<VectorRegion>& vectors, int row, int slot, bool half) {
    Task task;
    const Side side = vectors[0].side, direction = outward(side);
    const int position = problem_.plan().mxm_in(side), count = int(vectors.size());
    for (int i = 0; i < count; ++i)
        for (int k = 0; k < vectors[size_t(i)].width; ++k) {
            const int stream = i * vectors[size_t(i)].width + k;
            const int slice_position = problem_.plan().mem(side, vectors[size_t(i)].slices[size_t(k)]);
            const int dispatch = -std::abs(position - slice_position) - chip().timing.mem_read;
            add_access(problem_, task, Opcode::Read, vectors[size_t(i)], k, row, 1, 1, 1, dispatch,
                       isa::stream(direction, stream));
            task.flows.push_back({direction, stream, isa::diagonal(direction, 0, position), 1, 1,
                                  std::min(position, slice_position), std::max(position, slice_position)});
        }
    for (const MxmUnit& unit : mxm_units(chip().geometry, half)) {
        if (unit.side != side) continue;
        Issue issue{problem_.queues().mxm(side, unit.plane, MxmPort::Activations), 0, 1, 1, 0, {}};
        issue.instruction.opcode = Opcode::ActivateHold;
        issue.instruction.dtype = unit.type();
        issue.instruction.a = isa::stream(direction, 0);
        issue.instruction.count = uint8_t(count);
        issue.instruction.index = uint16_t(slot);
        task.issues.push_back(issue);
        occupy_pair(task, unit, MxmPort::Activations, 0, 1);
        task.accesses.push_back({problem_.activation_cell(side, unit.plane, slot), 1, count, 0, 0, 1, true});
    }
    problem_.add(std::move(task));
}

void Lowering::load(Task& task, const MxmUnit& unit, const WeightRows& weights) {
    const int per_cycle = int(weights.regions.size());
    const int partial = weights.rows - (weights.cycles - 1) * per_cycle;  // rows of the last cycle
    SUPERLANE_CHECK(partial >= 1 && partial <= per_cycle && per_cycle <= chip().geometry.load_streams, partial,
                    per_cycle);
    const Side direction = outward(unit.side);
    const int position = problem_.plan().mxm_in(unit.side);
    for (int i = 0; i < per_cycle; ++i) {
        const VectorRegion& region = weights.regions[size_t(i)];
        const int cycles = i < partial ? weights.cycles : weights.cycles - 1;
        if (cycles == 0) continue;
        for (int k = 0; k < region.width; ++k) {
            const int stream = weight_stream(unit, i) + k;
            const int slice_position = problem_.plan().mem(region.side, region.slices[size_t(k)]);
            const int dispatch = -std::abs(position - slice_position) - chip().timing.mem_read;
            add_access(problem_, task, Opcode::Read, region, k, weights.first, weights.step, cycles, 1, dispatch,
                       isa::stream(direction, stream));
            task.flows.push_back({direction, stream, isa::diagonal(direction, 0, position), cycles, 1,
                                  std::min(position, slice_position), std::max(position, slice_position)});
        }
    }
    Issue issue{problem_.queues().mxm(unit.side, unit.plane, MxmPort::Weights),
                0,
                partial == per_cycle ? weights.cycles : weights.cycles - 1,
                1,
                0,
                {}};
    issue.instruction.opcode = Opcode::LoadWeights;
    issue.instruction.dtype = unit.type();
    issue.instruction.a = isa::stream(direction, weight_stream(unit, 0));
    issue.instruction.count = uint8_t(per_cycle);
    if (issue.count > 0) task.issues.push_back(issue);
    if (partial < per_cycle) {
        issue.at = weights.cycles - 1;
        issue.count = 1;
        issue.instruction.count = uint8_t(partial);
        task.issues.push_back(issue);
    }
    occupy_pair(task, unit, MxmPort::Weights, 0, weights.cycles);
}

/// Order on a plane: loads only after the last install, installs only after the last activation of the tile before.
void Lowering::follow(Task& task, const MxmUnit& unit, int installed) {
    for (int plane = unit.plane; plane <= unit.plane + int(unit.half); ++plane) {
        const LastTile& before = last(unit, plane);
        if (before.task < 0) continue;
        task.after.push_back({before.task, std::max(before.installed, before.last_activation + 1 - installed)});
    }
}

void Lowering::activate(Task& task, const MxmUnit& unit, const Activations& activations, int at, int interval) {
    const Side direction = outward(unit.side);
    const int length = (activations.count - 1) * interval + 1;
    Issue issue{
        problem_.queues().mxm(unit.side, unit.plane, MxmPort::Activations), at, activations.count, interval, 0, {}};
    issue.instruction.dtype = unit.type();
    occupy_pair(task, unit, MxmPort::Activations, at, length + interval - 1);
    if (!activations.region) {
        issue.instruction.opcode = Opcode::ActivatePlay;
        issue.instruction.index = uint16_t(activations.slot);
        issue.step = activations.count == 1 ? 0 : activations.slot_step;
        task.accesses.push_back({problem_.activation_cell(unit.side, unit.plane, activations.slot),
                                 activations.slot_step, activations.count, interval, at, 0, false});
        task.issues.push_back(issue);
        return;
    }
    const VectorRegion& region = *activations.region;
    SUPERLANE_CHECK(region.side == unit.side && region.width == (unit.half ? 2 : 1),
                    "activations of another side or width");
    const int stream = weight_stream(unit, 0);
    const int position = problem_.plan().mxm_in(unit.side);
    for (int k = 0; k < region.width; ++k) {
        const int slice_position = problem_.plan().mem(region.side, region.slices[size_t(k)]);
        const int dispatch = at - std::abs(position - slice_position) - chip().timing.mem_read;
        add_access(problem_, task, Opcode::Read, region, k, activations.row, activations.row_step, activations.count,
                   interval, dispatch, isa::stream(direction, stream + k));
        task.flows.push_back({direction, stream + k, isa::diagonal(direction, at, position), activations.count,
                              interval, std::min(position, slice_position), std::max(position, slice_position)});
    }
    issue.instruction.opcode = Opcode::Activate;
    issue.instruction.a = isa::stream(direction, stream);
    task.issues.push_back(issue);
}

void Lowering::accumulate(Task& task, const MxmUnit& unit, const Pass& pass, int at, int interval) {
    const int count = pass.activations.count;
    Issue issue{
        problem_.queues().mxm(unit.side, unit.plane, MxmPort::Accumulate), at, count, interval, count == 1 ? 0 : 1, {}};
    issue.instruction.opcode = pass.add ? Opcode::AccumulateAdd : Opcode::AccumulateSet;
    issue.instruction.dtype = unit.type();
    issue.instruction.index = uint16_t(pass.slot);
    task.issues.push_back(issue);
    occupy_pair(task, unit, MxmPort::Accumulate, at, (count - 1) * interval + 1);
    const uint32_t cell = problem_.accumulator_cell(unit.side, unit.plane, pass.slot);
    problem_.accumulator_cell(unit.side, unit.plane, pass.slot + count - 1);  // in range
    if (pass.add) task.accesses.push_back({cell, 1, count, interval, at, 0, false});
    task.accesses.push_back({cell, 1, count, interval, at, at + 1, true});
}

void Lowering::install(Task& task, const MxmUnit& unit, int at) {
    Issue issue{problem_.queues().mxm(unit.side, unit.plane, MxmPort::Activations), at, 1, 1, 0, {}};
    issue.instruction.opcode = Opcode::InstallWeights;
    issue.instruction.dtype = unit.type();
    task.issues.push_back(issue);
    occupy_pair(task, unit, MxmPort::Activations, at, 1);
}

void Lowering::tile(const MxmUnit& unit, const WeightRows& weights, const std::vector<Pass>& passes) {
    Task task;
    const isa::Timing& timing = chip().timing;
    const bool dram = in_dram(chip(), weights.regions[0]);
    dram ? load_from_dram(task, unit, weights) : load(task, unit, weights);
    const int installed = (weights.cycles - 1) * (dram ? timing.dram_vector_interval : 1) + 1;
    install(task, unit, installed);
    const int interval = unit.half ? timing.mxm_half_interval : 1;
    int next = installed + timing.mxm_install_ripple;
    for (const Pass& pass : passes) {
        activate(task, unit, pass.activations, next, interval);
        accumulate(task, unit, pass, next + timing.mxm_activation_in + timing.mxm_multiply, interval);
        next += pass.activations.count * interval;
    }
    follow(task, unit, installed);
    const int index = problem_.add(std::move(task));
    for (int plane = unit.plane; plane <= unit.plane + int(unit.half); ++plane)
        last(unit, plane) = {index, installed, next - interval};
}

void Lowering::store_accumulators(const MxmUnit& unit, int slot, int count, const VectorRegion& region, int row) {
    SUPERLANE_CHECK(region.side == unit.side && region.width == 4, "results of another side or width");
    Task task;
    const Side direction = inward(unit.side);
    const int stream = 4 * unit.plane;
    const int driven = chip().timing.mxm_accumulate_out;
    Issue issue{problem_.queues().mxm(unit.side, unit.plane, MxmPort::Accumulate), 0, count, 1, count == 1 ? 0 : 1, {}};
    issue.instruction.opcode = Opcode::AccumulateEmit;
    issue.instruction.dtype = unit.type();
    issue.instruction.index = uint16_t(slot);
    issue.instruction.dst = isa::stream(direction, stream);
    task.issues.push_back(issue);
    occupy_pair(task, unit, MxmPort::Accumulate, 0, count);
    task.accesses.push_back({problem_.accumulator_cell(unit.side, unit.plane, slot), 1, count, 1, 0, 0, false});
    const int out = problem_.plan().mxm_out(unit.side);
    for (int k = 0; k < 4; ++k) {
        const int position = problem_.plan().mem(region.side, region.slices[size_t(k)]);
        add_access(problem_, task, Opcode::Write, region, k, row, 1, count, 1, driven + std::abs(out - position),
                   isa::stream(direction, stream + k));
        task.flows.push_back({direction, stream + k, isa::diagonal(direction, driven, out), count, 1,
                              std::min(out, position), std::max(out, position)});
    }
    problem_.add(std::move(task));
}

void Lowering::reduce_lanes(DType type, isa::AccumulateOp reduction, const std::vector<Stage>& stages,
                            const VectorRegion& out, int out_row) {
    int turn = 1;
    for (size_t i = 0; i < stages.size(); ++i) {
        const Stage& stage = stages[i];
        const bool last = i + 1 == stages.size();
        VectorTask task = vector_task(stage.rotations);
        const auto turned = task.read_rotated(stage.region, type, stage.row, 0, 0, turn, next_permuter());
        task.write(task.accumulate(type, reduction, turned, stage.rotations), last ? out : stages[i + 1].region,
                   last ? out_row : stages[i + 1].row);
        problem_.add(task.finish());
        turn *= stage.rotations;
    }
    SUPERLANE_CHECK(turn == chip().lanes(), "stages cover", turn, "lanes");
}

std::vector<int> Lowering::two_stages() const { return {isa::lanes_per_superlane, chip().geometry.superlanes}; }

std::vector<int> Lowering::three_stages() const {
    const int first = isa::lanes_per_superlane / 2, rest = 2 * chip().geometry.superlanes;
    int second = 1;  // the divisor of the rest nearest its root, from above
    for (int divisor = 1; divisor <= rest; ++divisor)
        if (rest % divisor == 0 && (second * second < rest)) second = divisor;
    return {first, second, rest / second};
}

int Lowering::take_accumulators(int count) {
    const int slots = chip().geometry.accumulators;
    SUPERLANE_CHECK(count <= slots, "more results than accumulators", count);
    if (accumulator_ + count > slots) accumulator_ = 0;
    const int slot = accumulator_;
    accumulator_ += count;
    return slot;
}

int Lowering::take_activation_slots(int count) {
    const int slots = chip().geometry.activation_slots;
    SUPERLANE_CHECK(count <= slots, "more activations than slots", count);
    if (activation_slot_ + count > slots) activation_slot_ = 0;
    const int slot = activation_slot_;
    activation_slot_ += count;
    return slot;
}

}  // namespace superlane::compiler
