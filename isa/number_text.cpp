// SPDX-License-Identifier: Apache-2.0
// Numbers and immediates to and from text, exact both ways.
#include "isa/number_text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/half.hpp"

namespace superlane::isa {
namespace {

constexpr std::string_view bits_mark = ":bits";

template <class Number>
std::optional<Number> whole(std::string_view text, auto... format) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format...);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

int width_bits(DType type) { return 8 * dtype_streams(type); }
bool is_signed(DType type) { return type == DType::I8 || type == DType::I16 || type == DType::I32; }
uint32_t low_bits(DType type, uint32_t value) {
    return width_bits(type) == 32 ? value : value & ((1u << width_bits(type)) - 1u);
}

std::optional<uint32_t> parse_value(DType type, std::string_view text) {
    if (type == DType::F32 || type == DType::F16) {
        const auto value = whole<float>(text);
        if (!value) return {};
        return type == DType::F32 ? std::bit_cast<uint32_t>(*value) : float_to_half(*value);
    }
    if (type == DType::Bool) {
        if (text == "true" || text == "1") return 1u;
        if (text == "false" || text == "0") return 0u;
        return {};
    }
    const auto value = parse_integer(text);
    const int64_t span = int64_t(1) << width_bits(type);
    const int64_t low = is_signed(type) ? -span / 2 : 0, high = low + span - 1;
    if (!value || *value < low || *value > high) return {};
    return low_bits(type, uint32_t(*value));
}

std::string value_text(DType type, uint32_t bits) {
    if (type == DType::F32 || type == DType::F16) {
        char buffer[32];
        const float value = type == DType::F32 ? std::bit_cast<float>(bits) : half_to_float(uint16_t(bits));
        return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    }
    const int unused = 32 - width_bits(type);
    if (is_signed(type)) return std::to_string(int32_t(bits << unused) >> unused);
    return std::to_string(bits);
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
    const bool minus = text.starts_with('-');
    if (minus) text.remove_prefix(1);
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    const auto magnitude = whole<uint64_t>(text, hex ? 16 : 10);
    if (!magnitude || *magnitude > uint64_t(INT64_MAX)) return {};
    return minus ? -int64_t(*magnitude) : int64_t(*magnitude);
}

std::optional<DType> type_named(std::string_view name) {
    const auto found = std::find(dtype_names.begin(), dtype_names.end(), name);
    if (found == dtype_names.end()) return {};
    return DType(found - dtype_names.begin());
}

std::optional<uint32_t> parse_element(DType type, std::string_view text) {
    if (!text.ends_with(bits_mark)) return parse_value(type, text);
    const auto bits = parse_integer(text.substr(0, text.size() - bits_mark.size()));
    if (!bits || *bits < 0 || *bits > 0xffffffffll) return {};
    return uint32_t(*bits);
}

std::string element_text(DType type, uint32_t bits) {
    const std::string text = value_text(type, bits);
    return parse_value(type, text) == bits ? text : hex_text(bits) + std::string(bits_mark);
}

uint32_t element_bits(DType type, double value) {
    if (type == DType::F32) return std::bit_cast<uint32_t>(float(value));
    if (type == DType::F16) return float_to_half(float(value));
    if (type == DType::Bool) return value != 0.0;
    return low_bits(type, uint32_t(int64_t(value)));
}

std::string hex_text(uint64_t value) {
    char buffer[20];
    return std::string("0x") + std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, 16).ptr);
}

}  // namespace superlane::isa
