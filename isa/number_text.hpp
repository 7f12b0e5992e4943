// SPDX-License-Identifier: Apache-2.0
// Numbers and immediates as assembly writes them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isa/instruction.hpp"

namespace superlane::isa {

/// Decimal, or hexadecimal after 0x, with an optional minus.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<DType> type_named(std::string_view name);
/// A value of the type as its bits, zero-extended: 1.5, -3, inf, nan, true, or 0x3f800000:bits. Empty when it is none
/// or does not fit.
std::optional<uint32_t> parse_element(DType type, std::string_view text);
/// The shortest text that parse_element turns into the same bits.
std::string element_text(DType type, uint32_t bits);
/// The value rounded to the type; integers modulo.
uint32_t element_bits(DType type, double value);
std::string hex_text(uint64_t value);

}  // namespace superlane::isa
