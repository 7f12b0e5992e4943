// SPDX-License-Identifier: Apache-2.0
// Printable Latin-1 stands for itself; the other 68 bytes are numbered from U+0100 on, in order.
#include "models/text/byte_alphabet.hpp"

#include <array>

#include "models/text/utf8.hpp"

namespace superlane {
namespace {

bool stands_for_itself(unsigned byte) {
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

struct Alphabet {
    std::array<uint32_t, 256> point{};
    std::array<int, 0x144> byte{};  // by code point; -1 = not of the alphabet

    Alphabet() {
        byte.fill(-1);
        uint32_t next = 0x100;
        for (unsigned b = 0; b < 256; ++b) {
            point[b] = stands_for_itself(b) ? b : next++;
            byte[point[b]] = int(b);
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet table;
    return table;
}

}  // namespace

std::string write_bytes(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += to_utf8(alphabet().point[uint8_t(c)]);
    return text;
}

std::optional<std::string> read_bytes(std::string_view text) {
    std::string bytes;
    for (size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (point.bytes <= 0 || point.value >= alphabet().byte.size() || alphabet().byte[point.value] < 0) return {};
        bytes += char(alphabet().byte[point.value]);
        at += size_t(point.bytes);
    }
    return bytes;
}

}  // namespace superlane
