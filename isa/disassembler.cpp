// SPDX-License-Identifier: Apache-2.0
// Prints instructions by their rows, and programs with absolute cycles, NOPs folded into the next instruction's cycle.
#include "isa/disassembler.hpp"

#include <functional>

#include "base/error.hpp"
#include "isa/number_text.hpp"
#include "isa/operands.hpp"
#include "isa/queue_clock.hpp"
#include "isa/semantics.hpp"

namespace superlane::isa {
namespace {

using AddressText = std::function<std::string(uint16_t)>;
constexpr std::string_view reductions[] = {"add", "max", "min"};

std::string stream_text(uint16_t code) {
    return std::string(stream_direction(code) == Side::East ? "E" : "W") + std::to_string(stream_index(code));
}

std::string source_text(const Instruction& instruction, const Operand& operand, uint16_t code) {
    switch (source_kind(code)) {
        case SourceKind::Stream:
            return stream_text(code);
        case SourceKind::Alu:
            return std::string("a") + std::to_string(source_number(code));
        case SourceKind::Immediate:
            return std::string("#") + element_text(source_type(instruction, operand.field), instruction.imm);
        case SourceKind::Latched:
            return "latched";
        case SourceKind::None:
            break;
    }
    return "none";
}

std::string operand_text(const Instruction& instruction, const Operand& operand, const AddressText& address) {
    const int64_t value = operand_value(instruction, operand);
    switch (operand.kind) {
        case OperandKind::StreamIn:
        case OperandKind::StreamOut:
        case OperandKind::Source:
        case OperandKind::Result:
            return source_text(instruction, operand, uint16_t(value));
        case OperandKind::Address:
            return address(uint16_t(value));
        case OperandKind::ResultType:
            return value < dtype_count ? std::string(dtype_names[size_t(value)]) : std::to_string(value);
        case OperandKind::Reduction:
            return value < 3 ? std::string(reductions[value]) : std::to_string(value);
        case OperandKind::Wrap:
            return value != 0 ? "wrap" : "";
        default:
            return std::to_string(value);
    }
}

std::string text_of(const Instruction& instruction, const AddressText& address) {
    const InstructionRow* row = find_row(instruction.opcode);
    if (!row) return std::string("opcode ") + std::to_string(int(instruction.opcode));
    std::string text(row->mnemonic);
    if (row->types != 0 && int(instruction.dtype) < dtype_count)
        (text += ".") += dtype_names[size_t(instruction.dtype)];
    std::string_view separator = " ";
    for (const Operand& operand : row->operands) {
        const std::string each = operand_text(instruction, operand, address);
        if (each.empty()) continue;
        text += is_result(operand.kind) ? " -> " : separator;
        text += each;
        separator = ", ";
    }
    return text;
}

/// Sizes of the NOPs that the assembler puts into a gap; the disassembler leaves out only such.
bool is_assemblers_gap(const std::vector<Instruction>& text, size_t first, size_t end) {
    if (int64_t(end - first) > longest_gap / longest_nop) return false;
    for (size_t i = first; i + 1 < end; ++i)
        if (text[i].index != longest_nop) return false;
    return text[end - 1].index > 0 && end < text.size();
}

class Printer {
public:
    explicit Printer(const Program& program) : program_(program), queues_(program.geometry) {}

    std::string run() {
        if (!program_.chip.empty()) out_ += ".chip " + program_.chip + "\n";
        for (const Region& region : program_.regions)
            out_ += ".region " + region.name + " " + slice(region.side, region.slice) + " " + hex_text(region.address) +
                    " " + std::to_string(region.words) + "\n";
        for (const DataBlock& block : program_.data) print(block);
        for (int queue = 0; queue < queues_.size(); ++queue)
            if (!program_.text[size_t(queue)].empty()) print(queue);
        return std::move(out_);
    }

private:
    std::string slice(Side side, int number) const { return queues_.name(queues_.mem(side, number)); }

    void print(const DataBlock& block) {
        const size_t lanes = size_t(program_.geometry.lanes());
        out_ += ".bytes " + slice(block.side, block.slice) + " " + hex_text(block.address) + " " +
                std::to_string(block.bytes.size() / lanes) + "\n";
        for (size_t word = 0; word < block.bytes.size(); word += lanes)
            print_word(std::span(block.bytes).subspan(word, lanes));
    }

    void print_word(std::span<const uint8_t> bytes) {
        constexpr char digits[] = "0123456789abcdef";
        constexpr size_t worth_a_run = 4;
        out_ += ".hex";
        bool joined = false;
        for (size_t i = 0; i < bytes.size();) {
            size_t same = 1;
            while (i + same < bytes.size() && bytes[i + same] == bytes[i]) ++same;
            const bool run = same >= worth_a_run;
            if (run || !joined) out_ += ' ';
            for (size_t k = 0; k < (run ? 1 : same); ++k) (out_ += digits[bytes[i] >> 4]) += digits[bytes[i] & 15];
            if (run) (out_ += "*") += std::to_string(same);
            joined = !run;
            i += same;
        }
        out_ += "\n";
    }

    void print(int queue) {
        const auto& text = program_.text[size_t(queue)];
        out_ += "\n.queue " + queues_.name(queue) + "\n";
        const AddressText address = [&](uint16_t word) { return address_text(queues_[queue], word); };
        QueueClock clock;
        for (size_t i = 0; i < text.size(); ++i) {
            size_t end = i;
            while (end < text.size() && text[end].opcode == Opcode::Nop) ++end;
            if (end > i && is_assemblers_gap(text, i, end))
                for (; i < end; ++i) clock.advance(text[i]);
            ((((out_ += "@") += std::to_string(clock.now)) += "\t") += text_of(text[i], address)) += "\n";
            clock.advance(text[i]);
        }
    }

    std::string address_text(const Queue& queue, uint16_t word) const {
        for (const Region& region : program_.regions) {
            if (region.side != queue.side || region.slice != queue.unit) continue;
            if (word < region.address || word - region.address >= int64_t(region.words)) continue;
            return word == region.address ? region.name : region.name + "+" + std::to_string(word - region.address);
        }
        return hex_text(word);
    }

    const Program& program_;
    QueueMap queues_;
    std::string out_;
};

}  // namespace

std::string to_text(const Instruction& instruction) {
    return text_of(instruction, [](uint16_t word) { return hex_text(word); });
}

std::string disassemble(const Program& program) { return Printer(program).run(); }

}  // namespace superlane::isa
