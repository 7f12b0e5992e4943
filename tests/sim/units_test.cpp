// SPDX-License-Identifier: Apache-2.0
// Values through VXM, MXM, SXM and C2C, against plain loops.
#include <cstring>
#include <random>

#include "base/half.hpp"
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using isa::DType;
const int lanes = chip.lanes();

Row random_row(std::mt19937& random, int from = 0, int to = 255) {
    Row row(static_cast<size_t>(lanes));
    for (uint8_t& byte : row) byte = uint8_t(from + int(random() % unsigned(to - from + 1)));
    return row;
}

TEST(Vxm, AddOfTwoStreamsAndAChainedMultiply) {
    ProgramBuilder program(chip);  // slices 0 and 1 west: word at (0, 11), sampled at position 4 at 15
    program.at(10, program.mem(west, 0), read(0, E(0)), 8, 1, 1).at(10, program.mem(west, 1), read(0, E(1)), 8, 1, 1);
    program.at(15, program.queues.vxm(0), alu(Opcode::Add, DType::I8, E(0), E(1)), 8);
    program.at(18, program.queues.vxm(5), alu(Opcode::Multiply, DType::I8, isa::alu_output(0), isa::immediate, E(7), 3), 8);
    program.at(21, program.mem(east, 3), write(0, E(7)), 8, 1, 1);  // exit_through is 0
    std::mt19937 random(1);
    sim::Machine machine(chip);
    std::vector<Row> x, y;
    for (int i = 0; i < 8; ++i) {
        x.push_back(random_row(random));
        y.push_back(random_row(random));
        machine.write(west, 0, i, x.back());
        machine.write(west, 1, i, y.back());
    }
    EXPECT_EQ(messages(machine.run(program.build())), "");
    for (int i = 0; i < 8; ++i) {
        Row expected(static_cast<size_t>(lanes));
        for (size_t k = 0; k < expected.size(); ++k) expected[k] = uint8_t((x[size_t(i)][k] + y[size_t(i)][k]) * 3);
        EXPECT_EQ(row_of(machine, east, 3, i), expected);
    }
}

TEST(Vxm, AResultLeavesLateBySameSideAsItsOperandsCameIn) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, E(0)));
    program.at(15, program.queues.vxm(0), alu(Opcode::Identity, DType::I8, E(0)));
    program.at(18, program.queues.vxm(1), alu(Opcode::Negate, DType::I8, isa::alu_output(0), 0, W(2)));
    program.at(21 + chip.timing.vxm_exit_same_side, program.mem(west, 2), write(9, W(2)));
    sim::Machine machine(chip);
    machine.write(west, 0, 0, filled(chip, 3));
    EXPECT_EQ(messages(machine.run(program.build())), "");
    EXPECT_EQ(row_of(machine, west, 2, 9), filled(chip, 253));
}

TEST(Vxm, AccumulateLatchAndRunningSum) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, E(0)), 12, 1, 1);
    program.at(15, program.queues.vxm(0), alu(Opcode::Accumulate, DType::I8, E(0), 0, E(4), 4), 12);  // sums of four
    program.at(21, program.mem(east, 1), write(0, E(4)), 3, 4, 1);                                     // at 18 + 3, every fourth cycle
    program.at(14, program.queues.vxm(1), make(Opcode::Nop, {.index = 1}));
    program.at(15, program.queues.vxm(1), make(Opcode::Latch, {.a = E(0)}));
    program.at(16, program.queues.vxm(1), alu(Opcode::Multiply, DType::I8, E(0), isa::latched, E(5)), 11);
    program.at(19, program.mem(east, 2), write(0, E(5)), 11, 1, 1);
    // A ring: every third element adds to the sum of three before.
    program.at(15, program.queues.vxm(2), alu(Opcode::Identity, DType::I8, E(0)), 3);
    program.at(18, program.queues.vxm(2), alu(Opcode::Add, DType::I8, isa::alu_output(2), E(0), E(6)), 9);
    program.at(21, program.mem(east, 3), write(0, E(6)), 9, 1, 1);
    sim::Machine machine(chip);
    for (int i = 0; i < 12; ++i) machine.write(west, 0, i, filled(chip, 1 + i));
    EXPECT_EQ(messages(machine.run(program.build())), "");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(row_of(machine, east, 1, i)[0], 10 + 16 * i);
    for (int i = 0; i < 11; ++i) EXPECT_EQ(row_of(machine, east, 2, i)[5], 2 + i);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(row_of(machine, east, 3, i)[5], i < 3 ? (1 + i) + (4 + i) : i < 6 ? 3 * (i - 3) + 12 : 4 * (i - 6) + 22);
}

