// SPDX-License-Identifier: Apache-2.0
// Whether a chip can take one instruction in one queue, and why not.
#include <sstream>

#include "base/error.hpp"
#include "isa/operands.hpp"
#include "isa/semantics.hpp"

namespace superlane::isa {
namespace {

template <class... Parts>
std::string say(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
}

/// What is checked and against what.
struct Check {
    const Instruction& instruction;
    const InstructionRow& row;
    const Queue& queue;
    const Geometry& geometry;

    std::string run() const;
    std::string placed() const;
    std::string typed() const;
    std::string unused_fields() const;
    std::string operand(const Operand& operand) const;
    std::string stream_operand(const Operand& operand, uint16_t code) const;
    std::string source(const Operand& operand, uint16_t code) const;
    std::string number(const Operand& operand) const;
};

std::string Check::placed() const {
    if (!unit_accepts(row.unit, queue)) return say("needs ", unit_name(row.unit));
    if (instruction.dtype != DType::F16) return {};
    if (queue.kind == SliceKind::Mxm && queue.unit % 2 != 0)
        return "f16 takes a pair of planes and is dispatched on the even one";
    if (queue.kind == SliceKind::Mxm && queue.unit + 1 >= geometry.planes)
        return say("f16 takes a pair of planes, the chip has ", geometry.planes);
    if (instruction.opcode == Opcode::Transpose && queue.unit != sxm_distributors)
        return "f16 takes both transposers and is dispatched on transposer 0";
    return {};
}

std::string Check::typed() const {
    if (int(instruction.dtype) >= dtype_count) return say("no element type has number ", int(instruction.dtype));
    if (row.types == 0 && instruction.dtype != DType::I8)
        return say("has no type, but type field ", int(instruction.dtype));
    if (row.types == 0 || (row.types & type_bit(instruction.dtype))) return {};
    std::string allowed;
    for (int type = 0; type < dtype_count; ++type)
        if (row.types & type_bit(DType(type))) allowed += say(allowed.empty() ? "" : ", ", dtype_names[size_t(type)]);
    return say("type ", dtype_names[size_t(instruction.dtype)], " is not allowed, but ", allowed);
}

/// A field that no operand names must be zero, so that equal programs have equal bytes. `imm` also serves `#` sources.
std::string Check::unused_fields() const {
    static constexpr const char* names[] = {"mode", "count", "a", "b", "dst", "index", "imm"};
    bool used[7] = {}, immediate_source = false;
    for (const Operand& operand : row.operands) {
        used[int(operand.field)] = true;
        if (operand.kind == OperandKind::Source &&
            source_kind(uint16_t(field_value(instruction, operand.field))) == SourceKind::Immediate)
            immediate_source = true;
    }
    if (immediate_source && used[int(Field::Imm)]) return "has no room for an immediate source beside its own number";
    used[int(Field::Imm)] |= immediate_source;
    for (int field = 0; field < 7; ++field)
        if (!used[field] && field_value(instruction, Field(field)) != 0)
            return say("field ", names[field], " is not used and must be 0, not ",
                       field_value(instruction, Field(field)));
    return {};
}

std::string Check::stream_operand(const Operand& operand, uint16_t code) const {
    const int number = source_number(code);
    if (source_kind(code) != SourceKind::Stream || number >= 2 * max_streams)
        return say("'", operand.name, "' must be a stream, not code ", code);
    const int base = stream_index(code), count = operand_streams(instruction, operand),
              align = operand_alignment(instruction, operand);
    const auto name = [&] { return say(stream_direction(code) == Side::East ? 'E' : 'W', base); };
    if (base + count > geometry.streams)
        return say("'", operand.name, "' takes ", count, count == 1 ? " stream" : " streams", " from ", name(),
                   ", the chip has ", geometry.streams);
    if (base % align != 0)
        return say("'", operand.name, "' is ", align, " bytes wide and must start at a multiple of ", align, ", not ",
                   name());
    if (queue.kind == SliceKind::Mem || queue.kind == SliceKind::Vxm || queue.kind == SliceKind::Dram ||
        row.unit == Unit::Any)
        return {};
    const Side wanted = is_result(operand.kind) ? opposite(queue.side) : queue.side;
    if (stream_direction(code) == wanted) return {};
    return say("'", operand.name, "' must flow ", is_result(operand.kind) ? "inward" : "outward", ", ",
               wanted == Side::East ? "eastward" : "westward", " here, not ", name());
}

std::string Check::source(const Operand& operand, uint16_t code) const {
    const int number = source_number(code);
    switch (source_kind(code)) {
        case SourceKind::Stream:
            return stream_operand(operand, code);
        case SourceKind::Alu:
            return number < geometry.alus
                       ? std::string()
                       : say("'", operand.name, "' names ALU ", number, ", the chip has ", geometry.alus);
        case SourceKind::Immediate:
        case SourceKind::Latched:
            if (number == 0) return {};
            break;
        case SourceKind::None:
            break;
    }
    return say("'", operand.name, "' must be a stream, ALU output, immediate or latched, not code ", code);
}

std::string Check::number(const Operand& operand) const {
    const int64_t value = operand_value(instruction, operand);
    Range allowed = operand_range(operand.kind);
    switch (operand.kind) {
        case OperandKind::Address:
            allowed.high = geometry.words - 1;
            break;
        case OperandKind::Link:
            allowed.high = geometry.links - 1;
            break;
        case OperandKind::DramVector:
            allowed.high = geometry.dram_vectors() - 1;
            break;
        case OperandKind::Slot:
            allowed.high = (row.unit == Unit::Accumulate ? geometry.accumulators : geometry.activation_slots) - 1;
            if (instruction.opcode == Opcode::ActivateHold) allowed.high -= instruction.count - 1;
            break;
        case OperandKind::Count:
            if (instruction.opcode == Opcode::LoadWeights) allowed.high = geometry.load_streams;
            if (instruction.opcode == Opcode::Config) allowed.high = geometry.superlanes;
            break;
        case OperandKind::Unsigned:
            if (instruction.opcode == Opcode::Broadcast) allowed.high = lanes_per_superlane - 1;
            if (instruction.opcode == Opcode::Countdown || instruction.opcode == Opcode::Iterations ||
                instruction.opcode == Opcode::Rotate || instruction.opcode == Opcode::DramRead)
                allowed.low = 1;
            if (instruction.opcode == Opcode::Rotate) allowed.high = 8;  // n * n streams, 64 at most
            break;
        case OperandKind::Immediate:
            allowed.low = 1;
            break;
        default:
            break;
    }
    if (value >= allowed.low && value <= allowed.high) return {};
    return say("'", operand.name, "' must be ", allowed.low, " to ", allowed.high, ", not ", value);
}

std::string Check::operand(const Operand& operand) const {
    const uint16_t code = uint16_t(field_value(instruction, operand.field));
    switch (operand.kind) {
        case OperandKind::StreamIn:
        case OperandKind::StreamOut:
            return stream_operand(operand, code);
        case OperandKind::Source:
            return source(operand, code);
        case OperandKind::Result:
            return code == 0 ? std::string() : stream_operand(operand, code);
        default:
            return number(operand);
    }
}

std::string Check::run() const {
    for (const std::string& problem : {placed(), typed(), unused_fields()})
        if (!problem.empty()) return problem;
    for (const bool streams : {false, true})  // numbers first: they say how many streams are meant
        for (const Operand& each : row.operands) {
            const bool is_number =
                each.kind != OperandKind::Source && each.kind != OperandKind::Result && !is_stream(each.kind);
            if (is_number == streams) continue;
            if (std::string problem = operand(each); !problem.empty()) return problem;
        }
    return {};
}

}  // namespace

std::string complaint(const Instruction& instruction, const Queue& queue, const Geometry& geometry) {
    const InstructionRow* row = find_row(instruction.opcode);
    if (!row) return say("no instruction has opcode ", int(instruction.opcode));
    return Check{instruction, *row, queue, geometry}.run();
}

}  // namespace superlane::isa
