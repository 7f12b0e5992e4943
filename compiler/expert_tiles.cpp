// SPDX-License-Identifier: Apache-2.0
// Tiles of an expert that is known only when the program runs: its weights are gathered by a map.
#include <algorithm>
#include <climits>
#include <cstdlib>

#include "base/error.hpp"
#include "compiler/lowering.hpp"

namespace superlane::compiler {

/// `cycles` words of every slice, so that the first stands at the MXM at cycle `at`.
void Lowering::gather(Task& task, const MxmUnit& unit, const WeightRows& weights, int experts, int at, int cycles,
                      uint16_t map) {
    const Side direction = outward(unit.side);
    const int position = problem_.plan().mxm_in(unit.side);
    for (int i = 0; i < int(weights.regions.size()); ++i) {
        const VectorRegion& region = weights.regions[size_t(i)];
        SUPERLANE_CHECK((weights.first + cycles) * experts <= region.rows, weights.first, cycles, region.rows);
        for (int k = 0; k < region.width; ++k) {
            const int slice = region.slices[size_t(k)], stream = weight_stream(unit, i) + k;
            const int slice_position = problem_.plan().mem(region.side, slice);
            const int dispatch = at - std::abs(position - slice_position) - chip().timing.mem_gather;
            Issue issue{problem_.queues().mem(region.side, slice), dispatch, cycles, 1, cycles == 1 ? 1 : experts, {}};
            issue.instruction.opcode = Opcode::Gather;
            issue.instruction.index = uint16_t(region.address + weights.first * experts);
            issue.instruction.b = map;
            issue.instruction.dst = isa::stream(direction, stream);
            task.issues.push_back(issue);
            const int index = int(region.side) * chip().geometry.mem_slices + slice;
            task.banks.push_back({index, region.address, 0, cycles, 1, dispatch, false, true});
            task.flows.push_back({direction, stream, isa::diagonal(direction, at, position), cycles, 1,
                                  std::min(position, slice_position), std::max(position, slice_position)});
        }
    }
}

/// The map passes every slice while it gathers. Weights and map go opposite ways, so the map must stand longer than a
/// burst: from the first gather of the outermost slice to the last of the innermost.
void Lowering::spread_map(Task& task, const ExpertMap& map, Side side) {
    const Side in = inward(side);
    const isa::Floorplan& plan = problem_.plan();
    const int source = plan.mem(side, map.region.slices[0]);
    int64_t first = INT64_MAX, last = INT64_MIN;
    int reach = source;
    for (const Issue& issue : task.issues) {
        if (issue.instruction.opcode != Opcode::Gather) continue;
        const int position = plan.mem(side, problem_.queues()[issue.queue].unit);
        SUPERLANE_CHECK(std::abs(position) <= std::abs(source), "weights outside their map", position, source);
        const int64_t diagonal = isa::diagonal(in, issue.at, position);
        first = std::min(first, diagonal);
        last = std::max(last, diagonal + issue.count - 1);
        if (std::abs(position) < std::abs(reach)) reach = position;
    }
    const int window = int(last - first) + 1;
    const int leaves = int(first + (in == Side::East ? source : -source));
    add_access(problem_, task, Opcode::Read, map.region, 0, map.row, 0, window, 1, leaves - chip().timing.mem_read,
               isa::stream(in, map.stream));
    task.flows.push_back({in, map.stream, first, window, 1, std::min(source, reach), std::max(source, reach)});
}

void Lowering::expert_tiles(const MxmUnit& unit, const std::vector<WeightRows>& weights, const ExpertMap& map,
                            const std::vector<Pass>& passes) {
    SUPERLANE_CHECK(!weights.empty() && weights.size() == passes.size(), weights.size(), passes.size());
    const isa::Timing& timing = chip().timing;
    const int interval = unit.half ? timing.mxm_half_interval : 1, cycles = weights[0].cycles;
    // A tile is installed no sooner than the last activation of the one before has passed.
    const int period = std::max(cycles, timing.mxm_install_ripple + (passes[0].activations.count - 1) * interval + 1);
    const int count = int(weights.size());
    Task task;
    for (int first = 0; first < count;) {  // words that follow each other in one burst
        const WeightRows& rows = weights[size_t(first)];
        int next = first + 1;
        while (period == cycles && next < count && weights[size_t(next)].first > weights[size_t(next) - 1].first)
            ++next;
        gather(task, unit, rows, map.experts, first * period, (next - first) * cycles,
               isa::stream(inward(unit.side), map.stream));
        first = next;
    }
    spread_map(task, map, unit.side);
    int next = 0;
    for (int i = 0; i < count; ++i) {
        SUPERLANE_CHECK(weights[size_t(i)].cycles == cycles, "tiles of one run are equally wide");
        Issue load{problem_.queues().mxm(unit.side, unit.plane, isa::MxmPort::Weights), i * period, cycles, 1, 0, {}};
        load.instruction.opcode = Opcode::LoadWeights;
        load.instruction.dtype = unit.type();
        load.instruction.a = isa::stream(outward(unit.side), weight_stream(unit, 0));
        load.instruction.count = uint8_t(weights[size_t(i)].regions.size());
        task.issues.push_back(load);
        occupy_pair(task, unit, isa::MxmPort::Weights, i * period, cycles);
        const int installed = i * period + cycles;
        install(task, unit, installed);
        next = installed + timing.mxm_install_ripple;
        const Pass& pass = passes[size_t(i)];
        activate(task, unit, pass.activations, next, interval);
        accumulate(task, unit, pass, next + timing.mxm_activation_in + timing.mxm_multiply, interval);
        next += (pass.activations.count - 1) * interval;
    }
    follow(task, unit, cycles);
    const int index = problem_.add(std::move(task));
    for (int plane = unit.plane; plane <= unit.plane + int(unit.half); ++plane)
        last(unit, plane) = {index, (count - 1) * period + cycles, next};
}

}  // namespace superlane::compiler
