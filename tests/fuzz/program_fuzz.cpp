// SPDX-License-Identifier: Apache-2.0
// Any bytes as a program file, and as the payload of one with a right hash: a UserError, or a program that its file and
// its disassembly give back.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.hpp"
#include "isa/assembler.hpp"
#include "isa/disassembler.hpp"
#include "isa/program_file.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

void try_file(std::span<const uint8_t> bytes) {
    Program program;
    try {
        program = decode_program(bytes, "input");
    } catch (const UserError&) {
        return;
    }
    const std::vector<uint8_t> again = encode_program(program);
    SUPERLANE_CHECK(std::equal(bytes.begin(), bytes.end(), again.begin(), again.end()));
    const Program from_text = assemble(disassemble(program), {program.chip, program.chip_digest, program.geometry});
    SUPERLANE_CHECK(from_text.digest() == program.digest(), disassemble(program));
    try {
        expand(program, Timing());
    } catch (const UserError&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    try_file({data, size});
    try_file(seal_payload({data, size}));
    return 0;
}
