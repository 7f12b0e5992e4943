// SPDX-License-Identifier: Apache-2.0
// Checks of whole programs: what loops reach, regions, data.
#include "isa/validate.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "isa/operands.hpp"

namespace superlane::isa {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Follows loop registers and repeats of one queue, to know which addresses or slots an instruction reaches.
class Reach {
public:
    Reach(const std::vector<Instruction>& text, const Queue& queue, const Geometry& geometry)
        : text_(text), queue_(queue), geometry_(geometry) {}

    /// Why the instruction at `position` cannot be taken, with the repetitions that stand around it.
    std::string check(size_t position) {
        const Instruction& instruction = text_[position];
        std::string problem = complaint(instruction, queue_, geometry_);
        if (!problem.empty()) return problem;
        switch (instruction.opcode) {
            case Opcode::Iterations:
                iterations_ = instruction.index;
                return {};
            case Opcode::Step:
                step_ = int16_t(instruction.index);
                return {};
            case Opcode::Countdown:
                return {};
            case Opcode::Repeat:
                return {};
            default:
                break;
        }
        int64_t times = iterations_ - 1, step = step_;
        iterations_ = step_ = 1;
        if (times == 0 && position + 1 < text_.size() && text_[position + 1].opcode == Opcode::Repeat) {
            times = text_[position + 1].index;
            step = repeat_step(text_[position + 1].imm);
        }
        return last(instruction, times * step);
    }

private:
    std::string last(Instruction instruction, int64_t moved) const {
        if (moved == 0) return {};
        const int64_t index = instruction.index + moved;
        for (const Operand& operand : row_of(instruction.opcode).operands) {
            if (operand.field != Field::Index) continue;
            if (index < 0 || index > 65535)
                return user_error("its repetitions move '", operand.name, "' to ", index).what();
            instruction.index = uint16_t(index);
            const std::string problem = complaint(instruction, queue_, geometry_);
            return problem.empty() ? problem : "at its last repetition " + problem;
        }
        return "has no index for its repetitions to move";
    }

    const std::vector<Instruction>& text_;
    const Queue& queue_;
    const Geometry& geometry_;
    int64_t iterations_ = 1, step_ = 1;
};

void check_queue(const Program& program, const QueueMap& queues, int queue) {
    const auto& text = program.text[size_t(queue)];
    Reach reach(text, queues[queue], program.geometry);
    for (size_t position = 0; position < text.size(); ++position) {
        const std::string problem = reach.check(position);
        if (problem.empty()) continue;
        std::string where = "instruction " + std::to_string(position);
        const auto& lines = program.lines;
        if (size_t(queue) < lines.size() && position < lines[size_t(queue)].size())
            where = "line " + std::to_string(lines[size_t(queue)][position]);
        const InstructionRow* row = find_row(text[position].opcode);
        throw user_error("queue ", queues.name(queue), ", ", where, row ? ": '" : "", row ? row->mnemonic : "",
                         row ? "' " : ": ", problem);
    }
}

void check_span(const Geometry& geometry, const std::string& what, Side side, uint16_t slice, uint16_t address,
                uint64_t words) {
    const std::string problem = span_complaint(geometry, side, slice, address, words);
    if (!problem.empty()) throw user_error(what, ": ", problem);
}

}  // namespace

bool is_region_name(std::string_view name) {
    constexpr std::string_view others = "0123456789./:[]@-";
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || others.find(c) != others.npos; });
}

std::string span_complaint(const Geometry& geometry, Side side, int slice, uint64_t address, uint64_t words) {
    const auto number = [](uint64_t value) { return std::to_string(value); };
    if (int(side) > 1 || slice >= geometry.mem_slices)
        return "slice " + number(uint64_t(slice)) + " is not on the chip, which has " +
               number(uint64_t(geometry.mem_slices)) + " a side";
    if (words == 0) return "must have at least 1 word";
    if (words > uint64_t(geometry.words) || address > uint64_t(geometry.words) - words)
        return number(words) + " words from " + number(address) + " are not in a slice of " +
               number(uint64_t(geometry.words));
    return {};
}

void validate_geometry(const Geometry& geometry) {
    for (const int count : geometry.counts())
        if (count < 0 || count > 65536)
            throw user_error("geometry: a count of ", count, " is not possible; allowed are 0 to 65536");
    const bool some = geometry.superlanes > 0 && geometry.mem_slices > 0 && geometry.slices_per_hop > 0 &&
                      geometry.words > 0 && geometry.banks > 0 && geometry.streams > 0 && geometry.alus > 0 &&
                      geometry.planes > 0;
    if (!some)
        throw user_error("geometry: superlanes, slices, words, banks, streams, ALUs and planes must be at least 1");
    if (geometry.words % geometry.banks != 0)
        throw user_error("geometry: ", geometry.words, " words are not a multiple of ", geometry.banks, " banks");
    if (geometry.streams > max_streams || geometry.streams % 16 != 0)
        throw user_error("geometry: streams must be 16 to ", max_streams, " in steps of 16, not ", geometry.streams);
    if (geometry.dram_channels > 16 || geometry.dram_vectors() > INT32_MAX)
        throw user_error("geometry: more than 16 DRAM channels a side or 2^31 vectors a channel cannot be encoded");
    if (geometry.lanes() > 65536 || geometry.mem_slices > 4096 || geometry.planes > 64 || geometry.alus > 256)
        throw user_error(
            "geometry: more than 65536 lanes, 4096 slices a side, 64 planes or 256 ALUs cannot be encoded");
}

void validate(const Program& program, const Geometry& geometry) {
    validate_geometry(geometry);
    if (!(program.geometry == geometry))
        throw user_error("program is for another geometry than the chip's (program: chip '", program.chip, "')");
    if (!program.chip.empty() && !is_region_name(program.chip))
        throw user_error("chip '", program.chip, "': not a name");
    const QueueMap queues(geometry);
    if (program.text.size() != size_t(queues.size()))
        throw user_error("program has ", program.text.size(), " queues, the chip has ", queues.size());
    for (int queue = 0; queue < queues.size(); ++queue) check_queue(program, queues, queue);

    std::set<std::string_view> names;
    for (const Region& region : program.regions) {
        if (!is_region_name(region.name))
            throw user_error("region '", region.name,
                             "': not a name; use letters, digits and _ . / : [ ] @ -, a letter first");
        if (!names.insert(region.name).second) throw user_error("region '", region.name, "': name used twice");
        check_span(geometry, "region '" + region.name + "'", region.side, region.slice, region.address, region.words);
    }
    for (size_t i = 0; i < program.data.size(); ++i) {
        const DataBlock& block = program.data[i];
        const std::string what = "data block " + std::to_string(i);
        const size_t lanes = size_t(geometry.lanes());
        if (block.bytes.size() % lanes != 0)
            throw user_error(what, ": ", block.bytes.size(), " bytes are not whole words of ", lanes);
        check_span(geometry, what, block.side, block.slice, block.address, block.bytes.size() / lanes);
    }
}

}  // namespace superlane::isa
