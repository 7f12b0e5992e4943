// SPDX-License-Identifier: Apache-2.0
// What the tests of isa/ share: random valid instructions and programs from the table, expected error lines.
#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <random>
#include <string>

#include "base/error.hpp"
#include "base/half.hpp"
#include "isa/assembler.hpp"
#include "isa/operands.hpp"
#include "isa/program.hpp"
#include "isa/semantics.hpp"

namespace superlane::isa {

using Random = std::mt19937;
inline uint32_t below(Random& random, uint32_t end) { return random() % end; }

/// A chip that has a queue for every row.
inline Geometry whole_geometry() {
    Geometry geometry;
    geometry.dram_channels = 2;
    geometry.dram_mib = 64;
    return geometry;
}
inline Target default_target() { return {"tsp-v1", "digest-of-tsp-v1", whole_geometry()}; }

/// The line of the UserError that `action` throws.
inline std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const UserError& error) {
        return error.what();
    }
    return "no error";
}

inline uint16_t random_source(Random& random, const Geometry& geometry) {
    switch (below(random, 5)) {
        case 0:
            return alu_output(int(below(random, uint32_t(geometry.alus))));
        case 1:
            return immediate;
        case 2:
            return latched;
        default:
            return stream(Side(below(random, 2)), int(below(random, uint32_t(geometry.streams))));
    }
}

inline uint32_t random_operand(Random& random, const Operand& operand, const Geometry& geometry) {
    const Range range = operand_range(operand.kind);
    switch (operand.kind) {
        case OperandKind::Result:
            if (below(random, 4) == 0) return 0;
            [[fallthrough]];
        case OperandKind::StreamIn:
        case OperandKind::StreamOut:
            return stream(Side(below(random, 2)), int(below(random, uint32_t(geometry.streams))));
        case OperandKind::Source:
            return random_source(random, geometry);
        default: {
            const int64_t high = below(random, 2) ? range.high : std::min<int64_t>(range.high, 16);
            return uint32_t(range.low + int64_t(uint64_t(random()) % uint64_t(high - range.low + 1)));
        }
    }
}

/// An instruction of the row that the queue takes, by trial: every row and queue has many.
inline Instruction random_instruction(Random& random, const InstructionRow& row, const Queue& queue,
                                      const Geometry& geometry) {
    for (int trial = 0; trial < 200000; ++trial) {
        Instruction instruction;
        instruction.opcode = row.opcode;
        if (row.types != 0) instruction.dtype = DType(below(random, dtype_count));
        bool immediate_source = false;
        for (const Operand& operand : row.operands) {
            const Range range = operand_range(operand.kind);
            const int64_t value = operand.kind == OperandKind::Signed || operand.kind == OperandKind::Step
                                      ? range.low + int64_t(below(random, 65536))
                                      : int64_t(random_operand(random, operand, geometry));
            set_operand(instruction, operand, value);
            immediate_source |= operand.kind == OperandKind::Source && value == immediate;
        }
        if (immediate_source) instruction.imm = below(random, 2) ? random() : below(random, 2);
        if (complaint(instruction, queue, geometry).empty()) return instruction;
    }
    ADD_FAILURE() << "no valid instruction found for " << row.mnemonic;
    return {};
}

/// A queue of the chip that takes the row; any queue for ICU rows.
inline int queue_for(Random& random, const InstructionRow& row, const QueueMap& queues) {
    for (;;) {
        const int queue = int(below(random, uint32_t(queues.size())));
        const bool odd_plane = queues[queue].kind == SliceKind::Mxm && queues[queue].unit % 2 != 0;
        if (unit_accepts(row.unit, queues[queue]) && !odd_plane) return queue;
    }
}

/// A program that validate() takes: random instructions (no repeats and loops: they move addresses), NOPs, regions,
/// data.
inline Program random_program(uint32_t seed, int instructions_wanted) {
    Random random(seed);
    Program program;
    program.chip = "tsp-v1";
    program.chip_digest = "digest-of-tsp-v1";
    program.geometry = whole_geometry();
    const QueueMap queues(program.geometry);
    program.text.resize(size_t(queues.size()));
    for (int i = 0; i < instructions_wanted; ++i) {
        const auto rows = instructions();
        const InstructionRow& row = rows[below(random, uint32_t(rows.size()))];
        if (row.opcode == Opcode::Repeat || row.opcode == Opcode::Iterations) continue;
        const int queue = queue_for(random, row, queues);
        auto& text = program.text[size_t(queue)];
        text.push_back(random_instruction(random, row, queues[queue], program.geometry));
        for (uint32_t nops = below(random, 3); nops > 0 && below(random, 2); --nops) {
            text.emplace_back();
            text.back().index = below(random, 2) ? 65535 : uint16_t(random());
        }
    }
    const size_t lanes = size_t(program.geometry.lanes());
    for (uint16_t i = 0; i < 4; ++i) {
        program.regions.push_back({"r" + std::to_string(i), Side(i % 2), i, uint16_t(i * 100), 1u + i});
        DataBlock block{Side(i % 2), i, uint16_t(i * 100), std::vector<uint8_t>(lanes * (1u + i))};
        for (uint8_t& byte : block.bytes) byte = uint8_t(below(random, 3));
        program.data.push_back(block);
    }
    return program;
}

inline void expect_equal(const Program& x, const Program& y) {
    EXPECT_EQ(x.chip, y.chip);
    EXPECT_EQ(x.chip_digest, y.chip_digest);
    EXPECT_EQ(x.text, y.text);
    EXPECT_EQ(x.regions, y.regions);
    EXPECT_EQ(x.data, y.data);
    EXPECT_EQ(x.digest(), y.digest());
}

inline uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }
inline float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }

}  // namespace superlane::isa
