// SPDX-License-Identifier: Apache-2.0
// A program as the engine runs it: bursts cut into chunks, each with the cycles at which its slice must act, in order.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "isa/program.hpp"
#include "models/chip.hpp"
#include "sim/beat.hpp"
#include "sim/clocks.hpp"
#include "sim/hazards.hpp"
#include "sim/tracks.hpp"

namespace superlane::sim {

constexpr uint32_t no_burst = UINT32_MAX;
constexpr int max_chunk_cycles = 256;  ///< values of a chunk are kept until its end

/// Slices in the order of their numbers: MEM west, MEM east, VXM, MXM west, east, SXM west, east, C2C (both sides), and
/// DRAM (both sides) where there is some.
class SliceMap {
public:
    explicit SliceMap(const isa::Geometry& geometry) : mem_(geometry.mem_slices), dram_(geometry.dram_channels) {}
    int mem(isa::Side side, int slice) const { return int(side) * mem_ + slice; }
    int vxm() const { return 2 * mem_; }
    int mxm(isa::Side side) const { return vxm() + 1 + int(side); }
    int sxm(isa::Side side) const { return vxm() + 3 + int(side); }
    int c2c() const { return vxm() + 5; }
    int dram() const { return vxm() + 6; }
    int size() const { return vxm() + 6 + int(dram_ > 0); }
    int of(const isa::Queue& queue) const;
    std::string name(int slice) const;

private:
    int mem_, dram_;
};

/// What hazards and traces need to know of a burst.
struct BurstInfo {
    int64_t cycle = 0;
    uint32_t count = 1, interval = 1;
    uint32_t queue = 0, position = 0, line = 0;
    isa::Instruction instruction;
};

/// Part of a burst, at most max_chunk_cycles long; element i is dispatched at first + i * interval with index + i * step.
struct Chunk {
    int64_t first = 0;
    uint32_t count = 1, interval = 1;
    int32_t index = 0, step = 0;
    uint32_t burst = no_burst;
    uint32_t drive_first = 0, drive_every = 1;  ///< elements that drive a result (Accumulate: every n-th)
    int32_t delay = 0;                          ///< dispatch to the result on its stream
    int16_t position = 0;                       ///< where Ifetch taps
    uint16_t unit = 0;
    isa::Side side = isa::Side::West;
    isa::Instruction instruction;

    Beat beat() const { return {first, count, interval}; }
    int64_t last() const { return beat().last(); }
    uint32_t drives() const { return count > drive_first ? (count - 1 - drive_first) / drive_every + 1 : 0; }
    Beat drive_beat() const { return {first + int64_t(drive_first) * interval + delay, drives(), interval * drive_every}; }
    isa::Instruction element(uint32_t i) const {
        isa::Instruction copy = instruction;
        copy.index = uint16_t(index + int32_t(i) * step);
        return copy;
    }
};

/// At `cycle` the slice starts a chunk (registers what it will drive), ends it (checks what it has tapped), or both.
enum class Act : uint8_t { Start, Both, End };
struct Action {
    int64_t cycle = 0;
    uint32_t chunk = 0;
    uint16_t slice = 0;
    uint8_t rank = 0;  ///< order of one slice's actions in one cycle
    Act act = Act::Both;
};

/// A hazard before it is put into words.
struct RawHazard {
    HazardKind kind = HazardKind::Collision;
    int64_t cycle = 0;
    int slice = -1;   ///< -1: the program as a whole
    int stream = -1;  ///< isa::stream operand
    uint32_t a = no_burst, b = no_burst;
    std::string detail;
};

class PreparedProgram {
public:
    PreparedProgram(const models::Chip& chip, const isa::Program& program);

    isa::Geometry geometry;
    std::string chip_digest;
    std::vector<BurstInfo> bursts;
    std::vector<int> slice_of_queue;
    std::vector<Chunk> chunks;    ///< by queue and cycle; of the VXM by cycle
    Tracks tracks;
    std::vector<RawHazard> hazards;  ///< those that the text alone shows
    std::vector<std::pair<int64_t, int>> powered;  ///< superlanes from a cycle on, by Config
    std::vector<Alignment> alignments;  ///< Deskew, RuntimeDeskew
    int links = 0;                 ///< one more than the highest link that is used
    int64_t cycles = 0;
    int longest_chunk = 0;  ///< cycles between first and last element
    uint64_t instruction_cycles = 0, instruction_bytes = 0;

    int powered_superlanes(int64_t cycle) const;
    /// By cycle, slice, rank: of all slices, for engines that walk them together. Made when first asked for.
    const std::vector<Action>& actions() const;

private:
    mutable std::once_flag once_;
    mutable std::vector<Action> actions_;
};

/// "E5", "W17" of a stream operand.
std::string stream_name(int operand);
/// Stream groups of an instruction: first stream, how many, bytes of an element. Zero streams where the row has none.
struct StreamUse {
    int operand = 0, streams = 0, element = 1;
};
StreamUse use_a(const isa::Instruction& instruction);
StreamUse use_b(const isa::Instruction& instruction);
StreamUse use_dst(const isa::Instruction& instruction);

/// What is wrong with a burst in this queue; false and nothing added if it can be run. (check.cpp)
bool refused(const models::Chip& chip, const isa::QueueMap& queues, const isa::Burst& burst, int queue, uint32_t id,
             std::vector<RawHazard>& hazards);
/// What each slice does, in the order of its cycles.
std::vector<std::vector<Turn>> turns(const PreparedProgram& program);
/// Lets the slices say what they drive and tap. (core.cpp)
void record_tracks(const models::Chip& chip, PreparedProgram& program);
/// Cuts VXM bursts into chunks with the exit that their chain of operands gives. (vxm_chains.cpp)
void link_vxm(const models::Chip& chip, std::vector<Chunk> bursts, const SliceMap& slices, std::vector<Chunk>& chunks,
              std::vector<RawHazard>& hazards);

}  // namespace superlane::sim
