// SPDX-License-Identifier: Apache-2.0
// Puts instructions at absolute cycles: the waiting is filled with NOPs.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "isa/program.hpp"
#include "models/chip.hpp"

namespace superlane::test {

using isa::Instruction;
using isa::Opcode;
using isa::Side;

inline constexpr Side west = Side::West, east = Side::East;
inline uint16_t E(int index) { return isa::stream(east, index); }
inline uint16_t W(int index) { return isa::stream(west, index); }

/// An instruction from its row's fields, those that matter.
struct Fields {
    isa::DType dtype = isa::DType::I8;
    int mode = 0, count = 0;
    uint16_t a = 0, b = 0, dst = 0;
    int index = 0;
    uint32_t imm = 0;
};
inline Instruction make(Opcode opcode, const Fields& f) {
    return {opcode, f.dtype, uint8_t(f.mode), uint8_t(f.count), f.a, f.b, f.dst, uint16_t(f.index), f.imm};
}
inline Instruction read(int address, uint16_t to) { return make(Opcode::Read, {.dst = to, .index = address}); }
inline Instruction write(int address, uint16_t from) { return make(Opcode::Write, {.a = from, .index = address}); }
inline Instruction gather(int base, uint16_t map, uint16_t to) { return make(Opcode::Gather, {.b = map, .dst = to, .index = base}); }
inline Instruction scatter(int base, uint16_t from, uint16_t map) { return make(Opcode::Scatter, {.a = from, .b = map, .index = base}); }
inline Instruction alu(Opcode opcode, isa::DType type, uint16_t x, uint16_t y = 0, uint16_t to = 0, uint32_t imm = 0) {
    return make(opcode, {.dtype = type, .a = x, .b = y, .dst = to, .imm = imm});
}
inline Instruction lw(uint16_t from, int vectors, isa::DType type = isa::DType::I8) {
    return make(Opcode::LoadWeights, {.dtype = type, .count = vectors, .a = from});
}
inline Instruction iw(isa::DType type = isa::DType::I8) { return make(Opcode::InstallWeights, {.dtype = type}); }
inline Instruction abc(uint16_t from, isa::DType type = isa::DType::I8) { return make(Opcode::Activate, {.dtype = type, .a = from}); }
inline Instruction hold(uint16_t from, int vectors, int slot, isa::DType type = isa::DType::I8) {
    return make(Opcode::ActivateHold, {.dtype = type, .count = vectors, .a = from, .index = slot});
}
inline Instruction play(int slot, isa::DType type = isa::DType::I8) { return make(Opcode::ActivatePlay, {.dtype = type, .index = slot}); }
inline Instruction acc_set(int slot, isa::DType type = isa::DType::I8) { return make(Opcode::AccumulateSet, {.dtype = type, .index = slot}); }
inline Instruction acc_add(int slot, isa::DType type = isa::DType::I8) { return make(Opcode::AccumulateAdd, {.dtype = type, .index = slot}); }
inline Instruction emit(int slot, uint16_t to, isa::DType type = isa::DType::I8) {
    return make(Opcode::AccumulateEmit, {.dtype = type, .dst = to, .index = slot});
}
inline Instruction pass(uint16_t to, isa::DType type = isa::DType::I8) { return make(Opcode::AccumulatePass, {.dtype = type, .dst = to}); }

class ProgramBuilder {
public:
    explicit ProgramBuilder(const models::Chip& chip) : queues(chip.geometry), chip_(chip), entries_(size_t(queues.size())) {}

    /// `count` executions from `cycle` on, `interval` apart, their index moved by `step`: by Repeat, or for `loop` (MEM) by the
    /// loop registers, which take the cycles before and leave the queue free afterwards.
    ProgramBuilder& at(int64_t cycle, int queue, const Instruction& instruction, int count = 1, int interval = 1, int step = 0, bool loop = false) {
        entries_[size_t(queue)].push_back({cycle, instruction, count, interval, step, loop});
        return *this;
    }
    ProgramBuilder& loop(int64_t cycle, int queue, const Instruction& instruction, int count, int interval = 1, int step = 1) {
        return at(cycle, queue, instruction, count, interval, step, true);
    }
    int mem(Side side, int slice) const { return queues.mem(side, slice); }
    int weights(Side side, int plane) const { return queues.mxm(side, plane, isa::MxmPort::Weights); }
    int activations(Side side, int plane) const { return queues.mxm(side, plane, isa::MxmPort::Activations); }
    int accumulate(Side side, int plane) const { return queues.mxm(side, plane, isa::MxmPort::Accumulate); }

    /// `unrolled`: every repetition as an instruction of its own; needs bursts of one queue that do not interleave.
    isa::Program build(bool unrolled = false) const {
        isa::Program program;
        program.chip = chip_.name;
        program.chip_digest = chip_.digest();
        program.geometry = chip_.geometry;
        program.text.resize(size_t(queues.size()));
        for (size_t queue = 0; queue < entries_.size(); ++queue) {
            std::vector<Entry> sorted = unrolled ? unroll(entries_[queue]) : entries_[queue];
            std::stable_sort(sorted.begin(), sorted.end(), [](const Entry& x, const Entry& y) { return x.cycle < y.cycle; });
            int64_t clock = 0;
            for (const Entry& entry : sorted) place(program.text[queue], clock, entry);
        }
        return program;
    }

    isa::QueueMap queues;

private:
    struct Entry {
        int64_t cycle;
        Instruction instruction;
        int count, interval, step;
        bool loop;
    };

    static std::vector<Entry> unroll(const std::vector<Entry>& entries) {
        std::vector<Entry> single;
        for (const Entry& entry : entries)
            for (int i = 0; i < entry.count; ++i) {
                single.push_back({entry.cycle + int64_t(i) * entry.interval, entry.instruction, 1, 1, 0, false});
                single.back().instruction.index = uint16_t(entry.instruction.index + i * entry.step);
            }
        return single;
    }

    static void place(std::vector<Instruction>& text, int64_t& clock, const Entry& entry) {
        std::vector<Instruction> registers;
        if (entry.loop && entry.count > 1) {
            registers.push_back(make(Opcode::Iterations, {.index = entry.count}));
            if (entry.interval != 1) registers.push_back(make(Opcode::Countdown, {.index = entry.interval}));
            if (entry.step != 1) registers.push_back(make(Opcode::Step, {.index = uint16_t(int16_t(entry.step))}));
        }
        int64_t wait = entry.cycle - int64_t(registers.size()) - clock;
        SUPERLANE_CHECK(wait >= 0, "the queue is not free at cycle", entry.cycle);
        for (; wait > 0; wait -= std::min<int64_t>(wait, 65535)) text.push_back(make(Opcode::Nop, {.index = int(std::min<int64_t>(wait, 65535))}));
        text.insert(text.end(), registers.begin(), registers.end());
        text.push_back(entry.instruction);
        clock = entry.cycle + (entry.instruction.opcode == Opcode::RuntimeDeskew ? entry.instruction.index : 1);
        if (entry.loop || entry.count == 1) return;
        text.push_back(make(Opcode::Repeat, {.index = entry.count - 1, .imm = isa::repeat_imm(entry.interval, entry.step)}));
        clock = entry.cycle + int64_t(entry.count - 1) * entry.interval + 1;
    }

    models::Chip chip_;
    std::vector<std::vector<Entry>> entries_;
};

}  // namespace superlane::test
