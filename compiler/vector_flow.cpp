// SPDX-License-Identifier: Apache-2.0
// Issues and stream flows of a vector task, once its times are known.
#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "compiler/vector_task.hpp"

namespace superlane::compiler {

void add_access(const Problem& problem, Task& task, Opcode opcode, const VectorRegion& region, int byte, int row,
                int step, int count, int interval, int at, uint16_t stream) {
    const int slice = region.slices[size_t(byte)];
    const int address = region.address + row;
    SUPERLANE_CHECK(row >= 0 && row + (count - 1) * step >= 0 && std::max(row, row + (count - 1) * step) < region.rows,
                    "row", row, "of", region.rows);
    const isa::Timing& timing = problem.chip().timing;
    const bool write = opcode == Opcode::Write;
    Issue issue{problem.queues().mem(region.side, slice), at, count, interval, count == 1 ? 1 : step, {}};
    issue.instruction.opcode = opcode;
    issue.instruction.index = uint16_t(address);
    (write ? issue.instruction.a : issue.instruction.dst) = stream;
    task.issues.push_back(issue);
    const int bank_at = write ? at + timing.mem_write - 1 : at;
    const int index = int(region.side) * problem.chip().geometry.mem_slices + slice;
    task.banks.push_back({index, address, step, count, interval, bank_at, write, false});
    if (byte > 0 || (region.constant && !write)) return;  // a vector's bytes are used together: byte 0 stands for all
    const int settled = bank_at + timing.mem_turnaround;
    task.accesses.push_back(
        {problem.word_cell(region.side, slice, address), step, count, interval, bank_at, settled, write});
}

int VectorTask::take_streams(Side direction, bool is_outward, int width) {
    const int streams = problem_.chip().geometry.streams - (is_outward ? 0 : problem_.reserved_inward());
    int& used = used_streams_[int(direction)][is_outward];
    used = (used + width - 1) / width * width;  // aligned
    SUPERLANE_CHECK(used + width <= streams, "a vector task needs more streams than there are");
    // Results that leave the VXM prefer high streams: weights for those are read farthest out (see matmul).
    const int offset = (rotation_ * 4) % streams;
    const int stream = is_outward ? streams - width - used : (used + offset) % streams;
    used += width;
    return stream / width * width;
}

int VectorTask::add_flow(Side direction, int stream, int width, int at, int position, int to, int count, int interval) {
    const int index = int(task_.flows.size());
    for (int k = 0; k < width; ++k)
        task_.flows.push_back({direction, stream + k, isa::diagonal(direction, at, position), count, interval,
                               std::min(position, to), std::max(position, to)});
    return index;
}

void VectorTask::extend_flow(int flow, int width, int position) {
    for (int k = 0; k < width; ++k) {
        Flow& f = task_.flows[size_t(flow + k)];
        f.first = std::min(f.first, position);
        f.last = std::max(f.last, position);
    }
}

/// Reads so that element 0 stands at `position` at cycle `at`.
void VectorTask::read_words(const VectorRegion& region, int first, int step, int count, int interval, int at,
                            int position, Side direction, int stream) {
    for (int k = 0; k < region.width; ++k) {
        const int slice_position = problem_.plan().mem(region.side, region.slices[size_t(k)]);
        const int dispatch = at - std::abs(position - slice_position) - problem_.chip().timing.mem_read;
        add_access(problem_, task_, Opcode::Read, region, k, first, step, count, interval, dispatch,
                   isa::stream(direction, stream + k));
        add_flow(direction, stream + k, 1, at, position, slice_position, count, interval);
    }
}

/// Writes what travels on the stream on this diagonal (of element 0).
void VectorTask::write_words(const VectorRegion& region, int row, int step, int count, int interval, int diagonal,
                             Side direction, int stream) {
    for (int k = 0; k < region.width; ++k) {
        const int position = problem_.plan().mem(region.side, region.slices[size_t(k)]);
        const int dispatch = diagonal + (direction == Side::East ? position : -position);
        add_access(problem_, task_, Opcode::Write, region, k, row, step, count, interval, dispatch,
                   isa::stream(direction, stream + k));
    }
}

void VectorTask::place_rotated_source(Node& node) {
    const isa::Floorplan& plan = problem_.plan();
    const isa::Timing& timing = problem_.chip().timing;
    const VectorRegion& region = node.region;
    const Side out = outward(region.side), in = inward(region.side);
    const int edge = plan.sxm_edge(region.side);
    const int through = 2 * timing.sxm_io_crossing + timing.sxm_shifter;
    const int leaves = node.start - std::abs(edge - plan.vxm_operand(in));  // drives at the SXM edge
    const int enters = leaves - through;
    const int out_stream = take_streams(out, true, region.width);
    node.stream = take_streams(in, false, region.width);
    read_words(region, node.first, node.step, node.count, node.interval, enters, edge, out, out_stream);
    Issue issue{problem_.queues().sxm(region.side, isa::SxmUnit::Permuter, node.permuter),
                enters,
                node.count,
                node.interval,
                node.shift_step,
                {}};
    issue.instruction.opcode = Opcode::Shift;
    issue.instruction.dtype = node.instruction.dtype;
    issue.instruction.mode = 1;  // what falls out moves in at the other end
    issue.instruction.a = isa::stream(out, out_stream);
    issue.instruction.dst = isa::stream(in, node.stream);
    issue.instruction.index = uint16_t(int16_t(node.shift));
    task_.issues.push_back(issue);
    add_flow(in, node.stream, region.width, leaves, edge, plan.vxm_operand(in), node.count, node.interval);
}

void VectorTask::place_sources() {
    const isa::Floorplan& plan = problem_.plan();
    for (Node& node : nodes_) {
        if (node.kind == Kind::Rotated) place_rotated_source(node);
        if (node.kind == Kind::Read) {
            const Side direction = inward(node.region.side);
            node.stream = take_streams(direction, false, node.region.width);
            read_words(node.region, node.first, node.step, node.count, node.interval, node.start,
                       plan.vxm_operand(direction), direction, node.stream);
        }
        if (node.kind == Kind::Gather) place_gather(node);
        if (node.kind == Kind::Emit) place_emit(node);
    }
}

void VectorTask::place_gather(Node& node) {
    const isa::Floorplan& plan = problem_.plan();
    const Side side = node.region.side, in = inward(side), out = outward(side);
    node.stream = take_streams(in, false, node.region.width);
    const int map_stream = take_streams(out, true, 1);
    const int operand = plan.vxm_operand(in);
    const int position = plan.mem(side, node.region.slices[0]);
    const int dispatch = node.start - std::abs(operand - position) - problem_.chip().timing.mem_gather;
    for (int k = 0; k < node.region.width; ++k) {
        const int slice = node.region.slices[size_t(k)];
        SUPERLANE_CHECK(plan.mem(side, slice) == position, "the bytes of a gathered vector stand in one group");
        Issue issue{
            problem_.queues().mem(side, slice), dispatch, node.count, node.interval, node.count == 1 ? 1 : 0, {}};
        issue.instruction.opcode = Opcode::Gather;
        issue.instruction.index = uint16_t(node.region.address + node.first);
        issue.instruction.b = isa::stream(out, map_stream);
        issue.instruction.dst = isa::stream(in, node.stream + k);
        task_.issues.push_back(issue);
        const int index = int(side) * problem_.chip().geometry.mem_slices + slice;
        task_.banks.push_back({index, node.region.address, 0, node.count, node.interval, dispatch, false, true});
    }
    add_flow(in, node.stream, node.region.width, node.start, operand, position, node.count, node.interval);
    read_words(node.map, node.map_row, node.map_step, node.count, node.interval, dispatch, position, out, map_stream);
}

void VectorTask::place_emit(Node& node) {
    const isa::Floorplan& plan = problem_.plan();
    const MxmUnit& unit = node.unit;
    const Side direction = inward(unit.side);
    node.stream = take_streams(direction, false, 4);
    const int operand = plan.vxm_operand(direction), out = plan.mxm_out(unit.side);
    const int driven = node.start - std::abs(out - operand);
    const int dispatch = driven - problem_.chip().timing.mxm_accumulate_out;
    Issue issue{problem_.queues().mxm(unit.side, unit.plane, isa::MxmPort::Accumulate),
                dispatch,
                node.count,
                node.interval,
                node.count == 1 ? 0 : node.step,
                {}};
    issue.instruction.opcode = Opcode::AccumulateEmit;
    issue.instruction.dtype = unit.type();
    issue.instruction.index = uint16_t(node.first);
    issue.instruction.dst = isa::stream(direction, node.stream);
    task_.issues.push_back(issue);
    if (unit.half)
        task_.holds.push_back({problem_.queues().mxm(unit.side, unit.plane + 1, isa::MxmPort::Accumulate), dispatch,
                               (node.count - 1) * node.interval + 1});
    task_.accesses.push_back({problem_.accumulator_cell(unit.side, unit.plane, node.first), node.step, node.count,
                              node.interval, dispatch, 0, false});
    add_flow(direction, node.stream, 4, driven, out, operand, node.count, node.interval);
}

/// Sees that the node's result is driven out by this side; returns the index of its first flow.
int VectorTask::drive(Node& node, Side side) {
    if (node.out_flow >= 0) {
        SUPERLANE_CHECK(node.out_side == int(side), "a result leaves by two sides");
        return node.out_flow;
    }
    const isa::Timing& timing = problem_.chip().timing;
    const int width = isa::dtype_streams(type_of(int(&node - nodes_.data())));
    const int exit = (node.sides >> int(side)) & 1 ? timing.vxm_exit_same_side : timing.vxm_exit_through;
    const int edge = problem_.plan().vxm_edge(side);
    const int stream = take_streams(outward(side), true, width);
    node.out_side = int(side);
    node.out_flow = add_flow(outward(side), stream, width, node.ready + exit, edge, edge, node.count, node.interval);
    node.instruction.dst = isa::stream(outward(side), stream);
    return node.out_flow;
}

void VectorTask::place_output(const Output& output) {
    Node& node = nodes_[size_t(output.node)];
    const Side side = output.places[0].region.side;
    const int width = isa::dtype_streams(type_of(output.node));
    const int flow = drive(node, side);
    const Flow driven = task_.flows[size_t(flow)];
    const isa::Floorplan& plan = problem_.plan();
    Side direction = outward(side);
    int stream = driven.stream;
    int diagonal = int(driven.diagonal);
    int carrier = flow;
    if (!output.rotations.empty()) {  // out to the SXM, turned, and back in
        const int edge = plan.sxm_edge(side);
        extend_flow(flow, width, edge);
        const int enters = diagonal + (direction == Side::East ? edge : -edge);
        const int leaves = enters + 2 * problem_.chip().timing.sxm_io_crossing + problem_.chip().timing.sxm_shifter;
        const Side in = inward(side);
        const int turned = take_streams(in, false, width);
        SUPERLANE_CHECK(output.rotations.size() == size_t(node.count), "a rotation for each element");
        for (int i = 0; i < node.count; ++i) {
            Issue issue{problem_.queues().sxm(side, isa::SxmUnit::Permuter, output.permuter),
                        enters + i * node.interval,
                        1,
                        1,
                        0,
                        {}};
            issue.instruction.opcode = Opcode::Shift;
            issue.instruction.dtype = type_of(output.node);
            issue.instruction.mode = 1;
            issue.instruction.a = isa::stream(direction, stream);
            issue.instruction.dst = isa::stream(in, turned);
            issue.instruction.index = uint16_t(int16_t(output.rotations[size_t(i)]));
            task_.issues.push_back(issue);
        }
        direction = in;
        stream = turned;
        carrier = add_flow(in, turned, width, leaves, edge, edge, node.count, node.interval);
        diagonal = int(isa::diagonal(in, leaves, edge));
    }
    const auto reach = [&](const VectorRegion& region) {
        SUPERLANE_CHECK(region.side == side && region.width == width, "place of another side or width", region.width,
                        width);
        for (int k = 0; k < width; ++k) extend_flow(carrier, width, plan.mem(side, region.slices[size_t(k)]));
    };
    if (output.regular) {
        reach(output.places[0].region);
        write_words(output.places[0].region, output.first, output.step, node.count, node.interval, diagonal, direction,
                    stream);
        return;
    }
    SUPERLANE_CHECK(output.places.size() == size_t(node.count), "a place for each element", output.places.size(),
                    node.count);
    for (int i = 0; i < node.count; ++i) {
        reach(output.places[size_t(i)].region);
        write_words(output.places[size_t(i)].region, output.places[size_t(i)].row, 1, 1, 1,
                    diagonal + i * node.interval, direction, stream);
    }
}

void VectorTask::place_operations() {
    for (Node& node : nodes_) {
        if (node.kind != Kind::Operation) continue;
        const auto operand = [&](int index) {
            const Node& source = nodes_[size_t(index)];
            if (source.kind == Kind::Operation) return isa::alu_output(source.alu);
            const Side from = source.kind == Kind::Emit ? source.unit.side : source.region.side;
            return isa::stream(inward(from), source.stream);
        };
        node.instruction.a = operand(node.a);
        if (node.b >= 0) node.instruction.b = operand(node.b);
        Issue issue{problem_.queues().vxm(node.alu), node.start, node.issued, node.issue_interval, 0, node.instruction};
        task_.issues.push_back(issue);
        // Operations that take differently long may end in one cycle: the ALU's output is reserved too.
        const int output = problem_.queues().size() + node.alu;
        task_.holds.push_back({output, node.ready, (node.count - 1) * node.interval + 1});
    }
}

}  // namespace superlane::compiler
