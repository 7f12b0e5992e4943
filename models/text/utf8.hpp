// SPDX-License-Identifier: Apache-2.0
// UTF-8 read code point by code point, and the three character classes that tokenizers split on.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace superlane {

/// The code point that starts at a byte. `bytes` is 0 when the sequence is not valid UTF-8 and not a valid beginning,
/// and -1 when the text ends inside a sequence that was valid so far.
struct CodePoint {
    uint32_t value = 0;
    int bytes = 0;
};
CodePoint code_point_at(std::string_view text, size_t byte);
std::string to_utf8(uint32_t code_point);

/// The first byte that is not part of valid UTF-8; text.size() when there is none.
size_t first_invalid_byte(std::string_view text);

/// Moves whole code points from the front of `pending` to the result; each maximal invalid part becomes U+FFFD. What
/// could still be completed stays in `pending` unless `at_end`.
std::string take_utf8(std::string& pending, bool at_end);

bool is_letter(uint32_t code_point);  ///< general category L
bool is_number(uint32_t code_point);  ///< general category N
bool is_space(uint32_t code_point);   ///< White_Space

}  // namespace superlane
