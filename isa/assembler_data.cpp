// SPDX-License-Identifier: Apache-2.0
// Reads regions and their initial data.
#include <algorithm>
#include <bit>
#include <cmath>

#include "isa/assembler_parts.hpp"
#include "isa/number_text.hpp"
#include "isa/semantics.hpp"
#include "isa/validate.hpp"

namespace superlane::isa {
namespace {

uint32_t element(AssemblyLine& line, DType type, const Word& word) {
    const auto bits = parse_element(type, word.text);
    if (!bits) line.fail(word, "'", word.text, "' is no ", dtype_names[size_t(type)], " or out of its range");
    return *bits;
}

}  // namespace

const Region* DataSection::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &program_.regions[found->second];
}

std::vector<std::string> DataSection::names() const {
    std::vector<std::string> all;
    for (const auto& [name, index] : by_name_) all.push_back(name);
    return all;
}

/// <slice> <address> <words>
DataSection::Span DataSection::span(AssemblyLine& line) {
    const Word slice = line.take("a MEM slice, as mem.e.0");
    const int queue = queues_.find(slice.text);
    if (queue < 0 || queues_[queue].kind != SliceKind::Mem)
        line.fail(slice, "'", slice.text, "' is no MEM slice; the chip has mem.w.0 to mem.e.",
                  program_.geometry.mem_slices - 1);
    const Word first = line.take("an address"), count = line.take("a number of words");
    const auto address = parse_integer(first.text), words = parse_integer(count.text);
    if (!address || *address < 0 || *address > 65535) line.fail(first, "'", first.text, "' is no word address");
    if (!words || *words < 1) line.fail(count, "'", count.text, "' is no number of words, 1 or more");
    const std::string problem = span_complaint(program_.geometry, queues_[queue].side, queues_[queue].unit,
                                               uint64_t(*address), uint64_t(*words));
    if (!problem.empty()) line.fail(first, problem);
    return {queues_[queue].side, queues_[queue].unit, uint16_t(*address), uint32_t(*words)};
}

void DataSection::region(AssemblyLine& line) {
    const Word name = line.take("a region's name");
    if (!is_region_name(name.text))
        line.fail(name, "'", name.text, "' is no name; use letters, digits and _ . / : [ ] @ -, a letter first");
    if (by_name_.count(name.text)) line.fail(name, "region '", name.text, "' is already there");
    const Span at = span(line);
    line.finish();
    by_name_.emplace(name.text, program_.regions.size());
    program_.regions.push_back({std::string(name.text), at.side, at.slice, at.address, at.words});
    has_data_.push_back(false);
}

/// One region, or as many as an element has bytes, parted by commas: byte k of the elements goes to the k-th.
std::vector<size_t> DataSection::planes(AssemblyLine& line) {
    std::vector<size_t> regions;
    do {
        const Word name = line.take("a region's name");
        const auto found = by_name_.find(name.text);
        if (found == by_name_.end())
            line.fail(name, "unknown region '", name.text, "'", nearest_hint(name.text, names()));
        if (has_data_[found->second]) line.fail(name, "region '", name.text, "' already has data");
        if (!regions.empty() && program_.regions[found->second].words != program_.regions[regions[0]].words)
            line.fail(name, "regions of one .data must have the same number of words");
        has_data_[found->second] = true;
        regions.push_back(found->second);
    } while (line.accept(","));
    return regions;
}

/// <type> v v v ... | fill <type> v | iota <type> [start [step]]
void DataSection::fill(AssemblyLine& line, DType type, std::vector<uint32_t>& elements) {
    for (size_t i = 0; !line.empty(); ++i) {
        line.accept(",");
        const Word word = line.take("a value");
        if (i == elements.size()) line.fail(word, "more than the ", elements.size(), " values that the region holds");
        elements[i] = element(line, type, word);
    }
}

