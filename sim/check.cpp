// SPDX-License-Identifier: Apache-2.0
// What the text of an instruction alone shows to be wrong: its queue, its type, operands that this chip does not have.
#include "base/error.hpp"
#include "isa/operands.hpp"
#include "isa/semantics.hpp"
#include "sim/prepare.hpp"

namespace superlane::sim {
namespace {

using isa::Instruction;
using isa::Opcode;
using isa::SourceKind;
using isa::Unit;

bool is_stream(uint16_t operand) { return isa::source_kind(operand) == SourceKind::Stream; }

StreamUse vxm_use(const Instruction& instruction, uint16_t operand, isa::Field field) {
    if (!is_stream(operand)) return {};
    const isa::DType type = field == isa::Field::Dst ? isa::result_type(instruction) : isa::source_type(instruction, field);
    return {operand, isa::dtype_streams(type), isa::dtype_streams(type)};
}

bool is_sxm(Unit unit) {
    return unit == Unit::Distributor || unit == Unit::Transposer || unit == Unit::Permuter || unit == Unit::Selector;
}

}  // namespace

StreamUse use_a(const Instruction& instruction) {
    const int element = isa::dtype_streams(instruction.dtype);
    switch (instruction.opcode) {
        case Opcode::Write:
        case Opcode::Scatter:
        case Opcode::Send: return {instruction.a, 1, 1};
        case Opcode::Ifetch: return {instruction.a, 2, 2};
        case Opcode::LoadWeights:
        case Opcode::ActivateHold: return {instruction.a, instruction.count * element, element};
        case Opcode::Activate: return {instruction.a, element, element};
        default: break;
    }
    const Unit unit = isa::row_of(instruction.opcode).unit;
    if (unit == Unit::Alu) return vxm_use(instruction, instruction.a, isa::Field::A);
    if (is_sxm(unit) && instruction.opcode != Opcode::PermuteMap) return {instruction.a, isa::sxm_shape(instruction).inputs, element};
    return {};
}

StreamUse use_b(const Instruction& instruction) {
    switch (instruction.opcode) {
        case Opcode::Gather:
        case Opcode::Scatter:
        case Opcode::Select:
        case Opcode::Distribute: return {instruction.b, 1, 1};
        case Opcode::PermuteMap: return {instruction.b, 2, 2};
        default: break;
    }
    if (isa::row_of(instruction.opcode).unit == Unit::Alu) return vxm_use(instruction, instruction.b, isa::Field::B);
    return {};
}

StreamUse use_dst(const Instruction& instruction) {
    switch (instruction.opcode) {
        case Opcode::Read:
        case Opcode::Gather:
        case Opcode::Receive:
        case Opcode::DramRead: return {instruction.dst, 1, 1};
        case Opcode::AccumulateEmit:
        case Opcode::AccumulatePass: return {instruction.dst, 4, 4};
        default: break;
    }
    const Unit unit = isa::row_of(instruction.opcode).unit;
    if (unit == Unit::Alu) return vxm_use(instruction, instruction.dst, isa::Field::Dst);
    if (is_sxm(unit) && instruction.opcode != Opcode::PermuteMap)
        return {instruction.dst, isa::sxm_shape(instruction).outputs, isa::dtype_streams(instruction.dtype)};
    return {};
}

namespace {

/// Why a burst cannot be run, at its first or its last repetition; "" when it can.
std::string complaint(const isa::Instruction& instruction, const isa::Burst& burst, const isa::Queue& queue, const isa::Geometry& geometry) {
    isa::Instruction copy = instruction;
    const isa::InstructionRow& row = isa::row_of(copy.opcode);
    if (row.unit == Unit::Mem) copy.index = 0;  // addresses are checked when they are used
    std::string wrong = isa::complaint(copy, queue, geometry);
    const bool moves = row.unit != Unit::Mem && burst.count > 1 && burst.step != 0;
    if (!wrong.empty() || !moves) return wrong;
    if (copy.opcode == Opcode::Rotate) return "a repeat may not change how many streams are meant";
    for (const isa::Operand& operand : row.operands) {
        if (operand.field != isa::Field::Index) continue;
        const int64_t last = int64_t(instruction.index) + int64_t(burst.count - 1) * burst.step;
        copy.index = uint16_t(last);
        if (operand.kind == isa::OperandKind::Signed) return {};
        return last < 0 || last > UINT16_MAX ? "its repetitions move '" + std::string(operand.name) + "' to " + std::to_string(last)
                                             : isa::complaint(copy, queue, geometry);
    }
    return {};
}

}  // namespace

bool refused(const models::Chip& chip, const isa::QueueMap& queues, const isa::Burst& burst, int queue, uint32_t id,
             std::vector<RawHazard>& hazards) {
    const int slice = SliceMap(chip.geometry).of(queues[queue]);
    const isa::InstructionRow* row = isa::find_row(burst.instruction.opcode);
    if (!row || !isa::unit_accepts(row->unit, queues[queue])) {
        hazards.push_back({HazardKind::WrongUnit, burst.cycle, slice, -1, id, no_burst, {}});
        return true;
    }
    const std::string wrong = complaint(burst.instruction, burst, queues[queue], chip.geometry);
    if (!wrong.empty()) hazards.push_back({HazardKind::Encoding, burst.cycle, slice, -1, id, no_burst, wrong});
    return !wrong.empty();
}

}  // namespace superlane::sim
