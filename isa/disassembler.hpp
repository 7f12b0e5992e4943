// SPDX-License-Identifier: Apache-2.0
// Instructions and programs as assembly text.
#pragma once
#include <string>

#include "isa/program.hpp"

namespace superlane::isa {

/// One instruction: "add.f32 E0, #1.5 -> W8", "read 0x20 -> E4".
std::string to_text(const Instruction& instruction);
/// Text that assemble() turns into the same program, bit for bit. The program must pass validate().
std::string disassemble(const Program& program);

}  // namespace superlane::isa
