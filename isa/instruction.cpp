// SPDX-License-Identifier: Apache-2.0
// The table of instructions, built from instructions.def; malformed rows do not compile.
#include "isa/instruction.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "isa/type_sets.hpp"

namespace superlane::isa {
namespace {

// Operand lists need an address: one static array a row.
#define OPERANDS(...) OperandList({__VA_ARGS__})
#define IN(field, name) \
    { OperandKind::StreamIn, Field::field, name }
#define OUT(name) \
    { OperandKind::StreamOut, Field::Dst, name }
#define SOURCE(field, name) \
    { OperandKind::Source, Field::field, name }
#define RESULT(name) \
    { OperandKind::Result, Field::Dst, name }
#define ADDRESS(field, name) \
    { OperandKind::Address, Field::field, name }
#define NUMBER(kind, field, name) \
    { OperandKind::kind, Field::field, name }

constexpr size_t max_operands = 4;
struct OperandList {
    Operand items[max_operands] = {};
    size_t size = 0;
    constexpr OperandList() = default;
    constexpr OperandList(std::initializer_list<Operand> list) {
        if (list.size() > max_operands) throw "instructions.def: too many operands";  // no constant: does not compile
        for (const Operand& operand : list) items[size++] = operand;
    }
};

#define INSTRUCTION(name, code, mnemonic, unit, types, operands, latency, semantics, summary) \
    constexpr OperandList name##_operands = operands;

#include "isa/instructions.def"
#undef INSTRUCTION

constexpr const char* timing_key(int Timing::*member) {
#define TIMING(row, key, value, mark, source, meaning) \
    if (member == &Timing::row) return key;
#include "isa/timing.def"
#undef TIMING
    return nullptr;
}

constexpr InstructionRow rows[] = {
#define INSTRUCTION(name, code, mnemonic, unit, types, operands, latency, semantics, summary) \
    InstructionRow{Opcode::name,                                                              \
                   #name,                                                                     \
                   mnemonic,                                                                  \
                   Unit::unit,                                                                \
                   types,                                                                     \
                   std::span<const Operand>(name##_operands.items, name##_operands.size),     \
                   &Timing::latency,                                                          \
                   timing_key(&Timing::latency),                                              \
                   #semantics,                                                                \
                   summary},
#include "isa/instructions.def"
#undef INSTRUCTION
};

constexpr bool opcodes_and_mnemonics_differ() {
    for (size_t i = 0; i < std::size(rows); ++i)
        for (size_t j = 0; j < i; ++j)
            if (rows[i].opcode == rows[j].opcode || rows[i].mnemonic == rows[j].mnemonic) return false;
    return true;
}
static_assert(opcodes_and_mnemonics_differ(), "instructions.def: opcode or mnemonic twice");

constexpr bool no_field_is_used_twice() {  // Repeat packs two operands into imm, by different kinds
    for (const InstructionRow& row : rows)
        for (size_t i = 0; i < row.operands.size(); ++i)
            for (size_t j = 0; j < i; ++j)
                if (row.operands[i].field == row.operands[j].field && row.operands[i].field != Field::Imm) return false;
    return true;
}
static_assert(no_field_is_used_twice(), "instructions.def: two operands in one field");

struct ByOpcode {
    InstructionRow sorted[std::size(rows)];
    const InstructionRow* of[256] = {};
    ByOpcode() {
        std::copy(std::begin(rows), std::end(rows), sorted);
        std::sort(std::begin(sorted), std::end(sorted),
                  [](const InstructionRow& x, const InstructionRow& y) { return x.opcode < y.opcode; });
        for (const InstructionRow& row : sorted) of[size_t(row.opcode)] = &row;
    }
};

const ByOpcode& table() {
    static const ByOpcode built;
    return built;
}

}  // namespace

std::span<const InstructionRow> instructions() { return table().sorted; }

const InstructionRow* find_row(Opcode opcode) { return table().of[size_t(opcode)]; }

const InstructionRow& row_of(Opcode opcode) {
    const InstructionRow* row = find_row(opcode);
    SUPERLANE_CHECK(row != nullptr, "opcode", int(opcode));
    return *row;
}

bool unit_accepts(Unit unit, const Queue& queue) {
    const auto is_sxm = [&](SxmUnit kind) { return queue.kind == SliceKind::Sxm && sxm_unit_kind(queue.unit) == kind; };
    const auto is_mxm = [&](MxmPort port) { return queue.kind == SliceKind::Mxm && queue.port == uint8_t(port); };
    switch (unit) {
        case Unit::Mem:
            return queue.kind == SliceKind::Mem;
        case Unit::Alu:
            return queue.kind == SliceKind::Vxm;
        case Unit::Weights:
            return is_mxm(MxmPort::Weights);
        case Unit::Activations:
            return is_mxm(MxmPort::Activations);
        case Unit::Accumulate:
            return is_mxm(MxmPort::Accumulate);
        case Unit::Distributor:
            return is_sxm(SxmUnit::Distributor);
        case Unit::Transposer:
            return is_sxm(SxmUnit::Transposer);
        case Unit::Permuter:
            return is_sxm(SxmUnit::Permuter);
        case Unit::Selector:
            return is_sxm(SxmUnit::Selector);
        case Unit::Link:
            return queue.kind == SliceKind::C2c;
        case Unit::Dram:
            return queue.kind == SliceKind::Dram;
        case Unit::Any:
            return true;
    }
    return false;
}

}  // namespace superlane::isa
