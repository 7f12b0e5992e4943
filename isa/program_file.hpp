// SPDX-License-Identifier: Apache-2.0
// The binary program file: magic, version, length and SHA-256 of the payload, then the payload. Little-endian.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/program.hpp"

namespace superlane::isa {

/// The file's bytes; decode_program(encode_program(p)) gives p back bit for bit, assembly lines included.
std::vector<uint8_t> encode_program(const Program& program);
/// UserError "name: ..." for bytes that are no valid program; a program it returns has passed validate().
Program decode_program(std::span<const uint8_t> bytes, std::string_view name);
/// The header for a payload, and the payload: what encode_program ends with, and how tests reach past the hash.
std::vector<uint8_t> seal_payload(std::span<const uint8_t> payload);

void save_program(const Program& program, const std::string& path);
Program load_program(const std::string& path);

}  // namespace superlane::isa
