// SPDX-License-Identifier: Apache-2.0
// Strict UTF-8 (no overlong forms, no surrogates) and table look-up of character classes.
#include "models/text/utf8.hpp"

#include <algorithm>
#include <iterator>

namespace superlane {
namespace {

struct CodeRange {
    uint32_t first, last;
};
#include "models/text/unicode_ranges.inc"

template <size_t count>
bool in_ranges(const CodeRange (&ranges)[count], uint32_t point) {
    const CodeRange* above =
        std::upper_bound(std::begin(ranges), std::end(ranges), point,
                         [](uint32_t value, const CodeRange& range) { return value < range.first; });
    return above != ranges && point <= (above - 1)->last;
}

/// Allowed second bytes after a lead byte (Unicode table 3-7); they exclude overlong forms and surrogates.
struct SecondByte {
    uint8_t low, high;
};
SecondByte second_byte(uint8_t lead) {
    switch (lead) {
        case 0xe0:
            return {0xa0, 0xbf};
        case 0xed:
            return {0x80, 0x9f};
        case 0xf0:
            return {0x90, 0xbf};
        case 0xf4:
            return {0x80, 0x8f};
        default:
            return {0x80, 0xbf};
    }
}

int sequence_length(uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/// Length of the maximal invalid part at a byte where no code point starts: what one U+FFFD stands for.
size_t invalid_length(std::string_view text, size_t byte) {
    size_t length = 1;
    while (byte + length < text.size() && code_point_at(text.substr(0, byte + length), byte).bytes == -1 &&
           code_point_at(text.substr(0, byte + length + 1), byte).bytes == -1)
        ++length;
    return length;
}

}  // namespace

CodePoint code_point_at(std::string_view text, size_t byte) {
    const uint8_t lead = uint8_t(text[byte]);
    const int length = sequence_length(lead);
    if (length <= 1) return {lead, length};
    uint32_t value = lead & (0xffu >> (length + 1));
    SecondByte allowed = second_byte(lead);
    for (int i = 1; i < length; ++i) {
        if (byte + size_t(i) >= text.size()) return {0, -1};
        const uint8_t next = uint8_t(text[byte + size_t(i)]);
        if (next < allowed.low || next > allowed.high) return {0, 0};
        value = value << 6 | (next & 0x3fu);
        allowed = {0x80, 0xbf};
    }
    return {value, length};
}

std::string to_utf8(uint32_t point) {
    if (point < 0x80) return {char(point)};
    if (point < 0x800) return {char(0xc0 | point >> 6), char(0x80 | (point & 0x3f))};
    if (point < 0x10000)
        return {char(0xe0 | point >> 12), char(0x80 | (point >> 6 & 0x3f)), char(0x80 | (point & 0x3f))};
    return {char(0xf0 | point >> 18), char(0x80 | (point >> 12 & 0x3f)), char(0x80 | (point >> 6 & 0x3f)),
            char(0x80 | (point & 0x3f))};
}

size_t first_invalid_byte(std::string_view text) {
    size_t byte = 0;
    while (byte < text.size()) {
        const int length = code_point_at(text, byte).bytes;
        if (length <= 0) return byte;
        byte += size_t(length);
    }
    return byte;
}

std::string take_utf8(std::string& pending, bool at_end) {
    std::string out;
    size_t byte = 0;
    while (byte < pending.size()) {
        const int length = code_point_at(pending, byte).bytes;
        if (length == -1 && !at_end) break;
        if (length > 0)
            out.append(pending, byte, size_t(length));
        else
            out += "\xef\xbf\xbd";
        byte += length > 0 ? size_t(length) : invalid_length(pending, byte);
    }
    pending.erase(0, byte);
    return out;
}

bool is_letter(uint32_t point) { return in_ranges(letter_ranges, point); }

bool is_number(uint32_t point) { return in_ranges(number_ranges, point); }

bool is_space(uint32_t point) {
    if (point <= 0x20) return (point >= 0x09 && point <= 0x0d) || point == 0x20;
    return point == 0x85 || point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) ||
           point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

}  // namespace superlane
