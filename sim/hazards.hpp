// SPDX-License-Identifier: Apache-2.0
// A hazard: what went wrong, when, where, and which instructions did it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace superlane::sim {

enum class HazardKind : uint8_t {
#define HAZARD(name, text, explanation) name,
#include "sim/hazards.def"
#undef HAZARD
};
std::string_view hazard_name(HazardKind kind);
std::string_view hazard_explanation(HazardKind kind);

/// An instruction as a hazard names it; `queue` is empty where a hazard has no such instruction.
struct InstructionRef {
    std::string queue;
    uint32_t position = 0;  ///< in the queue's text
    uint32_t line = 0;      ///< of the assembly; 0 = unknown
    std::string text;
    bool operator==(const InstructionRef&) const = default;
};

struct Hazard {
    HazardKind kind = HazardKind::Collision;
    int64_t cycle = 0;
    std::string slice;   ///< mem.w.12, vxm, mxm.e.1, sxm.w, c2c, program
    std::string stream;  ///< E5, W17; empty if no stream is concerned
    std::string detail;  ///< numbers that belong to the kind, such as "address 9000 of 8192"
    InstructionRef a;    ///< the instruction that fails, or the earlier of two
    InstructionRef b;
    bool operator==(const Hazard&) const = default;

    /// One line: "cycle 120, mem.w.3: two reads of one MEM slice in one cycle: line 4 'read ...' and line 9 'read ...'".
    std::string message() const;
};

}  // namespace superlane::sim
