// SPDX-License-Identifier: Apache-2.0
// SXM movements on vectors whose lanes say where they came from.
#include <gtest/gtest.h>

#include "support.hpp"

using namespace superlane;
using namespace superlane::isa;

namespace {

using Vectors = std::vector<std::vector<uint8_t>>;

/// Stream k, lane i holds 7 * k + i (modulo 256), by a chip of 3 superlanes.
constexpr int superlanes = 3, lanes = 48;
uint8_t value(int stream, int lane) { return uint8_t(7 * stream + lane); }

Vectors run(const Instruction& instruction, const std::vector<uint8_t>& map_low = {},
            const std::vector<uint8_t>& map_high = {}) {
    const SxmShape shape = sxm_shape(instruction);
    Vectors in(size_t(shape.inputs), std::vector<uint8_t>(lanes)),
        out(size_t(shape.outputs), std::vector<uint8_t>(lanes, 0xee));
    std::vector<const uint8_t*> from;
    std::vector<uint8_t*> to;
    for (int k = 0; k < shape.inputs; ++k) {
        for (int i = 0; i < lanes; ++i) in[size_t(k)][size_t(i)] = value(k, i);
        from.push_back(in[size_t(k)].data());
    }
    for (auto& each : out) to.push_back(each.data());
    sxm(instruction, from.data(), map_low.data(), map_high.data(), to.data(), superlanes);
    return out;
}

Instruction of(Opcode opcode, DType type, int index = 0, int mode = 0) {
    Instruction instruction;
    instruction.opcode = opcode;
    instruction.dtype = type;
    instruction.index = uint16_t(index);
    instruction.mode = uint8_t(mode);
    return instruction;
}

}  // namespace

TEST(Sxm, ShiftCrossesSuperlanesAndFillsWithZeroOrWraps) {
    const Vectors up = run(of(Opcode::Shift, DType::I16, 17));
    EXPECT_EQ(up[1][17], value(1, 0));
    EXPECT_EQ(up[0][47], value(0, 30));
    EXPECT_EQ(up[0][16], 0);
    const Vectors down = run(of(Opcode::Shift, DType::I8, -1));
    EXPECT_EQ(down[0][0], value(0, 1));
    EXPECT_EQ(down[0][47], 0);
    const Vectors around = run(of(Opcode::Shift, DType::I8, -49, 1));
    EXPECT_EQ(around[0][0], value(0, 1));
    EXPECT_EQ(around[0][47], value(0, 0));
}

TEST(Sxm, SelectTakesOneOfTwoStreamsLaneByLane) {
    std::vector<uint8_t> map(lanes, 0);
    map[5] = 1;
    map[6] = 128;
    const Vectors out = run(of(Opcode::Select, DType::I8), map);
    EXPECT_EQ(out[0][4], value(0, 4));
    EXPECT_EQ(out[0][5], value(1, 5));
    EXPECT_EQ(out[0][6], value(1, 6));
}

TEST(Sxm, PermuteTakesAnyLaneByASixteenBitMap) {
    std::vector<uint8_t> low(lanes), high(lanes, 0);
    for (int i = 0; i < lanes; ++i) low[size_t(i)] = uint8_t(lanes - 1 - i);
    high[3] = 1;
    const Vectors out = run(of(Opcode::Permute, DType::F32), low, high);
    EXPECT_EQ(out[2][0], value(2, 47));
    EXPECT_EQ(out[3][47], value(3, 0));
    EXPECT_EQ(out[0][3], 0);  // past the last lane
}

TEST(Sxm, DistributeAndBroadcastStayInsideTheSuperlane) {
    std::vector<uint8_t> map(lanes, 3);
    map[20] = 0xff;
    map[40] = 0x7f;
    const Vectors spread = run(of(Opcode::Distribute, DType::I16), map);
    EXPECT_EQ(spread[1][15], value(1, 3));
    EXPECT_EQ(spread[1][17], value(1, 19));
    EXPECT_EQ(spread[0][20], 0);
    EXPECT_EQ(spread[0][40], value(0, 47));
    const Vectors same = run(of(Opcode::Broadcast, DType::I8, 15));
    EXPECT_EQ(same[0][0], value(0, 15));
    EXPECT_EQ(same[0][32], value(0, 47));
}

