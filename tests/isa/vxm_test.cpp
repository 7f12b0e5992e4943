// SPDX-License-Identifier: Apache-2.0
// VXM operations against values worked out by hand, at the edges of their types.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

/// One operation on one value, by way of a vector of 16 lanes whose others must not matter.
uint32_t alu(Opcode opcode, DType type, uint32_t a, uint32_t b = 0, uint8_t mode = 0) {
    Instruction instruction;
    instruction.opcode = opcode;
    instruction.dtype = type;
    instruction.mode = mode;
    std::vector<uint32_t> x(16, 0x12345678u), y(16, 0x11u), out(16);
    x[7] = a;
    y[7] = b;
    vxm(instruction, x.data(), y.data(), out.data(), 16);
    return out[7];
}
float alu_float(Opcode opcode, float a, float b = 0) {
    return float_of(alu(opcode, DType::F32, bits_of(a), bits_of(b)));
}
int32_t convert(DType from, DType to, uint32_t bits) {
    return int32_t(alu(Opcode::Convert, from, bits, 0, uint8_t(to)));
}
uint32_t s(int value) { return uint32_t(value); }

}  // namespace

TEST(Vxm, IntegersWrapModulo) {
    EXPECT_EQ(alu(Opcode::Add, DType::I8, 127, 1), s(-128));
    EXPECT_EQ(alu(Opcode::Add, DType::U8, 255, 1), 0u);
    EXPECT_EQ(alu(Opcode::Add, DType::I16, 32767, 1), s(-32768));
    EXPECT_EQ(alu(Opcode::Add, DType::I32, 0x7fffffff, 1), 0x80000000u);
    EXPECT_EQ(alu(Opcode::Subtract, DType::U16, 0, 1), 65535u);
    EXPECT_EQ(alu(Opcode::Multiply, DType::I8, s(-128), s(-1)), s(-128));
    EXPECT_EQ(alu(Opcode::Multiply, DType::U32, 0x10001, 0x10001), 0x20001u);
    EXPECT_EQ(alu(Opcode::Negate, DType::I8, s(-128)), s(-128));
    EXPECT_EQ(alu(Opcode::Negate, DType::U8, 1), 255u);
}

TEST(Vxm, IntegersSaturateAtTheTypesEdge) {
    EXPECT_EQ(alu(Opcode::AddSaturate, DType::I8, 100, 28), 127u);
    EXPECT_EQ(alu(Opcode::AddSaturate, DType::I8, s(-100), s(-29)), s(-128));
    EXPECT_EQ(alu(Opcode::AddSaturate, DType::U8, 200, 55), 255u);
    EXPECT_EQ(alu(Opcode::AddSaturate, DType::U32, 0xffffffffu, 1), 0xffffffffu);
    EXPECT_EQ(alu(Opcode::AddSaturate, DType::I32, 0x7fffffff, 1), 0x7fffffffu);
    EXPECT_EQ(alu(Opcode::SubtractSaturate, DType::U16, 1, 2), 0u);
    EXPECT_EQ(alu(Opcode::SubtractSaturate, DType::I16, s(-32768), 1), s(-32768));
    EXPECT_EQ(alu(Opcode::SubtractSaturate, DType::I32, 0x80000000u, 1), 0x80000000u);
    EXPECT_EQ(alu(Opcode::MultiplySaturate, DType::I8, s(-128), s(-128)), 127u);
    EXPECT_EQ(alu(Opcode::MultiplySaturate, DType::I32, 0x80000000u, 0x80000000u), 0x7fffffffu);
    EXPECT_EQ(alu(Opcode::MultiplySaturate, DType::I32, 0x80000000u, 2), 0x80000000u);
    EXPECT_EQ(alu(Opcode::MultiplySaturate, DType::U32, 0xffffffffu, 0xffffffffu), 0xffffffffu);
    EXPECT_EQ(alu(Opcode::MultiplySaturate, DType::U16, 65535, 65535), 65535u);
    EXPECT_EQ(alu(Opcode::Absolute, DType::I8, s(-128)), 127u);
    EXPECT_EQ(alu(Opcode::Absolute, DType::I32, 0x80000000u), 0x7fffffffu);
    EXPECT_EQ(alu(Opcode::Absolute, DType::U8, 200), 200u);
}

