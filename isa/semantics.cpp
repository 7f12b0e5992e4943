// SPDX-License-Identifier: Apache-2.0
// From opcode to meaning, by the table; types of sources and results.
#include "isa/semantics.hpp"

#include <array>

#include "base/error.hpp"
#include "isa/semantics_functions.hpp"

namespace superlane::isa {
namespace {

struct Meaning {
    VxmFunction* vxm = nullptr;
    SxmFunction* sxm = nullptr;
    Keeper keeper = Keeper::None;
    constexpr Meaning() = default;
    constexpr Meaning(VxmFunction* function) : vxm(function) {}
    constexpr Meaning(SxmFunction* function) : sxm(function) {}
    constexpr Meaning(Keeper slice) : keeper(slice) {}
};

constexpr std::array<Meaning, 256> meanings() {
    std::array<Meaning, 256> of{};
#define INSTRUCTION(name, code, mnemonic, unit, types, operands, latency, semantics, summary) \
    of[code] = Meaning(functions::semantics);
#include "isa/instructions.def"
#undef INSTRUCTION
    return of;
}

const Meaning& meaning_of(const Instruction& instruction) {
    static constexpr std::array<Meaning, 256> table = meanings();
    return table[size_t(instruction.opcode)];
}

}  // namespace

void vxm(const Instruction& instruction, const uint32_t* a, const uint32_t* b, uint32_t* out, int lanes) {
    VxmFunction* function = meaning_of(instruction).vxm;
    SUPERLANE_CHECK(function != nullptr, "opcode", int(instruction.opcode));
    function(instruction, a, b, out, lanes);
}

void sxm(const Instruction& instruction, const uint8_t* const* in, const uint8_t* map_low, const uint8_t* map_high,
         uint8_t* const* out, int superlanes) {
    SxmFunction* function = meaning_of(instruction).sxm;
    SUPERLANE_CHECK(function != nullptr, "opcode", int(instruction.opcode));
    function(instruction, {in, map_low, map_high, out, superlanes});
}

DType result_type(const Instruction& instruction) {
    switch (instruction.opcode) {
        case Opcode::Equal:
        case Opcode::Less:
        case Opcode::LessEqual:
            return DType::Bool;
        case Opcode::Convert:
            return DType(instruction.mode);
        case Opcode::AccumulateEmit:
        case Opcode::AccumulatePass:
            return instruction.dtype == DType::F16 ? DType::F32 : DType::I32;
        default:
            return instruction.dtype;
    }
}

DType source_type(const Instruction& instruction, Field field) {
    if (field != Field::B) return instruction.dtype;
    switch (instruction.opcode) {
        case Opcode::Mask:
            return DType::Bool;
        case Opcode::Select:
        case Opcode::Distribute:
        case Opcode::Gather:
        case Opcode::Scatter:
            return DType::U8;
        case Opcode::PermuteMap:
            return DType::U16;
        default:
            return instruction.dtype;
    }
}

}  // namespace superlane::isa
