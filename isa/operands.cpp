// SPDX-License-Identifier: Apache-2.0
// Fields of the record, and how many streams an operand covers.
#include "isa/operands.hpp"

#include "base/error.hpp"
#include "isa/number_text.hpp"
#include "isa/semantics.hpp"

namespace superlane::isa {

uint32_t field_value(const Instruction& instruction, Field field) {
    switch (field) {
        case Field::Mode:
            return instruction.mode;
        case Field::Count:
            return instruction.count;
        case Field::A:
            return instruction.a;
        case Field::B:
            return instruction.b;
        case Field::Dst:
            return instruction.dst;
        case Field::Index:
            return instruction.index;
        case Field::Imm:
            return instruction.imm;
    }
    check_failed(__FILE__, __LINE__, "field", int(field));
}

void set_field(Instruction& instruction, Field field, uint32_t value) {
    switch (field) {
        case Field::Mode:
            instruction.mode = uint8_t(value);
            return;
        case Field::Count:
            instruction.count = uint8_t(value);
            return;
        case Field::A:
            instruction.a = uint16_t(value);
            return;
        case Field::B:
            instruction.b = uint16_t(value);
            return;
        case Field::Dst:
            instruction.dst = uint16_t(value);
            return;
        case Field::Index:
            instruction.index = uint16_t(value);
            return;
        case Field::Imm:
            instruction.imm = value;
            return;
    }
    check_failed(__FILE__, __LINE__, "field", int(field));
}

int64_t operand_value(const Instruction& instruction, const Operand& operand) {
    switch (operand.kind) {
        case OperandKind::Signed:
            return int16_t(instruction.index);
        case OperandKind::Interval:
            return repeat_interval(instruction.imm);
        case OperandKind::Step:
            return repeat_step(instruction.imm);
        default:
            return field_value(instruction, operand.field);
    }
}

void set_operand(Instruction& instruction, const Operand& operand, int64_t value) {
    const Range range = operand_range(operand.kind);
    SUPERLANE_CHECK(value >= range.low && value <= range.high, operand.name, value);
    switch (operand.kind) {
        case OperandKind::Interval:
            instruction.imm = repeat_imm(int(value), repeat_step(instruction.imm));
            return;
        case OperandKind::Step:
            instruction.imm = repeat_imm(repeat_interval(instruction.imm), int(value));
            return;
        default:
            set_field(instruction, operand.field, uint32_t(value));
    }
}

Range operand_range(OperandKind kind) {
    switch (kind) {
        case OperandKind::Address:
        case OperandKind::Slot:
        case OperandKind::Unsigned:
        case OperandKind::Link:
            return {0, 65535};
        case OperandKind::Signed:
        case OperandKind::Step:
            return {-32768, 32767};
        case OperandKind::Count:
            return {1, 255};
        case OperandKind::Interval:
            return {1, 65535};
        case OperandKind::Immediate:
        case OperandKind::DramVector:
            return {0, 0xffffffff};
        case OperandKind::ResultType:
            return {0, dtype_count - 1};
        case OperandKind::Reduction:
            return {0, int(AccumulateOp::Min)};
        case OperandKind::Wrap:
            return {0, 1};
        case OperandKind::StreamIn:
        case OperandKind::StreamOut:
        case OperandKind::Source:
        case OperandKind::Result:
            return {0, 0xffff};
    }
    check_failed(__FILE__, __LINE__, "operand kind", int(kind));
}

int operand_alignment(const Instruction& instruction, const Operand& operand) {
    if (instruction.opcode == Opcode::Ifetch) return 2;
    if (row_of(instruction.opcode).types == 0 && instruction.opcode != Opcode::PermuteMap)
        return 1;  // bytes as they lie
    return dtype_streams(is_result(operand.kind) ? result_type(instruction) : source_type(instruction, operand.field));
}

int operand_streams(const Instruction& instruction, const Operand& operand) {
    const int element = operand_alignment(instruction, operand);
    switch (instruction.opcode) {
        case Opcode::LoadWeights:
        case Opcode::ActivateHold:
            return element * instruction.count;
        case Opcode::Transpose:
            return element * 16;
        case Opcode::Select:
            return operand.field == Field::A ? 2 : 1;
        case Opcode::Rotate:
            return is_result(operand.kind) ? instruction.index * instruction.index : instruction.index;
        default:
            return element;
    }
}

std::optional<uint16_t> stream_named(std::string_view name) {
    if (name.size() < 2 || (name[0] != 'E' && name[0] != 'W')) return {};
    const auto index = parse_integer(name.substr(1));
    if (!index || *index < 0 || *index >= max_streams) return {};
    return stream(name[0] == 'E' ? Side::East : Side::West, int(*index));
}

std::string_view unit_name(Unit unit) {
    switch (unit) {
        case Unit::Mem:
            return "a MEM slice (mem.*)";
        case Unit::Alu:
            return "an ALU (vxm.*)";
        case Unit::Weights:
            return "an MXM weights port (mxm.*.weights)";
        case Unit::Activations:
            return "an MXM activations port (mxm.*.activations)";
        case Unit::Accumulate:
            return "an MXM accumulate port (mxm.*.accumulate)";
        case Unit::Distributor:
            return "a distributor (sxm.*.distributor.*)";
        case Unit::Transposer:
            return "a transposer (sxm.*.transposer.*)";
        case Unit::Permuter:
            return "a permuter (sxm.*.permuter.*)";
        case Unit::Selector:
            return "the selector (sxm.*.selector.0)";
        case Unit::Link:
            return "a C2C port (c2c.*)";
        case Unit::Dram:
            return "a DRAM channel (dram.*)";
        case Unit::Any:
            return "any queue";
    }
    return "?";
}

}  // namespace superlane::isa
