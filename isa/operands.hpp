// SPDX-License-Identifier: Apache-2.0
// Operands of a row read from and written to the instruction record, and what a chip allows them to be.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isa/instruction.hpp"

namespace superlane::isa {

uint32_t field_value(const Instruction& instruction, Field field);
void set_field(Instruction& instruction, Field field, uint32_t value);

/// The operand as a number: signed kinds are sign-extended, Interval and Step are unpacked from `imm`.
int64_t operand_value(const Instruction& instruction, const Operand& operand);
/// The value must lie in operand_range.
void set_operand(Instruction& instruction, const Operand& operand, int64_t value);
struct Range {
    int64_t low = 0, high = 0;
};
/// What the record can hold for a number of this kind.
Range operand_range(OperandKind kind);

/// How many streams from its base on a stream operand covers, and what the base must be a multiple of (bytes of an
/// element).
int operand_streams(const Instruction& instruction, const Operand& operand);
int operand_alignment(const Instruction& instruction, const Operand& operand);

constexpr bool is_stream(OperandKind kind) { return kind == OperandKind::StreamIn || kind == OperandKind::StreamOut; }
constexpr bool is_result(OperandKind kind) { return kind == OperandKind::StreamOut || kind == OperandKind::Result; }

/// Why this chip cannot take the instruction in this queue: one clause in words, empty when it can.
std::string complaint(const Instruction& instruction, const Queue& queue, const Geometry& geometry);

/// "E5", "W17" as an operand; none when that is no name of a stream.
std::optional<uint16_t> stream_named(std::string_view name);

/// What units are called in messages: "an ALU (vxm.*)".
std::string_view unit_name(Unit unit);

}  // namespace superlane::isa