TEST(Vxm, ReadsOnlyTheTypesLowBytesAndExtendsTheResult) {
    EXPECT_EQ(alu(Opcode::Identity, DType::I8, 0xabcdef80u), s(-128));
    EXPECT_EQ(alu(Opcode::Identity, DType::U8, 0xabcdef80u), 0x80u);
    EXPECT_EQ(alu(Opcode::Identity, DType::I16, 0xabcd8000u), s(-32768));
    EXPECT_EQ(alu(Opcode::Identity, DType::F16, 0xabcd8000u), 0x8000u);
    EXPECT_EQ(alu(Opcode::Identity, DType::Bool, 0xff02u), 1u);
    EXPECT_EQ(alu(Opcode::Identity, DType::F32, 0x7f800001u), 0x7f800001u);  // a signalling NaN passes as it is
    EXPECT_EQ(alu(Opcode::Negate, DType::F32, 0x7f800001u), 0xff800001u);
    EXPECT_EQ(alu(Opcode::Absolute, DType::F16, 0xfe01u), 0x7e01u);
}

TEST(Vxm, BitsAndShifts) {
    EXPECT_EQ(alu(Opcode::Not, DType::U8, 0x0f), 0xf0u);
    EXPECT_EQ(alu(Opcode::Not, DType::I8, 0x0f), s(-16));
    EXPECT_EQ(alu(Opcode::Not, DType::Bool, 7), 0u);
    EXPECT_EQ(alu(Opcode::And, DType::Bool, 2, 4), 1u);  // both true
    EXPECT_EQ(alu(Opcode::Or, DType::U16, 0xf000, 0x000f), 0xf00fu);
    EXPECT_EQ(alu(Opcode::Xor, DType::I8, 0xff, 0x0f), s(-16));
    EXPECT_EQ(alu(Opcode::ShiftLeft, DType::U8, 0x81, 1), 2u);
    EXPECT_EQ(alu(Opcode::ShiftLeft, DType::U8, 0x81, 8), 0u);
    EXPECT_EQ(alu(Opcode::ShiftLeft, DType::U32, 1, 31), 0x80000000u);
    EXPECT_EQ(alu(Opcode::ShiftLeft, DType::U32, 1, 32), 0u);
    EXPECT_EQ(alu(Opcode::ShiftLeft, DType::I8, 1, s(-1)), 0u);  // read as unsigned: 255
    EXPECT_EQ(alu(Opcode::ShiftRight, DType::I8, s(-128), 7), s(-1));
    EXPECT_EQ(alu(Opcode::ShiftRight, DType::I8, s(-128), 100), s(-1));
    EXPECT_EQ(alu(Opcode::ShiftRight, DType::I32, 0x40000000u, 33), 0u);
    EXPECT_EQ(alu(Opcode::ShiftRight, DType::U8, 0x80, 7), 1u);
    EXPECT_EQ(alu(Opcode::ShiftRight, DType::U32, 0x80000000u, 32), 0u);
}

TEST(Vxm, ComparesGiveBool) {
    EXPECT_EQ(alu(Opcode::Less, DType::I8, s(-1), 0), 1u);
    EXPECT_EQ(alu(Opcode::Less, DType::U8, 255, 0), 0u);
    EXPECT_EQ(alu(Opcode::LessEqual, DType::F32, bits_of(-0.0f), bits_of(0.0f)), 1u);
    EXPECT_EQ(alu(Opcode::Equal, DType::F32, bits_of(NAN), bits_of(NAN)), 0u);
    EXPECT_EQ(alu(Opcode::Equal, DType::Bool, 1, 255), 1u);
    EXPECT_EQ(alu(Opcode::Equal, DType::F16, 0x0000, 0x8000), 1u);
    Instruction less;
    less.opcode = Opcode::Less;
    less.dtype = DType::F32;
    EXPECT_EQ(result_type(less), DType::Bool);
}

