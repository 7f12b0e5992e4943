// SPDX-License-Identifier: Apache-2.0
// The cycle in which a queue dispatches its next instruction, counted as assembly text counts it.
#pragma once
#include "isa/instruction.hpp"

namespace superlane::isa {

/// Cycles from the program's start, or after a Sync from its release, after a Deskew from its epoch: when these come is not
/// the text's to know.
/// Agrees with expand().
struct QueueClock {
    int64_t now = 0;
    void advance(const Instruction& instruction) {
        switch (instruction.opcode) {
            case Opcode::Nop:
                now += instruction.index;
                break;
            case Opcode::Repeat:
                now += int64_t(instruction.index) * repeat_interval(instruction.imm);
                break;
            case Opcode::RuntimeDeskew:
                now += instruction.index;
                break;
            case Opcode::Deskew:
            case Opcode::Sync:
                now = 0;
                break;
            default:
                ++now;
        }
    }
};
constexpr int64_t longest_nop = 65535;
constexpr int64_t longest_gap = longest_nop
                                << 16;  // that a cycle mark may leave: more is a slip of the pen, and a flood of NOPs

}  // namespace superlane::isa