void DataSection::data(AssemblyLine& line) {
    const Word start = line.here();
    const std::vector<size_t> regions = planes(line);
    const bool constant = line.accept("fill"), counting = !constant && line.accept("iota");
    const Word type_word = line.take("a type");
    const auto type = type_named(type_word.text);
    if (!type)
        line.fail(type_word, "unknown type '", type_word.text,
                  "'; allowed are fill, iota, i8 i16 i32 u8 u16 u32 f16 f32 bool");
    const size_t bytes = size_t(dtype_streams(*type)), lanes = size_t(program_.geometry.lanes());
    const size_t words = program_.regions[regions[0]].words;
    if (regions.size() != 1 && regions.size() != bytes)
        line.fail(start, type_word.text, " takes one region or ", bytes, ", a byte each; ", regions.size(), " given");
    if (regions.size() == 1 && words % bytes != 0)
        line.fail(start, "the region's ", words, " words are no multiple of the ", bytes, " bytes of ", type_word.text);

    const size_t vectors = regions.size() == 1 ? words / bytes : words;
    std::vector<uint32_t> elements(vectors * lanes);
    if (constant) {
        std::fill(elements.begin(), elements.end(), element(line, *type, line.take("a value")));
    } else if (counting) {
        double values[2] = {0.0, 1.0};
        for (double& value : values) {
            if (line.empty()) break;
            const Word word = line.take("a number");
            const auto number = parse_element(DType::F32, word.text);
            value = number ? std::bit_cast<float>(*number) : 0.0;
            if (!number || !(std::abs(value) <= 0x1p31)) line.fail(word, "'", word.text, "' is no number up to 2^31");
        }
        for (size_t i = 0; i < elements.size(); ++i)
            elements[i] = element_bits(*type, values[0] + values[1] * double(i));
    } else {
        fill(line, *type, elements);
    }
    line.finish();

    const size_t first_block = program_.data.size();
    for (const size_t index : regions) {
        const Region& region = program_.regions[index];
        program_.data.push_back(
            {region.side, region.slice, region.address, std::vector<uint8_t>(region.words * lanes)});
    }
    for (size_t vector = 0; vector < vectors; ++vector) {
        uint8_t* to[4] = {};
        for (size_t k = 0; k < bytes; ++k)
            to[k] = regions.size() == 1 ? program_.data[first_block].bytes.data() + (vector * bytes + k) * lanes
                                        : program_.data[first_block + k].bytes.data() + vector * lanes;
        pack(*type, elements.data() + vector * lanes, to, int(lanes));
    }
}

void DataSection::bytes(AssemblyLine& line) {
    const Span at = span(line);
    line.finish();
    program_.data.push_back(
        {at.side, at.slice, at.address, std::vector<uint8_t>(size_t(at.words) * size_t(program_.geometry.lanes()))});
    filled_ = 0;
    open_ = true;
}

/// Bytes as pairs of hexadecimal digits, lane 0 first; aa*5 repeats.
void DataSection::hex(AssemblyLine& line) {
    if (!open_) line.fail(line.here(), ".hex belongs after .bytes");
    std::vector<uint8_t>& block = program_.data.back().bytes;
    while (!line.empty()) {
        const Word word = line.take("bytes");
        const size_t star = word.text.find('*');
        const std::string_view digits = word.text.substr(0, star);
        const auto times = star == word.text.npos ? 1 : parse_integer(word.text.substr(star + 1));
        if (!times || *times < 1 || digits.empty() || digits.size() % 2 != 0 ||
            digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
            line.fail(word, "'", word.text, "' must be pairs of hexadecimal digits, perhaps *count");
        if (uint64_t(*times) > (block.size() - filled_) / (digits.size() / 2))
            line.fail(word, "more than the ", block.size(), " bytes of the block");
        for (int64_t n = 0; n < *times; ++n)
            for (size_t i = 0; i < digits.size(); i += 2)
                block[filled_++] = uint8_t(*parse_integer("0x" + std::string(digits.substr(i, 2))));
    }
}

void DataSection::close(const AssemblyLine& line) {
    if (open_ && filled_ != program_.data.back().bytes.size())
        line.fail(line.here(), "the .bytes block before is not full: ", filled_, " of ",
                  program_.data.back().bytes.size(), " bytes");
    open_ = false;
}

}  // namespace superlane::isa
