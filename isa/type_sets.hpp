// SPDX-License-Identifier: Apache-2.0
// Sets of element types that rows of instructions.def allow.
#pragma once
#include "isa/instruction.hpp"

namespace superlane::isa {

constexpr uint16_t INTEGERS = type_bit(DType::I8) | type_bit(DType::I16) | type_bit(DType::I32) | type_bit(DType::U8) |
                              type_bit(DType::U16) | type_bit(DType::U32);
constexpr uint16_t FLOATS = type_bit(DType::F16) | type_bit(DType::F32);
constexpr uint16_t ARITHMETIC = INTEGERS | FLOATS;
constexpr uint16_t BITS = INTEGERS | type_bit(DType::Bool);
constexpr uint16_t ANY_TYPE = ARITHMETIC | type_bit(DType::Bool);

}  // namespace superlane::isa
