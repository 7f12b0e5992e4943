// SPDX-License-Identifier: Apache-2.0
// Any text as assembly: a UserError, or a program that its disassembly and its file give back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "isa/assembler.hpp"
#include "isa/disassembler.hpp"
#include "isa/program_file.hpp"

using namespace superlane;
using namespace superlane::isa;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Target target{"tsp-v1", "digest", Geometry()};
    try {
        const Program program = assemble({reinterpret_cast<const char*>(data), size}, target, "input");
        const std::string text = disassemble(program);
        SUPERLANE_CHECK(assemble(text, target, "again").digest() == program.digest(), text);
        SUPERLANE_CHECK(decode_program(encode_program(program), "file").digest() == program.digest());
        expand(program, Timing());
    } catch (const UserError&) {
    }
    return 0;
}