// West side: slice k stands at -(k / 4), mxm_in at -20, mxm_out at -17.
constexpr int load_at = 60;
void load_and_install(ProgramBuilder& program, int steps, DType type = DType::I8) {
    const int vectors = type == DType::F16 ? 8 : 16;
    for (int k = 0; k < 16; ++k) program.at(load_at - 21 + k / 4, program.mem(west, k), read(0, W(k)), steps, 1, 1);
    program.at(load_at, program.weights(west, 0), lw(W(0), vectors, type), steps);
    program.at(load_at + steps, program.activations(west, 0), iw(type));
}
void keep_result(ProgramBuilder& program, int64_t emitted, int address, int base = 0) {
    for (int k = 0; k < 4; ++k)  // slice 40 + k at -10: seven hops from mxm_out
        program.at(emitted + chip.timing.mxm_accumulate_out + 7, program.mem(west, 40 + k), write(address, E(base + k)));
}
std::vector<int32_t> kept(const sim::Machine& machine, int address) {
    std::vector<int32_t> y(static_cast<size_t>(lanes));
    for (int k = 0; k < 4; ++k) {
        const Row row = row_of(machine, west, 40 + k, address);
        for (size_t j = 0; j < y.size(); ++j) y[j] = int32_t(uint32_t(y[j]) | uint32_t(row[j]) << (8 * k));
    }
    return y;
}

TEST(Mxm, PassAndAccumulateOverTwoActivations) {
    ProgramBuilder program(chip);
    load_and_install(program, 20);
    const int enter = load_at + 24, arrive = enter + 14;
    program.at(enter - 21 + 8, program.mem(west, 32), read(0, W(20)), 2, 1, 1);
    program.at(enter, program.activations(west, 0), abc(W(20)), 2);
    program.at(arrive, program.accumulate(west, 0), acc_set(3)).at(arrive + 1, program.accumulate(west, 0), acc_add(3));
    program.at(arrive + 2, program.accumulate(west, 0), emit(3, E(0)));
    keep_result(program, arrive + 2, 77);
    sim::Machine machine(chip);
    std::mt19937 random(2);
    std::vector<Row> weights(320);
    for (int j = 0; j < 320; ++j) machine.write(west, j % 16, j / 16, weights[size_t(j)] = random_row(random));
    const Row x0 = random_row(random), x1 = random_row(random);
    machine.write(west, 32, 0, x0);
    machine.write(west, 32, 1, x1);
    const sim::RunResult result = machine.run(program.build());
    EXPECT_EQ(messages(result), "");
    const auto y = kept(machine, 77);
    for (size_t j = 0; j < 320; ++j) EXPECT_EQ(y[j], dot(weights[j], x0) + dot(weights[j], x1)) << j;
    EXPECT_EQ(result.counters.planes[0][0].macs_int8, 2u * 320 * 320);
}

