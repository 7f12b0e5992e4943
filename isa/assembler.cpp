// SPDX-License-Identifier: Apache-2.0
// The assembler's line loop: directives, dispatch cycles, and the NOPs that wait for them.
#include "isa/assembler.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "isa/assembler_parts.hpp"
#include "isa/number_text.hpp"
#include "isa/queue_clock.hpp"
#include "isa/validate.hpp"

namespace superlane::isa {
namespace {

constexpr int64_t latest_cycle = int64_t(1) << 56;

}  // namespace

struct Assembler::Body {
    Body(const Target& target, std::string_view file)
        : file_(file), queues_(target.geometry), program_(empty_program(target)), data_(program_) {
        program_.text.resize(size_t(queues_.size()));
        program_.lines.resize(size_t(queues_.size()));
        clocks_.resize(size_t(queues_.size()));
        for (int queue = 0; queue < queues_.size(); ++queue) names_.emplace_back(queues_.name(queue));
    }
    Body(const Body&) = delete;

    void line(std::string_view text) {
        AssemblyLine line(file_, ++lines_, text);
        if (!line.empty()) read(line);
    }
    int lines() const { return lines_; }
    /// What single lines do not show: an open block, where loops and repeats lead.
    const Program& checked() {
        data_.close(AssemblyLine(file_, lines_, ""));
        try {
            validate(program_, program_.geometry);
        } catch (const UserError& error) {
            throw user_error(file_, ": ", error.what());
        }
        return program_;
    }

private:
    static Program empty_program(const Target& target) {
        Program program;
        program.chip = target.chip;
        program.chip_digest = target.digest;
        program.geometry = target.geometry;
        return program;
    }

    void read(AssemblyLine& line) {
        const Word first = line.here();
        if (first.text == ".hex") return line.take(""), data_.hex(line);
        data_.close(line);
        if (first.text.starts_with('.'))
            directive(line);
        else
            instruction(line);
    }

    void directive(AssemblyLine& line) {
        const Word name = line.take("a directive");
        if (name.text == ".chip")
            chip(line);
        else if (name.text == ".region")
            data_.region(line);
        else if (name.text == ".data")
            data_.data(line);
        else if (name.text == ".bytes")
            data_.bytes(line);
        else if (name.text == ".queue")
            queue(line);
        else
            line.fail(name, "unknown directive '", name.text, "'; allowed are .chip .region .data .bytes .hex .queue",
                      nearest_hint(name.text, {".chip", ".region", ".data", ".bytes", ".hex", ".queue"}));
    }

    void chip(AssemblyLine& line) {
        const Word name = line.take("a chip's name");
        if (name.text != program_.chip)
            line.fail(name, "the text is for chip '", name.text, "', but is assembled for '", program_.chip, "'");
        line.finish();
    }

    void queue(AssemblyLine& line) {
        const Word name = line.take("a queue's name");
        const auto found = std::find(names_.begin(), names_.end(), name.text);
        if (found == names_.end()) line.fail(name, "unknown queue '", name.text, "'", nearest_hint(name.text, names_));
        queue_ = int(found - names_.begin());
        line.finish();
    }

    void instruction(AssemblyLine& line) {
        if (queue_ < 0) line.fail(line.here(), "expected .queue before the first instruction");
        const int64_t gap = mark(line);
        const Instruction instruction = parse_instruction(line, queues_[queue_], program_.geometry, data_);
        for (int64_t left = gap; left > 0; left -= longest_nop) {
            Instruction nop;
            nop.index = uint16_t(std::min(left, longest_nop));
            add(line, nop);
        }
        add(line, instruction);
    }

    /// Cycles to wait before the instruction: @cycle, +cycles after the one before (its last repetition), or none.
    int64_t mark(AssemblyLine& line) {
        const Word word = line.here();
        const int64_t now = clocks_[size_t(queue_)].now;
        if (!word.text.starts_with('@') && !word.text.starts_with('+')) return 0;
        line.take("");
        const bool absolute = word.text[0] == '@';
        const auto number = parse_integer(word.text.substr(1));
        if (!number || *number < (absolute ? 0 : 1) || *number > latest_cycle)
            line.fail(word, "'", word.text, "' must be @ and a cycle from 0, or + and cycles from 1");
        if (absolute && *number < now)
            line.fail(word, "cycle ", *number, " is past: queue ", names_[size_t(queue_)], " is busy until ", now);
        const int64_t gap = absolute ? *number - now : *number - 1;
        if (gap > longest_gap) line.fail(word, "a wait of ", gap, " cycles is longer than ", longest_gap);
        return gap;
    }

    void add(const AssemblyLine& line, const Instruction& instruction) {
        program_.text[size_t(queue_)].push_back(instruction);
        program_.lines[size_t(queue_)].push_back(uint32_t(line.number()));
        clocks_[size_t(queue_)].advance(instruction);
    }

    std::string file_;
    int lines_ = 0;
    QueueMap queues_;
    Program program_;
    DataSection data_;
    std::vector<std::string> names_;
    std::vector<QueueClock> clocks_;
    int queue_ = -1;
};

Assembler::Assembler(const Target& target, std::string_view name) {
    validate_geometry(target.geometry);
    body_ = std::make_unique<Body>(target, name);
}
Assembler::~Assembler() = default;
Assembler::Assembler(Assembler&&) noexcept = default;
void Assembler::line(std::string_view text) { body_->line(text); }
int Assembler::lines() const { return body_->lines(); }
Program Assembler::program() const { return body_->checked(); }

Program assemble(std::string_view text, const Target& target, std::string_view file) {
    Assembler assembler(target, file);
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        assembler.line(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return assembler.program();
}

Program assemble_file(const std::string& path, const Target& target) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw user_error(path, ": cannot be opened");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return assemble(text, target, path);
}

}  // namespace superlane::isa
