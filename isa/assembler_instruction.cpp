// SPDX-License-Identifier: Apache-2.0
// Reads one instruction: mnemonic, type, operands in the row's order.
#include <optional>
#include <utility>

#include "isa/assembler_parts.hpp"
#include "isa/number_text.hpp"
#include "isa/operands.hpp"
#include "isa/reference.hpp"
#include "isa/semantics.hpp"

namespace superlane::isa {
namespace {

const InstructionRow* row_named(std::string_view mnemonic) {
    for (const InstructionRow& row : instructions())
        if (row.mnemonic == mnemonic) return &row;
    return nullptr;
}

class InstructionReader {
public:
    InstructionReader(AssemblyLine& line, const Queue& queue, const Geometry& geometry, const DataSection& data)
        : line_(line), queue_(queue), geometry_(geometry), data_(data) {}

    Instruction read() {
        const Word mnemonic = line_.take("an instruction");
        read_mnemonic(mnemonic);
        for (size_t i = 0; i < row_->operands.size(); ++i) read_operand(row_->operands[i], i == 0);
        if (!line_.empty())
            line_.fail(line_.here(), "unexpected '", line_.here().text, "'; written as: ", usage(*row_));
        const std::string problem = complaint(result_, queue_, geometry_);
        if (!problem.empty()) line_.fail(mnemonic, "'", row_->mnemonic, "' ", problem);
        return result_;
    }

private:
    void read_mnemonic(const Word& word) {
        const size_t dot = word.text.rfind('.');
        row_ = row_named(word.text);
        if (!row_ && dot != word.text.npos) read_typed(word, dot);
        if (!row_) unknown(word, word.text);
        result_.opcode = row_->opcode;
        if (row_->types != 0 && !typed_) line_.fail(word, "'", row_->mnemonic, "' needs a type, as in: ", usage(*row_));
    }

    void read_typed(const Word& word, size_t dot) {
        const std::string_view name = word.text.substr(dot + 1);
        row_ = row_named(word.text.substr(0, dot));
        if (!row_) unknown(word, word.text.substr(0, type_named(name) ? dot : word.text.npos));
        if (row_->types == 0) line_.fail(word, "'", row_->mnemonic, "' has no type, but '", name, "' is given");
        const auto type = type_named(name);
        if (!type) line_.fail(word, "unknown type '", name, "'; allowed are i8 i16 i32 u8 u16 u32 f16 f32 bool");
        result_.dtype = *type;
        typed_ = true;
    }

    [[noreturn]] void unknown(const Word& word, std::string_view name) {
        std::vector<std::string> names;
        for (const InstructionRow& row : instructions()) names.emplace_back(row.mnemonic);
        line_.fail(word, "unknown instruction '", name, "'", nearest_hint(name, names));
    }

    /// Sources and numbers are parted by commas; a result may follow `->` or a comma; `wrap` and a VXM result may be
    /// left out.
    void read_operand(const Operand& operand, bool first) {
        if (line_.empty() && (operand.kind == OperandKind::Wrap || operand.kind == OperandKind::Result)) return;
        if (operand.kind == OperandKind::Wrap && line_.at("->")) return;
        const bool separated = first || std::exchange(comma_taken_, false) || line_.accept(",") ||
                               (is_result(operand.kind) && line_.at("->"));
        if (is_result(operand.kind)) line_.accept("->");
        if (!separated || line_.empty() || line_.at(",") || line_.at("->"))
            line_.fail(line_.here(), "expected '", operand.name, "'; written as: ", usage(*row_));
        // Without `wrap`, what follows the comma is the result.
        if (operand.kind == OperandKind::Wrap && !line_.at("wrap"))
            comma_taken_ = true;
        else
            read_value(operand, line_.take(operand.name));
    }

    void read_value(const Operand& operand, const Word& word) {
        switch (operand.kind) {
            case OperandKind::StreamIn:
            case OperandKind::StreamOut:
                return set(operand, stream_code(operand, word));
            case OperandKind::Source:
                return set(operand, source_code(operand, word));
            case OperandKind::Result:
                return set(operand, word.text == "none" ? 0 : stream_code(operand, word));
            case OperandKind::Address:
                return set(operand, address(operand, word));
            case OperandKind::ResultType:
                return set(operand, result_type_of(word));
            case OperandKind::Reduction:
                return set(operand, reduction(word));
            case OperandKind::Wrap:
                return set(operand, 1);
            default:
                return set(operand, number(operand, word));
        }
    }
    void set(const Operand& operand, int64_t value) { set_operand(result_, operand, value); }

