// SPDX-License-Identifier: Apache-2.0
// Builder of vector tasks: the graph, and when each of its operations runs. vector_flow.cpp turns it into issues and
// flows.
#include "compiler/vector_task.hpp"

#include <algorithm>
#include <bit>
#include <climits>

#include "base/error.hpp"

namespace superlane::compiler {

VectorTask::VectorTask(const Problem& problem, int count, int interval, int rotation)
    : problem_(problem), count_(count), interval_(interval), rotation_(rotation) {
    SUPERLANE_CHECK(count >= 1 && interval >= 1, count, interval);
}

VectorTask::Value VectorTask::add(Node node) {
    nodes_.push_back(std::move(node));
    return {int(nodes_.size()) - 1};
}

VectorTask::Value VectorTask::read(const VectorRegion& region, DType type, int first, int step) {
    SUPERLANE_CHECK(region.width == isa::dtype_streams(type), region.width, int(type));
    Node node{
        .kind = Kind::Read, .count = count_, .interval = interval_, .region = region, .first = first, .step = step};
    node.instruction.dtype = type;
    node.sides = 1 << int(region.side);  // from the west by eastward streams, in by the west edge
    return add(node);
}

VectorTask::Value VectorTask::read_rotated(const VectorRegion& region, DType type, int first, int step, int shift,
                                           int shift_step, int permuter) {
    const Value value = read(region, type, first, step);
    Node& node = nodes_.back();
    node.kind = Kind::Rotated;
    node.shift = shift;
    node.shift_step = shift_step;
    node.permuter = permuter;
    return value;
}

VectorTask::Value VectorTask::gather(const VectorRegion& table, DType type, int base, const VectorRegion& map,
                                     int map_row, int map_step) {
    SUPERLANE_CHECK(map.side == table.side && map.width == 1, "gather map");
    const Value value = read(table, type, base, 0);
    Node& node = nodes_.back();
    node.kind = Kind::Gather;
    node.map = map;
    node.map_row = map_row;
    node.map_step = map_step;
    return value;
}

VectorTask::Value VectorTask::emit(const MxmUnit& unit, int slot, int step) {
    Node node{.kind = Kind::Emit, .count = count_, .interval = interval_, .first = slot, .step = step, .unit = unit};
    node.instruction.dtype = unit.half ? DType::F32 : DType::I32;
    node.sides = 1 << int(unit.side);
    return add(node);
}

VectorTask::Value VectorTask::op(Opcode opcode, DType type, Value a) {
    Node node{.a = a.node, .count = nodes_[size_t(a.node)].count, .interval = nodes_[size_t(a.node)].interval};
    node.instruction.opcode = opcode;
    node.instruction.dtype = type;
    node.sides = nodes_[size_t(a.node)].sides;
    return add(node);
}

VectorTask::Value VectorTask::op(Opcode opcode, DType type, Value a, Value b) {
    const Node& second = nodes_[size_t(b.node)];
    SUPERLANE_CHECK(second.count == nodes_[size_t(a.node)].count && second.interval == nodes_[size_t(a.node)].interval,
                    "operands of different rate");
    const int sides = second.sides;
    const Value value = op(opcode, type, a);
    nodes_.back().b = b.node;
    nodes_.back().sides |= sides;
    return value;
}

VectorTask::Value VectorTask::op(Opcode opcode, DType type, Value a, uint32_t immediate_bits) {
    const Value value = op(opcode, type, a);
    nodes_.back().instruction.b = isa::immediate;
    nodes_.back().instruction.imm = immediate_bits;
    return value;
}

VectorTask::Value VectorTask::op(Opcode opcode, DType type, Value a, float immediate) {
    SUPERLANE_CHECK(type == DType::F32, "float immediate");
    return op(opcode, type, a, std::bit_cast<uint32_t>(immediate));
}

VectorTask::Value VectorTask::convert(DType from, DType to, Value a) {
    const Value value = op(Opcode::Convert, from, a);
    nodes_.back().instruction.mode = uint8_t(to);
    return value;
}

VectorTask::Value VectorTask::accumulate(DType type, isa::AccumulateOp reduction, Value a, int n) {
    if (n == 1) return a;
    const Value value = op(Opcode::Accumulate, type, a);
    Node& node = nodes_.back();
    SUPERLANE_CHECK(node.count % n == 0, node.count, n);
    node.instruction.mode = uint8_t(reduction);
    node.instruction.imm = uint32_t(n);
    node.count /= n;
    node.interval *= n;
    return value;
}

void VectorTask::write(Value value, const VectorRegion& region, int first, int step) {
    outputs_.push_back(
        {.node = value.node, .places = {{region, first}}, .first = first, .step = step, .regular = true});
}

void VectorTask::write_each(Value value, const std::vector<Place>& places) {
    outputs_.push_back({.node = value.node, .places = places});
}

void VectorTask::write_rotated(Value value, const std::vector<int>& rotations, const std::vector<Place>& places,
                               int permuter) {
    outputs_.push_back({.node = value.node, .places = places, .rotations = rotations, .permuter = permuter});
}

DType VectorTask::type_of(int node) const {
    const isa::Instruction& instruction = nodes_[size_t(node)].instruction;
    if (nodes_[size_t(node)].kind != Kind::Operation) return instruction.dtype;
    switch (instruction.opcode) {
        case Opcode::Convert:
            return DType(instruction.mode);
        case Opcode::Equal:
        case Opcode::Less:
        case Opcode::LessEqual:
            return DType::Bool;
        default:
            return instruction.dtype;
    }
}

int VectorTask::latency(const Node& node) const {
    const int cycles = problem_.chip().timing.*isa::row_of(node.instruction.opcode).latency;
    if (node.instruction.opcode != Opcode::Accumulate) return cycles;
    const int n = int(node.instruction.imm);
    return cycles + (n - 1) * (node.interval / n);
}

/// Operations as early as their operands allow, then as late as the earliest taker allows; what is still early waits.
void VectorTask::settle_times() {
    for (Node& node : nodes_) {
        if (node.kind != Kind::Operation) continue;
        node.start = 0;
        for (const int operand : {node.a, node.b})
            if (operand >= 0 && nodes_[size_t(operand)].kind == Kind::Operation)
                node.start = std::max(node.start, nodes_[size_t(operand)].ready);
        node.ready = node.start + latency(node);
    }
    std::vector<int> wanted(nodes_.size(), INT_MAX);
    for (size_t i = nodes_.size(); i-- > 0;) {
        Node& node = nodes_[i];
        if (wanted[i] != INT_MAX) {
            if (node.kind == Kind::Operation)
                node.start = wanted[i] - latency(node);
            else
                node.start = wanted[i];
            node.ready = wanted[i];
        }
        for (const int operand : {node.a, node.b})
            if (operand >= 0) wanted[size_t(operand)] = std::min(wanted[size_t(operand)], node.start);
    }
    const size_t originals = nodes_.size();
    for (size_t i = 0; i < originals; ++i) {
        if (nodes_[i].kind != Kind::Operation) continue;
        for (int Node::*operand : {&Node::a, &Node::b}) {
            const int source = nodes_[i].*operand;
            if (source < 0) continue;
            const int moved = delayed(source, nodes_[i].start - nodes_[size_t(source)].ready);
            nodes_[i].*operand = moved;
        }
    }
}

/// The node itself, or an operation behind it that delivers the same value `cycles` later: identities, and where vxm.op
/// does not divide the wait, conversions to the same type, which take vxm.special.
int VectorTask::delayed(int node, int cycles) {
    if (cycles == 0) return node;
    const isa::Timing& timing = problem_.chip().timing;
    const int identity = timing.vxm_op, conversion = timing.vxm_special;
    int conversions = 0;
    while (conversions * conversion <= cycles && (cycles - conversions * conversion) % identity != 0) ++conversions;
    if (conversions * conversion > cycles)
        throw user_error("chip '", problem_.chip().name, "': a value must wait ", cycles,
                         " cycles in the VXM, which no sum of vxm.op = ", identity, " and vxm.special = ", conversion,
                         " gives; take vxm.special a multiple of vxm.op");
    const bool convert_now = conversions > 0;
    const int before = delayed(node, cycles - (convert_now ? conversion : identity));
    auto& known = delays_[{node, cycles}];
    if (known == 0) {
        const DType type = type_of(before);
        known = (convert_now ? convert(type, type, Value{before}) : op(Opcode::Identity, type, Value{before})).node;
        nodes_.back().start = nodes_[size_t(before)].ready;
        nodes_.back().ready = nodes_.back().start + (convert_now ? conversion : identity);
    }
    return known;
}

/// ALUs in turn from the rotation on; one may serve twice when neither its uses nor its results overlap in time.
void VectorTask::place_alus() {
    const int alus = problem_.chip().geometry.alus;
    struct Window {
        int first, last, ready, done;
    };
    std::vector<std::vector<Window>> busy(static_cast<size_t>(alus));
    int next = rotation_;
    for (Node& node : nodes_) {
        if (node.kind != Kind::Operation) continue;
        node.issued = nodes_[size_t(node.a)].count;
        node.issue_interval = nodes_[size_t(node.a)].interval;
        const Window own{node.start, node.start + (node.issued - 1) * node.issue_interval, node.ready,
                         node.ready + (node.count - 1) * node.interval};
        for (int tried = 0; node.alu < 0; ++tried) {
            SUPERLANE_CHECK(tried < alus, "a vector task needs more ALUs than the VXM has");
            const int candidate = (next + tried) % alus;
            auto& windows = busy[size_t(candidate)];
            const bool free = std::all_of(windows.begin(), windows.end(), [&](const Window& w) {
                return (own.last < w.first || w.last < own.first) && (own.done < w.ready || w.done < own.ready);
            });
            if (free) node.alu = candidate;
        }
        busy[size_t(node.alu)].push_back(own);
        next = node.alu + 1;
    }
}

Task VectorTask::finish() {
    // A result that leaves by both sides needs an ALU for each; so does one already driven the other way.
    for (size_t i = 0; i < outputs_.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            if (outputs_[i].node == outputs_[j].node &&
                (outputs_[i].places[0].region.side != outputs_[j].places[0].region.side)) {
                const int source =
                    nodes_[size_t(outputs_[i].node)].kind == Kind::Operation ? outputs_[i].node : outputs_[j].node;
                outputs_[i].node = op(Opcode::Identity, type_of(source), Value{source}).node;
                break;
            }
    for (Output& output : outputs_)
        if (nodes_[size_t(output.node)].kind != Kind::Operation)
            output.node = op(Opcode::Identity, type_of(output.node), Value{output.node}).node;
    settle_times();
    place_alus();
    place_sources();
    for (const Output& output : outputs_) place_output(output);
    place_operations();
    return std::move(task_);
}

}  // namespace superlane::compiler
