// SPDX-License-Identifier: Apache-2.0
// Assembly text to a program. The language is described in docs/assembly.md; examples in examples/asm/.
#pragma once
#include <string>
#include <string_view>

#include "isa/program.hpp"

namespace superlane::isa {

/// The chip a text is assembled for.
struct Target {
    std::string chip;
    std::string digest;
    Geometry geometry;
};

/// UserError "file:line:column: message". The program has passed validate().
Program assemble(std::string_view text, const Target& target, std::string_view file = "<text>");
/// Reads the file at `path` and assembles it.
Program assemble_file(const std::string& path, const Target& target);

}  // namespace superlane::isa
