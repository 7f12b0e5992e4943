// SPDX-License-Identifier: Apache-2.0
// The published and told equations of the real chip's timing, each from both sides: refused or stale one cycle earlier, right
// at the stated cycle.
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {
namespace {

using isa::DType;
using sim::HazardKind;
using testing::ElementsAre;

const models::Chip chip;
constexpr int start = 30;  // cycle of the first Read

int hops(int slice) { return slice / chip.geometry.slices_per_hop; }
uint16_t inward(Side side, int index) { return isa::stream(isa::opposite(side), index); }
uint16_t outward(Side side, int index) { return isa::stream(side, index); }

/// Runs with slice `from` row 0 holding 5; returns what row `address` of slice `to` holds.
struct Outcome {
    std::vector<HazardKind> hazards;
    int value;
};
Outcome run(const ProgramBuilder& program, Side side, int from, Side to_side, int to, int address) {
    sim::Machine machine(chip);
    machine.write(side, from, 0, filled(chip, 5));
    const sim::RunResult result = machine.run(program.build());
    return {kinds(result), row_of(machine, to_side, to, address)[0]};
}

class EverySlice : public testing::TestWithParam<std::tuple<Side, int>> {
protected:
    Side side = std::get<0>(GetParam());
    int slice = std::get<1>(GetParam());
    int q = hops(slice);
};
INSTANTIATE_TEST_SUITE_P(Slices, EverySlice, testing::Combine(testing::Values(west, east), testing::Values(0, 3, 4, 21, 42, 43)));

TEST_P(EverySlice, OneOperationBackToTheSameSliceTakes12And2HopsTimesTwo) {
    const int alu_at = start + chip.timing.mem_read + q + chip.timing.vxm_entry, equation = 12 + 2 * q;
    for (const int early : {0, 1}) {
        ProgramBuilder program(chip);
        program.at(start, program.mem(side, slice), read(0, inward(side, 0)));
        program.at(alu_at, program.queues.vxm(3), alu(Opcode::Negate, DType::I8, inward(side, 0), 0, outward(side, 1)));
        program.at(start + equation - 2, program.mem(side, slice), write(1, outward(side, 1)));
        program.at(start + equation - early, program.mem(side, slice), read(1, outward(side, 9)));
        const Outcome outcome = run(program, side, slice, side, slice, 1);
        EXPECT_EQ(outcome.hazards, early ? std::vector{HazardKind::Bank} : std::vector<HazardKind>());
        EXPECT_EQ(outcome.value, 251);
    }
    ProgramBuilder sampled(chip);  // the Write itself cannot come earlier
    sampled.at(start, sampled.mem(side, slice), read(0, inward(side, 0)));
    sampled.at(alu_at, sampled.queues.vxm(3), alu(Opcode::Negate, DType::I8, inward(side, 0), 0, outward(side, 1)));
    sampled.at(start + equation - 3, sampled.mem(side, slice), write(1, outward(side, 1)));
    EXPECT_THAT(run(sampled, side, slice, side, slice, 1).hazards, ElementsAre(HazardKind::Undriven));
    ProgramBuilder operand(chip);  // nor the ALU
    operand.at(start, operand.mem(side, slice), read(0, inward(side, 0)));
    operand.at(alu_at - 1, operand.queues.vxm(3), alu(Opcode::Negate, DType::I8, inward(side, 0), 0, outward(side, 1)));
    EXPECT_THAT(run(operand, side, slice, side, slice, 1).hazards, ElementsAre(HazardKind::Undriven));
}

/// Two operands from slices x, y of one side through the VXM to slice z; a Read of the result `cycles` after the first Read.
std::vector<HazardKind> two_operands(Side side, int x, int y, Side to, int z, int cycles, int* value) {
    ProgramBuilder program(chip);
    const int far = std::max(hops(x), hops(y)), alu_at = start + 1 + far + 4;
    const uint16_t leaves = isa::stream(to == side ? side : isa::opposite(side), 5);
    program.at(alu_at - 5 - hops(x), program.mem(side, x), read(0, inward(side, 0)));
    program.at(alu_at - 5 - hops(y), program.mem(side, y), read(0, inward(side, 1)));
    program.at(alu_at, program.queues.vxm(0), alu(Opcode::Add, DType::I8, inward(side, 0), inward(side, 1), leaves));
    const int exit = to == side ? chip.timing.vxm_exit_same_side : chip.timing.vxm_exit_through;
    program.at(alu_at + 3 + exit + hops(z), program.mem(to, z), write(7, leaves));
    program.at(start + cycles, program.mem(to, z), read(7, isa::stream(east, 9)));
    sim::Machine machine(chip);
    machine.write(side, x, 0, filled(chip, 20));
    machine.write(side, y, 0, filled(chip, 3));
    const auto hazards = kinds(machine.run(program.build()));
    *value = row_of(machine, to, z, 7)[0];
    return hazards;
}

TEST(Calibration, TwoOperandsThroughTheVxm) {
    const int cases[][3] = {{0, 1, 2}, {4, 40, 9}, {43, 8, 43}, {22, 23, 0}};
    for (const Side side : {west, east})
        for (const auto& [x, y, z] : cases)
            for (const bool same : {false, true}) {
                const int equation = (same ? 12 : 10) + std::max(hops(x), hops(y)) + hops(z);
                const Side to = same ? side : isa::opposite(side);
                int value = 0;
                EXPECT_THAT(two_operands(side, x, y, to, z, equation, &value), ElementsAre());
                EXPECT_EQ(value, 23);
                EXPECT_THAT(two_operands(side, x, y, to, z, equation - 1, &value), ElementsAre(HazardKind::Bank));
            }
}

TEST(Calibration, VectorsThroughAChainOfOperations) {
    for (const int k : {1, 2, 5})
        for (const int n : {1, 17, 300})
            for (const bool same : {false, true}) {
                const int from = 13, to = 30, q = hops(from), exit = same ? 2 : 0;
                ProgramBuilder program(chip);
                program.at(start, program.mem(west, from), read(0, E(0)), n, 1, 0);
                const uint16_t leaves = same ? W(1) : E(1);
                for (int op = 0; op < k; ++op)
                    program.at(start + 1 + q + 4 + 3 * op, program.queues.vxm(op),
                               alu(Opcode::Add, DType::I8, op == 0 ? E(0) : isa::alu_output(op - 1), isa::immediate, op == k - 1 ? leaves : uint16_t(0), 1), n);
                const int arrival = 1 + q + 4 + 3 * k + exit + hops(to);
                const Side side = same ? west : east;
                program.at(start + arrival, program.mem(side, to), write(9, leaves), n, 1, 1);
                sim::Machine machine(chip);
                machine.write(west, from, 0, filled(chip, 5));
                const sim::RunResult result = machine.run(program.build());
                EXPECT_EQ(messages(result), "");
                EXPECT_EQ(result.cycles - start, arrival + 2 + (n - 1));
                EXPECT_EQ(result.last_tile_cycles - start, arrival + 2 + (n - 1) + 19);
                EXPECT_EQ(row_of(machine, side, to, 9 + n - 1), filled(chip, 5 + k));
            }
}

/// Weights from slices 25..42, an activation from slice 43, the result into an ALU `cycles` after the activation's Read.
std::vector<HazardKind> product(int cycles) {
    ProgramBuilder program(chip);
    const int load = 80, enter = load + 4, activation = enter - 11;  // slice 43 at -10, mxm_in at -20
    for (int k = 0; k < 16; ++k) program.at(load - 1 - 20 + hops(25 + k), program.mem(west, 25 + k), read(0, W(k)));
    program.at(load, program.weights(west, 0), lw(W(0), 16)).at(load + 1, program.activations(west, 0), iw());
    program.at(activation, program.mem(west, 43), read(0, W(16)));
    program.at(enter, program.activations(west, 0), abc(W(16)));
    program.at(enter + 14, program.accumulate(west, 0), pass(E(0)));
    program.at(activation + cycles, program.queues.vxm(0), alu(Opcode::Relu, DType::I32, E(0), 0, E(4)));
    return kinds(sim::Machine(chip).run(program.build()));
}

TEST(Calibration, AMatrixProductIntoTheVxmTakesAbout82Cycles) {
    constexpr int ours = 80;
    EXPECT_LE(std::abs(ours - 82), 2);
    EXPECT_THAT(product(ours), ElementsAre());
    EXPECT_EQ(product(ours - 1).size(), 4u);  // four undriven streams
    EXPECT_EQ(product(ours + 1).size(), 4u);
}

TEST(Calibration, AShiftOfOneSuperlaneThroughSxmAndMemTakes19Cycles) {
    for (const int early : {0, 1})
        for (const Side side : {west, east}) {
            ProgramBuilder program(chip);  // slice 43 stands one hop from the SXM
            const int unit = program.queues.sxm(side, isa::SxmUnit::Permuter, 0);
            for (int iteration = 0; iteration < 3; ++iteration) {
                const int at = start + iteration * (19 - early);
                program.at(at, program.mem(side, 43), read(iteration, outward(side, 0)));
                program.at(at + 2, unit, make(Opcode::Shift, {.a = outward(side, 0), .dst = inward(side, 0), .index = 16}));
                program.at(at + 17, program.mem(side, 43), write(iteration + 1, inward(side, 0)));
            }
            const Outcome outcome = run(program, side, 43, side, 43, 3);
            EXPECT_EQ(outcome.hazards.size(), early ? 2u : 0u);
            EXPECT_EQ(outcome.value, 0);
        }
}

TEST(Calibration, APermuteOfNVectorsTakes60AndNCycles) {
    for (const int n : {1, 64})
        for (const int early : {0, 1}) {
            ProgramBuilder program(chip);
            const int unit = program.queues.sxm(east, isa::SxmUnit::Permuter, 1);
            for (int k = 0; k < 2; ++k) program.at(start - 20, program.mem(east, 40 + k), read(0, E(k)));
            program.at(start - 18, unit, make(Opcode::PermuteMap, {.b = E(0)}));
            program.at(start, program.mem(east, 43), read(0, E(4)), n, 1, 0);
            program.at(start + 2, unit, make(Opcode::Permute, {.a = E(4), .dst = W(5)}), n);
            program.at(start + 2 + 56 + 1, program.mem(east, 42), write(0, W(5)), n, 1, 1);
            program.at(start + 60 + n - early, program.mem(east, 42), read(n - 1, E(9)));
            const Outcome outcome = run(program, east, 43, east, 42, n - 1);
            EXPECT_EQ(outcome.hazards, early ? std::vector{HazardKind::Bank} : std::vector<HazardKind>());
            EXPECT_EQ(outcome.value, 5);
        }
}

TEST(Calibration, AFullTileLoadsInTwentyCyclesAndTheBarrierTakes35) {
    ProgramBuilder program(chip);
    for (int k = 0; k < 16; ++k) program.at(start + hops(k), program.mem(west, k), read(0, W(k)), 20, 1, 1);
    program.at(start + 21, program.weights(west, 0), lw(W(0), 16), 20).at(start + 41, program.activations(west, 0), iw());
    const sim::RunResult result = sim::Machine(chip).run(program.build());
    EXPECT_EQ(messages(result), "");
    EXPECT_EQ(result.counters.planes[0][0].weight_vectors, 320u);

    isa::Program barrier = ProgramBuilder(chip).build();
    const isa::QueueMap queues(chip.geometry);
    barrier.text[size_t(queues.mem(west, 0))] = {make(Opcode::Nop, {.index = 100}), make(Opcode::Notify, {})};
    barrier.text[size_t(queues.mem(east, 5))] = {make(Opcode::Sync, {}), read(0, E(0))};
    EXPECT_EQ(sim::Machine(chip).run(barrier).cycles, 100 + 35 + 1);
}

TEST(Calibration, ParametersOfTheChipAreUsed) {
    models::Chip slow = chip;
    slow.timing.mem_read = 3;
    slow.timing.stream_hop = 2;
    slow.timing.vxm_entry = 6;
    slow.timing.vxm_op = 4;
    slow.timing.vxm_exit_through = 5;
    slow.timing.vxm_passthrough = 9;
    slow.timing.mem_write = 4;
    slow.timing.mem_turnaround = 3;
    ProgramBuilder program(slow);  // slices 8 west, 12 east: two and three hops of two cycles
    const int alu_at = start + 3 + 4 + 6, write_at = alu_at + 4 + 5 + 6;
    program.at(start, program.mem(west, 8), read(0, E(0)));
    program.at(alu_at, program.queues.vxm(0), alu(Opcode::Negate, DType::I8, E(0), 0, E(1)));
    program.at(write_at, program.mem(east, 12), write(1, E(1))).at(write_at + 4 - 1 + 3, program.mem(east, 12), read(1, E(2)));
    const sim::RunResult result = sim::Machine(slow).run(program.build());
    EXPECT_EQ(messages(result), "");
    EXPECT_EQ(result.cycles, write_at + 4 + 3);
}

}  // namespace
}  // namespace superlane::test