TEST(Vxm, MaskMaximumRelu) {
    EXPECT_EQ(alu(Opcode::Mask, DType::I16, s(-5), 0x80), s(-5));
    EXPECT_EQ(alu(Opcode::Mask, DType::I16, s(-5), 0x100), 0u);  // keep is a byte
    EXPECT_EQ(alu(Opcode::Maximum, DType::I8, s(-3), 2), 2u);
    EXPECT_EQ(alu(Opcode::Minimum, DType::U8, 0xfd, 2), 2u);
    EXPECT_EQ(alu_float(Opcode::Maximum, -inf, 1.0f), 1.0f);
    EXPECT_TRUE(std::isnan(alu_float(Opcode::Maximum, 1.0f, NAN)));
    EXPECT_TRUE(std::isnan(alu_float(Opcode::Maximum, NAN, 1.0f)));
    EXPECT_TRUE(std::isnan(alu_float(Opcode::Minimum, NAN, 1.0f)));
    EXPECT_EQ(alu(Opcode::Maximum, DType::F32, 0, 0x80000000u), 0x80000000u);  // equal: y
    EXPECT_EQ(alu(Opcode::Relu, DType::F32, 0x80000000u), 0u);
    EXPECT_EQ(alu(Opcode::Relu, DType::F32, bits_of(-1.0f)), 0u);
    EXPECT_EQ(alu(Opcode::Relu, DType::F32, 0xffc12345u), 0x7fc00000u);
    EXPECT_EQ(alu(Opcode::Relu, DType::I8, s(-1)), 0u);
}

TEST(Vxm, FloatsRoundToNearestAndMakeOneNan) {
    EXPECT_EQ(alu_float(Opcode::Add, 1.0f, 0x1p-24f), 1.0f);
    EXPECT_EQ(alu_float(Opcode::Multiply, 0x1p-100f, 0x1p-49f), 0x1p-149f);  // subnormal
    EXPECT_EQ(alu(Opcode::Subtract, DType::F32, bits_of(inf), bits_of(inf)), 0x7fc00000u);
    EXPECT_EQ(alu(Opcode::Add, DType::F32, 0xffffffffu, bits_of(1.0f)), 0x7fc00000u);
    EXPECT_EQ(alu(Opcode::Add, DType::F16, 0x3c00, 0x1000), 0x3c00u);  // 1 + 2^-11, a tie to even
    EXPECT_EQ(alu(Opcode::Add, DType::F16, 0x3c01, 0x1000), 0x3c02u);
    EXPECT_EQ(alu(Opcode::Multiply, DType::F16, 0x7bff, 0x4000), 0x7c00u);  // 65504 * 2 overflows
    EXPECT_EQ(alu(Opcode::Subtract, DType::F16, 0x7c00, 0x7c00), 0x7e00u);
    EXPECT_EQ(alu(Opcode::Multiply, DType::F16, 0x0001, 0x3800), 0x0000u);  // half the least subnormal, a tie to 0
}

TEST(Vxm, ConvertRoundsOnceAndClamps) {
    EXPECT_EQ(convert(DType::F32, DType::I8, bits_of(2.5f)), 2);
    EXPECT_EQ(convert(DType::F32, DType::I8, bits_of(3.5f)), 4);
    EXPECT_EQ(convert(DType::F32, DType::I8, bits_of(-2.5f)), -2);
    EXPECT_EQ(convert(DType::F32, DType::I8, bits_of(1e9f)), 127);
    EXPECT_EQ(convert(DType::F32, DType::I8, bits_of(-inf)), -128);
    EXPECT_EQ(convert(DType::F32, DType::U8, bits_of(-1.0f)), 0);
    EXPECT_EQ(convert(DType::F32, DType::I32, bits_of(NAN)), 0);
    EXPECT_EQ(convert(DType::F32, DType::I32, bits_of(2147483648.0f)), 2147483647);
    EXPECT_EQ(uint32_t(convert(DType::F32, DType::U32, bits_of(4294967040.0f))), 4294967040u);
    EXPECT_EQ(uint32_t(convert(DType::I32, DType::F32, 16777217)), bits_of(16777216.0f));
    EXPECT_EQ(uint32_t(convert(DType::U32, DType::F32, 0xffffffffu)), bits_of(4294967296.0f));
    EXPECT_EQ(convert(DType::I32, DType::F16, 2049), 0x6800);
    EXPECT_EQ(convert(DType::I32, DType::F16, 100000), 0x7c00);
    EXPECT_EQ(convert(DType::I32, DType::I8, s(-1000)), -128);
    EXPECT_EQ(convert(DType::I8, DType::U8, s(-1)), 0);
    EXPECT_EQ(convert(DType::I8, DType::F32, s(-1)), s(bits_of(-1.0f)));
    EXPECT_EQ(convert(DType::F16, DType::F32, 0x0001), int32_t(bits_of(0x1p-24f)));
    EXPECT_EQ(convert(DType::F32, DType::F16, bits_of(65520.0f)), 0x7c00);
    EXPECT_EQ(convert(DType::F32, DType::F16, 0xff800001u), 0x7e00);
    EXPECT_EQ(convert(DType::F32, DType::Bool, bits_of(0.25f)), 1);
    EXPECT_EQ(convert(DType::F32, DType::Bool, bits_of(-0.0f)), 0);
    EXPECT_EQ(convert(DType::Bool, DType::F32, 255), int32_t(bits_of(1.0f)));
    Instruction to_half;
    to_half.opcode = Opcode::Convert;
    to_half.mode = uint8_t(DType::F16);
    EXPECT_EQ(result_type(to_half), DType::F16);
}

