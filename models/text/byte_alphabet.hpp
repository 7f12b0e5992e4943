// SPDX-License-Identifier: Apache-2.0
// GPT-2's alphabet: every byte is written as one printable character, so that a vocabulary can be JSON text.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace superlane {

/// The character for each byte of `bytes`, as UTF-8.
std::string write_bytes(std::string_view bytes);
/// The bytes back; nothing when a character is not of the alphabet.
std::optional<std::string> read_bytes(std::string_view text);

}  // namespace superlane
