// SPDX-License-Identifier: Apache-2.0
// Prints the table of instructions as a page for readers.
#include "isa/reference.hpp"

#include "isa/operands.hpp"

namespace superlane::isa {
namespace {

std::string types_text(const InstructionRow& row) {
    std::string text;
    for (int type = 0; type < dtype_count; ++type)
        if (row.types & type_bit(DType(type))) (text += text.empty() ? "" : " ") += dtype_names[size_t(type)];
    return text.empty() ? "-" : text;
}

std::string fields_text(const InstructionRow& row) {
    static constexpr std::string_view names[] = {"mode", "count", "a", "b", "dst", "index", "imm"};
    std::string text;
    for (const Operand& operand : row.operands) {
        ((text += text.empty() ? "" : ", ") += operand.name) += "=";
        text += names[size_t(operand.field)];
        if (operand.kind == OperandKind::Interval) text += " low";
        if (operand.kind == OperandKind::Step) text += " high";
    }
    return text.empty() ? "-" : text;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) (c == '|' ? out += '\\' : out) += c;
    return out;
}

std::string code(std::string_view text) { return std::string("`").append(text).append("`"); }

std::string hex_byte(int value) {
    constexpr char digits[] = "0123456789abcdef";
    return {'0', 'x', digits[value >> 4 & 15], digits[value & 15]};
}

void print(std::string& out, Unit unit) {
    ((out += "\n## In ") += unit_name(unit)) +=
        "\n\n| opcode | written | types | fields | latency | meaning |\n|---|---|---|---|---|---|\n";
    for (const InstructionRow& row : instructions()) {
        if (row.unit != unit) continue;
        for (const std::string& cell : {hex_byte(int(row.opcode)), code(escaped(usage(row))), types_text(row),
                                        fields_text(row), code(row.latency_key), escaped(row.summary)})
            (out += "| ") += cell + " ";
        out += "|\n";
    }
}

}  // namespace

std::string usage(const InstructionRow& row) {
    std::string text(row.mnemonic);
    if (row.types != 0) text += ".<type>";
    std::string_view separator = " ";
    for (const Operand& operand : row.operands) {
        text += is_result(operand.kind) ? std::string_view(" -> ") : separator;
        text += operand.kind == OperandKind::Wrap ? "[wrap]" : operand.name;
        separator = ", ";
    }
    return text;
}

std::string isa_reference_markdown() {
    std::string out =
        "# Instruction set\n\n"
        "Generated from `isa/instructions.def`; do not edit. Refresh: `UPDATE_GOLDEN=1 isa_tests "
        "--gtest_filter=Reference.*`.\n"
        "What each instruction does and when: [machine model](../machine_model.md). The text around it: "
        "[assembly](../assembly.md).\n\n"
        "A record has 16 bytes, little-endian: opcode (1), dtype (1), mode (1), count (1), a (2), b (2), dst (2), "
        "index (2), imm (4).\n"
        "Fields that a row does not name are 0. `a`, `b`, `dst`: kind in the high byte (0 none, 1 stream, 2 ALU "
        "output, 3 immediate,\n"
        "4 latched), number in the low byte; streams count eastward from 0, westward from 64. Types: ";
    for (int type = 0; type < dtype_count; ++type)
        (out += std::to_string(type) + " ") +=
            std::string(dtype_names[size_t(type)]) + (type + 1 < dtype_count ? ", " : ".\n");
    for (int unit = 0; unit <= int(Unit::Any); ++unit) print(out, Unit(unit));
    return out;
}

}  // namespace superlane::isa
