// SPDX-License-Identifier: Apache-2.0
// A program: instruction text of every queue, named regions of memory, initial data. The only thing compiler and sim
// share.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "isa/instruction.hpp"

namespace superlane::isa {

/// `words` consecutive words of one MEM slice under a name.
struct Region {
    std::string name;
    Side side = Side::West;
    uint16_t slice = 0;
    uint16_t address = 0;
    uint32_t words = 0;
    bool operator==(const Region&) const = default;
};

/// Bytes that stand in memory before the program starts: words * lanes() of them, lane 0 first.
struct DataBlock {
    Side side = Side::West;
    uint16_t slice = 0;
    uint16_t address = 0;
    std::vector<uint8_t> bytes;
    bool operator==(const DataBlock&) const = default;
};

struct Program {
    std::string chip;         ///< name of the chip it was made for
    std::string chip_digest;  ///< of that chip's geometry and timing: a static schedule is right for one machine only
    Geometry geometry;
    std::vector<std::vector<Instruction>> text;  ///< by queue index of QueueMap(geometry)
    std::vector<Region> regions;
    std::vector<DataBlock> data;
    std::vector<std::vector<uint32_t>> lines;  ///< assembly line of each instruction, or empty; not part of the digest

    uint64_t instruction_bytes() const;
    /// SHA-256 of everything but `lines`, 64 hexadecimal digits.
    std::string digest() const;
};

/// One dispatched instruction with its repetitions: element i is dispatched at cycle + i * interval with index + i *
/// step.
struct Burst {
    int64_t cycle = 0;
    uint32_t count = 1;
    uint32_t interval = 1;
    int32_t step = 0;
    uint32_t position = 0;  ///< of the instruction in its queue's text
    Instruction instruction;
    int64_t last_cycle() const { return cycle + int64_t(count - 1) * interval; }
};

/// The first cycle after a Deskew or RuntimeDeskew at `cycle` in which its queue may dispatch again.
int64_t resume_cycle(const Instruction& instruction, int64_t cycle, const Timing& timing);

/// Dispatch times of every queue. NOP, Repeat, Sync/Notify and the MEM loop registers are resolved and leave no burst,
/// but Notify, Ifetch and Config do. A Repeat holds its queue; an address loop (Iterations) does not: the slice's
/// address generator runs it. UserError for text that cannot be dispatched (Repeat of nothing, Sync without Notify).
std::vector<std::vector<Burst>> expand(const Program& program, const Timing& timing);

}  // namespace superlane::isa
