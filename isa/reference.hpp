// SPDX-License-Identifier: Apache-2.0
// The reference page of the instruction set, printed from the table: docs/reference/isa.md.
#pragma once
#include <string>

namespace superlane::isa {

struct InstructionRow;

std::string isa_reference_markdown();

/// How a row is written in assembly: "add.<type> x, y -> to".
std::string usage(const InstructionRow& row);

}  // namespace superlane::isa