TEST(Mxm, RowsNotLoadedAreZeroAndHeldActivationsPlay) {
    ProgramBuilder program(chip);
    load_and_install(program, 2);  // 32 rows
    const int enter = load_at + 24, arrive = enter + 14;
    program.at(enter - 10 - 21 + 8, program.mem(west, 32), read(0, W(20))).at(enter - 10 - 21 + 8, program.mem(west, 33), read(0, W(21)));
    program.at(enter - 10, program.activations(west, 0), hold(W(20), 2, 5));
    program.at(enter, program.activations(west, 0), play(5), 2, 1, 1);
    program.at(arrive, program.accumulate(west, 0), pass(E(0))).at(arrive + 1, program.accumulate(west, 0), pass(E(4)));
    keep_result(program, arrive, 1);
    for (int k = 0; k < 4; ++k) program.at(arrive + 1 + 34 + 8, program.mem(west, 36 + k), write(2, E(4 + k)));
    sim::Machine machine(chip);
    std::mt19937 random(3);
    std::vector<Row> weights(32);
    for (int j = 0; j < 32; ++j) machine.write(west, j % 16, j / 16, weights[size_t(j)] = random_row(random));
    const Row x = random_row(random);
    machine.write(west, 32, 0, x);
    EXPECT_EQ(messages(machine.run(program.build())), "");
    const auto y = kept(machine, 1);
    for (size_t j = 0; j < 320; ++j) EXPECT_EQ(y[j], j < 32 ? dot(weights[j], x) : 0);
    EXPECT_EQ(row_of(machine, west, 36, 2), filled(chip, 0));  // slot 6 held zeros
}

TEST(Mxm, WeightsOverwrittenWhileHeldKeepTheirValues) {
    ProgramBuilder program(chip);
    load_and_install(program, 20);
    const int enter = load_at + 30, arrive = enter + 14;
    program.at(load_at + 25 - 3 - 1, program.mem(west, 28), read(0, E(9)), 20, 1, 1);       // position -7
    program.at(load_at + 25 - 3 + 7, program.mem(west, 0), write(0, E(9)), 20, 1, 1);       // after IW: held by the array
    program.at(enter + 40 - 21 + 8, program.mem(west, 32), read(0, W(20)));
    program.at(enter + 40, program.activations(west, 0), abc(W(20)));
    program.at(arrive + 40, program.accumulate(west, 0), pass(E(0)));
    keep_result(program, arrive + 40, 1);
    sim::Machine machine(chip);
    std::mt19937 random(4);
    std::vector<Row> weights(320);
    for (int j = 0; j < 320; ++j) machine.write(west, j % 16, j / 16, weights[size_t(j)] = random_row(random));
    const Row x = random_row(random);
    machine.write(west, 32, 0, x);
    EXPECT_EQ(messages(machine.run(program.build())), "");
    EXPECT_EQ(row_of(machine, west, 0, 3), filled(chip, 0));  // overwritten
    const auto y = kept(machine, 1);
    for (size_t j = 0; j < 320; ++j) EXPECT_EQ(y[j], dot(weights[j], x)) << j;
}

TEST(Mxm, HalvesTakeAPairOfPlanes) {
    ProgramBuilder program(chip);
    load_and_install(program, 40, DType::F16);
    const int enter = load_at + 44, arrive = enter + 14;
    for (int k = 0; k < 2; ++k) program.at(enter - 21 + 8, program.mem(west, 32 + k), read(0, W(20 + k)));
    program.at(enter, program.activations(west, 0), abc(W(20), DType::F16));
    program.at(arrive, program.accumulate(west, 0), pass(E(0), DType::F16));
    keep_result(program, arrive, 1);
    sim::Machine machine(chip);
    std::mt19937 random(5);
    const auto half = [&] { return float_to_half(float(int(random() % 2000) - 1000) / 64); };
    std::vector<std::vector<uint16_t>> weights(320, std::vector<uint16_t>(320));
    std::vector<uint16_t> x(320);
    const auto planes = [&](const std::vector<uint16_t>& row, int byte) {
        Row plane;
        for (const uint16_t h : row) plane.push_back(uint8_t(h >> (8 * byte)));
        return plane;
    };
    for (uint16_t& h : x) h = half();
    for (int j = 0; j < 320; ++j) {
        for (uint16_t& h : weights[size_t(j)]) h = half();
        for (int byte = 0; byte < 2; ++byte) machine.write(west, j % 8 * 2 + byte, j / 8, planes(weights[size_t(j)], byte));
    }
    for (int byte = 0; byte < 2; ++byte) machine.write(west, 32 + byte, 0, planes(x, byte));
    const sim::RunResult result = machine.run(program.build());
    EXPECT_EQ(messages(result), "");
    const auto y = kept(machine, 1);
    for (size_t j = 0; j < 320; ++j) {
        double sum = 0;
        for (size_t k = 0; k < 320; ++k) sum += double(half_to_float(weights[j][k])) * half_to_float(x[k]);
        EXPECT_EQ(std::bit_cast<float>(y[j]), float(sum)) << j;  // sums of multiples of 2^-12 below 2^41 are exact in any order
    }
    EXPECT_EQ(result.counters.planes[0][0].macs_fp16, 320u * 320);
}