TEST(Sxm, RotateGivesEveryRotationOfEveryStream) {
    const Vectors out = run(of(Opcode::Rotate, DType::I8, 3));
    ASSERT_EQ(out.size(), 9u);
    EXPECT_EQ(out[1 * 3 + 2][0], value(2, 1));
    EXPECT_EQ(out[2 * 3 + 0][1], value(0, 0));
    EXPECT_EQ(out[1 * 3 + 0][14], value(0, 12));
    EXPECT_EQ(out[1 * 3 + 0][15], value(0, 15));  // fills no group of three
    EXPECT_EQ(out[1 * 3 + 0][16], value(0, 17));
}

TEST(Sxm, TransposeSwapsElementAndLane) {
    const Vectors bytes = run(of(Opcode::Transpose, DType::I8));
    EXPECT_EQ(bytes[3][16 + 5], value(5, 16 + 3));
    const Vectors halves = run(of(Opcode::Transpose, DType::F16));
    ASSERT_EQ(halves.size(), 32u);
    EXPECT_EQ(halves[2 * 3 + 1][32 + 5], value(2 * 5 + 1, 32 + 3));
}

TEST(Sxm, ShapesCountStreams) {
    const auto shape = [](Opcode opcode, DType type, int index = 0) {
        const SxmShape s = sxm_shape(of(opcode, type, index));
        return std::array<int, 3>{s.inputs, s.maps, s.outputs};
    };
    EXPECT_EQ(shape(Opcode::Shift, DType::F32), (std::array<int, 3>{4, 0, 4}));
    EXPECT_EQ(shape(Opcode::Select, DType::I8), (std::array<int, 3>{2, 1, 1}));
    EXPECT_EQ(shape(Opcode::PermuteMap, DType::I8), (std::array<int, 3>{0, 2, 0}));
    EXPECT_EQ(shape(Opcode::Permute, DType::F16), (std::array<int, 3>{2, 2, 2}));
    EXPECT_EQ(shape(Opcode::Distribute, DType::F16), (std::array<int, 3>{2, 1, 2}));
    EXPECT_EQ(shape(Opcode::Rotate, DType::I8, 4), (std::array<int, 3>{4, 0, 16}));
    EXPECT_EQ(shape(Opcode::Transpose, DType::F16), (std::array<int, 3>{32, 0, 32}));
    EXPECT_THROW(sxm_shape(of(Opcode::Add, DType::I8)), InternalError);
}

TEST(Sxm, OperandsCoverWhatTheShapeSays) {
    for (const InstructionRow& row : instructions()) {
        const bool in_sxm = row.unit == Unit::Distributor || row.unit == Unit::Transposer ||
                            row.unit == Unit::Permuter || row.unit == Unit::Selector;
        if (!in_sxm) continue;
        for (const DType type : {DType::I8, DType::F16}) {
            if (row.types != 0 && !(row.types & type_bit(type))) continue;
            const Instruction instruction = of(row.opcode, row.types == 0 ? DType::I8 : type, 2);
            const SxmShape shape = sxm_shape(instruction);
            for (const Operand& operand : row.operands) {
                if (operand.field == Field::A) {
                    EXPECT_EQ(operand_streams(instruction, operand), shape.inputs) << row.mnemonic;
                } else if (operand.field == Field::B) {
                    EXPECT_EQ(operand_streams(instruction, operand), shape.maps) << row.mnemonic;
                } else if (operand.field == Field::Dst) {
                    EXPECT_EQ(operand_streams(instruction, operand), shape.outputs) << row.mnemonic;
                }
            }
        }
    }
}