TEST(Vxm, EveryRowAndTypeKeepsTheExtensionAndTakesOutAsInput) {
    Random random(5);
    for (const InstructionRow& row : instructions()) {
        if (row.unit != Unit::Alu || row.opcode == Opcode::Accumulate || row.opcode == Opcode::Latch) continue;
        for (int type = 0; type < dtype_count; ++type) {
            if (!(row.types & type_bit(DType(type)))) continue;
            Instruction instruction;
            instruction.opcode = row.opcode;
            instruction.dtype = DType(type);
            if (row.opcode == Opcode::Convert) instruction.mode = uint8_t(below(random, dtype_count));
            std::vector<uint32_t> a(320), b(320), out(320), back(320);
            for (uint32_t& lane : a) lane = random();
            for (uint32_t& lane : b) lane = random() % 3 ? random() : random() % 16;
            vxm(instruction, a.data(), b.data(), out.data(), 320);
            std::vector<std::vector<uint8_t>> planes(4, std::vector<uint8_t>(320));
            uint8_t* streams[4] = {planes[0].data(), planes[1].data(), planes[2].data(), planes[3].data()};
            pack(result_type(instruction), out.data(), streams, 320);
            unpack(result_type(instruction), streams, back.data(), 320);
            EXPECT_EQ(back, out) << row.mnemonic << " " << dtype_names[size_t(type)];
            std::vector<uint32_t> over = a;
            vxm(instruction, over.data(), b.data(), over.data(), 320);
            EXPECT_EQ(over, out) << row.mnemonic;
            over = b;
            vxm(instruction, a.data(), over.data(), over.data(), 320);
            EXPECT_EQ(over, out) << row.mnemonic;
        }
    }
}

TEST(Vxm, AccumulateReduces) {
    uint32_t state[16], x[16];
    for (int i = 0; i < 16; ++i) state[i] = 250u, x[i] = uint32_t(i);
    accumulate(DType::U8, AccumulateOp::Add, state, x, 16);
    EXPECT_EQ(state[5], 255u);
    EXPECT_EQ(state[6], 0u);
    for (int i = 0; i < 16; ++i) state[i] = bits_of(1.0f), x[i] = bits_of(float(i) - 2.0f);
    accumulate(DType::F32, AccumulateOp::Max, state, x, 16);
    EXPECT_EQ(float_of(state[0]), 1.0f);
    EXPECT_EQ(float_of(state[15]), 13.0f);
    accumulate(DType::F32, AccumulateOp::Min, state, x, 16);
    EXPECT_EQ(float_of(state[0]), -2.0f);
}

TEST(Vxm, RefusesRowsWithoutLaneFunction) {
    Instruction latch;
    latch.opcode = Opcode::Latch;
    EXPECT_THROW(vxm(latch, nullptr, nullptr, nullptr, 0), InternalError);
    EXPECT_THROW(sxm(latch, nullptr, nullptr, nullptr, nullptr, 0), InternalError);
}
