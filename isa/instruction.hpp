// SPDX-License-Identifier: Apache-2.0
// The instruction record, its operand encodings, and the table of all instructions (rows in instructions.def).
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "isa/geometry.hpp"

namespace superlane::isa {

enum class DType : uint8_t { I8, I16, I32, U8, U16, U32, F16, F32, Bool };
constexpr int dtype_count = 9;
constexpr std::array<std::string_view, dtype_count> dtype_names = {"i8",  "i16", "i32", "u8",  "u16",
                                                                   "u32", "f16", "f32", "bool"};
/// Streams that one element of this type takes, one byte a lane each; byte k is on stream base + k.
constexpr int dtype_streams(DType type) {
    constexpr int streams[dtype_count] = {1, 2, 4, 1, 2, 4, 2, 4, 1};
    return streams[int(type)];
}

enum class Opcode : uint8_t {
#define INSTRUCTION(name, code, ...) name = code,
#include "isa/instructions.def"
#undef INSTRUCTION
};

/// 16 bytes, the record of instruction text. Fields that a row does not name are zero (the loader refuses others).
struct Instruction {
    Opcode opcode = Opcode::Nop;
    DType dtype = DType::I8;
    uint8_t mode = 0;    ///< row-specific: DType of the result for Convert, AccumulateOp for Accumulate, flags
    uint8_t count = 0;   ///< vectors at once (LW, ABC hold), or superlanes (Config)
    uint16_t a = 0;      ///< first source, encoded by source_* below
    uint16_t b = 0;      ///< second source
    uint16_t dst = 0;    ///< destination stream, 0 = none
    uint16_t index = 0;  ///< word address, slot, repeat count, shift
    uint32_t imm = 0;    ///< immediate (bits of dtype), or the repeat's interval and step
    bool operator==(const Instruction&) const = default;
};
static_assert(sizeof(Instruction) == 16);

/// Operand encoding: kind in the high byte, number in the low byte.
enum class SourceKind : uint8_t { None, Stream, Alu, Immediate, Latched };
constexpr uint16_t encode(SourceKind kind, int number = 0) { return uint16_t(int(kind) << 8 | number); }
constexpr uint16_t stream(Side direction, int index) {
    return encode(SourceKind::Stream, int(direction) * max_streams + index);
}
constexpr uint16_t alu_output(int alu) { return encode(SourceKind::Alu, alu); }
constexpr uint16_t immediate = encode(SourceKind::Immediate);
constexpr uint16_t latched = encode(SourceKind::Latched);
constexpr SourceKind source_kind(uint16_t operand) { return SourceKind(operand >> 8); }
constexpr int source_number(uint16_t operand) { return operand & 0xff; }
constexpr Side stream_direction(uint16_t operand) { return Side((operand & 0xff) / max_streams); }
constexpr int stream_index(uint16_t operand) { return (operand & 0xff) % max_streams; }

/// Repeat: imm = interval (low 16 bits, cycles) and the signed step added to `index` each time (high 16 bits).
constexpr uint32_t repeat_imm(int interval, int step) {
    return uint32_t(interval & 0xffff) | uint32_t(uint16_t(int16_t(step))) << 16;
}
constexpr int repeat_interval(uint32_t imm) { return int(imm & 0xffff); }
constexpr int repeat_step(uint32_t imm) { return int16_t(imm >> 16); }

enum class AccumulateOp : uint8_t { Add, Max, Min };

/// What a field of the record means in a row; drives the assembler, the printer and the checks.
enum class OperandKind : uint8_t {
    StreamIn,    ///< stream sampled; E5, W17
    StreamOut,   ///< stream driven
    Source,      ///< VXM source: stream, ALU output a3, immediate #1.5, latched
    Result,      ///< VXM result: stream driven, or none (the ALU output alone)
    Address,     ///< word of a MEM slice
    Slot,        ///< slot of an activation buffer or accumulator
    Count,       ///< `count` field, 1..255
    Unsigned,    ///< number in `index`
    Signed,      ///< signed number in `index`
    Interval,    ///< Repeat's interval in `imm`
    Step,        ///< Repeat's step in `imm`
    Immediate,   ///< unsigned number in `imm`
    ResultType,  ///< DType in `mode`
    Reduction,   ///< AccumulateOp in `mode`
    Wrap,        ///< flag `wrap` in `mode`
    Link,        ///< link number in `index`
    DramVector   ///< vector of a DRAM channel in `imm`
};
enum class Field : uint8_t { Mode, Count, A, B, Dst, Index, Imm };
struct Operand {
    OperandKind kind;
    Field field;
    std::string_view name;
};

/// Where an instruction may be dispatched.
enum class Unit : uint8_t {
    Mem,
    Alu,
    Weights,
    Activations,
    Accumulate,
    Distributor,
    Transposer,
    Permuter,
    Selector,
    Link,
    Dram,
    Any
};
bool unit_accepts(Unit unit, const Queue& queue);

constexpr uint16_t type_bit(DType type) { return uint16_t(1u << int(type)); }

struct InstructionRow {
    Opcode opcode;
    std::string_view name, mnemonic;
    Unit unit;
    uint16_t types;  ///< bit set of the allowed DType; 0 = the row has no type
    std::span<const Operand> operands;
    int Timing::*latency;          ///< dispatch (operands sampled) to result, without crossings
    std::string_view latency_key;  ///< the parameter's key, e.g. "vxm.op"
    std::string_view semantics;    ///< function in isa/semantics.hpp, or the slice that gives it meaning
    std::string_view summary;
};

/// All rows, in order of opcode.
std::span<const InstructionRow> instructions();
/// The row of an opcode; nullptr if there is none.
const InstructionRow* find_row(Opcode opcode);
const InstructionRow& row_of(Opcode opcode);

}  // namespace superlane::isa