TEST(Sxm, ShiftAndPermute) {
    ProgramBuilder program(chip);
    // East side: slice 0 stands at 5, sxm_edge at 16.
    for (int k = 0; k < 3; ++k) program.at(9, program.mem(east, k), read(0, E(k)), 100);
    program.at(21, program.queues.sxm(east, isa::SxmUnit::Permuter, 1), make(Opcode::Shift, {.a = E(0), .dst = W(0), .index = 16}));
    program.at(21 + 8 + 6 + 1, program.mem(east, 40), write(1, W(0)));
    program.at(21, program.queues.sxm(east, isa::SxmUnit::Permuter, 0), make(Opcode::PermuteMap, {.b = W(0)}));
    ProgramBuilder permute(chip);
    for (int k = 0; k < 4; ++k) permute.at(9, permute.mem(east, k), read(0, E(k)), 100);
    const int unit = permute.queues.sxm(east, isa::SxmUnit::Permuter, 0);
    permute.at(21, unit, make(Opcode::PermuteMap, {.b = E(2)})).at(29, unit, make(Opcode::Permute, {.a = E(0), .dst = W(3)}));
    permute.at(21, permute.queues.sxm(east, isa::SxmUnit::Permuter, 1), make(Opcode::Shift, {.a = E(1), .dst = W(0), .index = 16}));
    permute.at(21 + 14 + 1, permute.mem(east, 40), write(1, W(0)));
    permute.at(29 + 56 + 1, permute.mem(east, 41), write(2, W(3)));
    sim::Machine machine(chip);
    const Row data = counting(chip, 11);
    Row low(static_cast<size_t>(lanes)), high(static_cast<size_t>(lanes));
    for (int i = 0; i < lanes; ++i) {
        low[size_t(i)] = uint8_t((i * 77 % lanes) & 255);
        high[size_t(i)] = uint8_t((i * 77 % lanes) >> 8);
    }
    machine.write(east, 0, 0, data);
    machine.write(east, 1, 0, data);
    machine.write(east, 2, 0, low);
    machine.write(east, 3, 0, high);
    EXPECT_EQ(messages(machine.run(permute.build())), "");
    const Row shifted = row_of(machine, east, 40, 1), permuted = row_of(machine, east, 41, 2);
    for (int i = 0; i < lanes; ++i) {
        EXPECT_EQ(shifted[size_t(i)], i < 16 ? 0 : data[size_t(i) - 16]);
        EXPECT_EQ(permuted[size_t(i)], data[size_t(i * 77 % lanes)]);
    }
}

TEST(C2c, SendAndReceive) {
    ProgramBuilder program(chip);
    program.at(10, program.mem(west, 0), read(0, W(0))).at(22, program.queues.c2c(west, 0), make(Opcode::Send, {.a = W(0), .index = 2}));
    program.at(30, program.queues.c2c(west, 1), make(Opcode::Receive, {.dst = E(1), .index = 4}));
    program.at(30 + chip.timing.c2c_receive + 1, program.mem(west, 43), write(6, E(1)));
    sim::Machine machine(chip);
    machine.write(west, 0, 0, counting(chip, 1));
    machine.receive({4, 12, counting(chip, 2)});
    const sim::RunResult result = machine.run(program.build());
    EXPECT_EQ(messages(result), "");
    EXPECT_THAT(result.sent, testing::ElementsAre(sim::LinkVector{2, 22, counting(chip, 1)}));
    EXPECT_EQ(row_of(machine, west, 43, 6), counting(chip, 2));
}

}  // namespace
}  // namespace superlane::test
