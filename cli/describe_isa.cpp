// SPDX-License-Identifier: Apache-2.0
// The instruction table.
#include <algorithm>
#include <iostream>

#include "base/error.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "isa/instruction.hpp"

namespace superlane::cli {
namespace {

constexpr std::string_view unit_names[] = {"MEM",
                                           "VXM ALU",
                                           "MXM weights",
                                           "MXM activations",
                                           "MXM accumulate",
                                           "SXM distributor",
                                           "SXM transposer",
                                           "SXM permuter",
                                           "SXM selector",
                                           "C2C link",
                                           "any queue"};

std::string types_text(uint16_t types) {
    std::string text;
    for (int type = 0; type < isa::dtype_count; ++type)
        if (types & isa::type_bit(isa::DType(type)))
            text += (text.empty() ? "" : " ") + std::string(isa::dtype_names[size_t(type)]);
    return text.empty() ? "-" : text;
}

std::string operands_text(const isa::InstructionRow& row) {
    std::string text;
    for (const isa::Operand& operand : row.operands) text += (text.empty() ? "" : ", ") + std::string(operand.name);
    return text.empty() ? "-" : text;
}

void print_instruction(const isa::InstructionRow& row) {
    Table table;
    table.row({"mnemonic", std::string(row.mnemonic)});
    table.row({"name", std::string(row.name)});
    table.row({"opcode", std::to_string(int(row.opcode))});
    table.row({"queue", std::string(unit_names[size_t(row.unit)])});
    table.row({"types", types_text(row.types)});
    table.row({"operands", operands_text(row)});
    table.row({"latency", std::string(row.latency_key) + " = " + std::to_string(isa::Timing().*row.latency) +
                              " cycles by default"});
    table.row({"meaning", std::string(row.summary)});
    table.print(std::cout, "");
}

}  // namespace

void describe_isa(const std::vector<std::string>& mnemonics) {
    std::vector<std::string> known;
    for (const isa::InstructionRow& row : isa::instructions()) known.emplace_back(row.mnemonic);
    for (const std::string& mnemonic : mnemonics) {
        const auto found = std::find(known.begin(), known.end(), mnemonic);
        if (found == known.end())
            throw user_error("unknown instruction '", mnemonic, "'", nearest_hint(mnemonic, known));
        print_instruction(isa::instructions()[size_t(found - known.begin())]);
    }
    if (!mnemonics.empty()) return;
    Table table;
    table.row({"mnemonic", "queue", "operands", "meaning"});
    for (const isa::InstructionRow& row : isa::instructions())
        table.row({std::string(row.mnemonic), std::string(unit_names[size_t(row.unit)]), operands_text(row),
                   std::string(row.summary)});
    table.print(std::cout, "");
}

}  // namespace superlane::cli