    uint16_t stream_code(const Operand& operand, const Word& word) const {
        const auto code = stream_named(word.text);
        if (code) return *code;
        line_.fail(word, "'", operand.name, "' must be a stream, E0 to E", geometry_.streams - 1, " or W0 to W",
                   geometry_.streams - 1, operand.kind == OperandKind::Result ? ", or none" : "", "; not '", word.text,
                   "'");
    }
    uint16_t source_code(const Operand& operand, const Word& word) {
        if (const auto code = stream_named(word.text)) return *code;
        if (word.text == "latched") return latched;
        if (word.text.starts_with('#')) return immediate_code(operand, word);
        const auto alu = word.text.starts_with('a') ? parse_integer(word.text.substr(1)) : std::nullopt;
        if (alu && *alu >= 0 && *alu < geometry_.alus) return alu_output(int(*alu));
        line_.fail(word, "'", operand.name, "' must be a stream (E3, W17), an ALU output (a0 to a", geometry_.alus - 1,
                   "), an immediate (#1.5) or latched; not '", word.text, "'");
    }
    uint16_t immediate_code(const Operand& operand, const Word& word) {
        const DType type = source_type(result_, operand.field);
        const auto bits = parse_element(type, word.text.substr(1));
        if (!bits)
            line_.fail(word, "'", word.text, "' is no ", dtype_names[size_t(type)],
                       "; write #1.5, #-3 or #0x3f800000:bits, in the type's range");
        if (immediate_ && *immediate_ != *bits)
            line_.fail(word, "an instruction holds one immediate, these two differ");
        immediate_ = result_.imm = *bits;
        return immediate;
    }
    int64_t address(const Operand& operand, const Word& word) const {
        if (word.text.empty() || (word.text[0] >= '0' && word.text[0] <= '9')) return number(operand, word);
        const size_t plus = word.text.find('+');
        const std::string_view name = word.text.substr(0, plus);
        const Region* region = data_.find(name);
        if (!region) line_.fail(word, "unknown region '", name, "'", nearest_hint(name, data_.names()));
        if (queue_.kind == SliceKind::Mem && (region->side != queue_.side || region->slice != queue_.unit))
            line_.fail(word, "region '", name, "' is in slice ", region->slice, " of the ",
                       region->side == Side::East ? "east" : "west", ", not in this queue's");
        const auto offset = plus == word.text.npos ? 0 : parse_integer(word.text.substr(plus + 1));
        if (!offset || *offset < 0 || *offset >= int64_t(region->words))
            line_.fail(word, "'", word.text, "' is not in the region; offsets are 0 to ", region->words - 1);
        return region->address + *offset;
    }
    int64_t number(const Operand& operand, const Word& word) const {
        const Range range = operand_range(operand.kind);
        const auto value = parse_integer(word.text);
        if (!value || *value < range.low || *value > range.high)
            line_.fail(word, "'", operand.name, "' must be a number from ", range.low, " to ", range.high, ", not '",
                       word.text, "'");
        return *value;
    }
    int64_t result_type_of(const Word& word) const {
        if (const auto type = type_named(word.text)) return int64_t(*type);
        line_.fail(word, "unknown type '", word.text, "'; allowed are i8 i16 i32 u8 u16 u32 f16 f32 bool");
    }
    int64_t reduction(const Word& word) const {
        if (word.text == "add") return int64_t(AccumulateOp::Add);
        if (word.text == "max") return int64_t(AccumulateOp::Max);
        if (word.text == "min") return int64_t(AccumulateOp::Min);
        line_.fail(word, "unknown reduction '", word.text, "'; allowed are add, max, min");
    }

    AssemblyLine& line_;
    const Queue& queue_;
    const Geometry& geometry_;
    const DataSection& data_;
    const InstructionRow* row_ = nullptr;
    Instruction result_;
    std::optional<uint32_t> immediate_;
    bool typed_ = false, comma_taken_ = false;
};

}  // namespace

Instruction parse_instruction(AssemblyLine& line, const Queue& queue, const Geometry& geometry,
                              const DataSection& data) {
    return InstructionReader(line, queue, geometry, data).read();
}

}  // namespace superlane::isa
