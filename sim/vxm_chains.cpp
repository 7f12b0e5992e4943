// SPDX-License-Identifier: Apache-2.0
// The ALU mesh of a program: which results meet which operands, and so by which edge each result leaves the VXM.
//
// ALUs may take each other's results in a ring (running sums), so elements with ALU operands are walked in order of
// time; all others are known by the burst.
#include <algorithm>
#include <queue>

#include "base/error.hpp"
#include "isa/semantics.hpp"
#include "sim/prepare.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;
using isa::SourceKind;

constexpr uint8_t by_west_edge = 1, by_east_edge = 2;

/// Results of one ALU: cycles of completion, and the edges their stream operands came in by.
struct Results {
    Beat beat;
    uint8_t edges;
};

struct Alu {
    std::vector<Results> results;
    bool latched = false;
    const Chunk* reducing = nullptr;  ///< whose Accumulate is under way
    uint32_t reduced = 0;
    uint8_t edges = 0;
};

class Chains {
public:
    Chains(const models::Chip& chip, int slice, std::vector<Chunk>& out, std::vector<RawHazard>& hazards)
        : timing_(chip.timing), slice_(slice), out_(out), hazards_(hazards), alus_(size_t(chip.geometry.alus)) {}

    void run(std::vector<Chunk>& chunks) {
        std::stable_sort(chunks.begin(), chunks.end(),
                         [](const Chunk& x, const Chunk& y) { return x.first < y.first; });
        for (Chunk& chunk : chunks) {
            while (!walks_.empty() && walks_.top().cycle < chunk.first) step();
            begin(chunk);
        }
        while (!walks_.empty()) step();
    }

private:
    struct Walk {
        int64_t cycle;
        uint32_t order;
        const Chunk* chunk;
        uint32_t next, group;  ///< element; first element of the group with equal exits
        int edges;             ///< of the group, -1 = nothing driven yet
        uint32_t drive_first;
        bool operator<(const Walk& other) const { return std::tie(cycle, order) > std::tie(other.cycle, other.order); }
    };

    static uint8_t stream_edges(const isa::Instruction& instruction) {
        uint8_t edges = 0;
        for (const uint16_t operand : {instruction.a, instruction.b})
            if (isa::source_kind(operand) == SourceKind::Stream)
                edges |= isa::stream_direction(operand) == isa::Side::East ? by_west_edge : by_east_edge;
        return edges;
    }
    static bool takes(const isa::Instruction& instruction, SourceKind kind) {
        return isa::source_kind(instruction.a) == kind || isa::source_kind(instruction.b) == kind;
    }
    int latency(const Chunk& chunk) const { return timing_.*isa::row_of(chunk.instruction.opcode).latency; }

    void undriven(const Chunk& chunk, int64_t cycle, const std::string& what) {
        hazards_.push_back({HazardKind::Undriven, cycle, slice_, -1, chunk.burst, no_burst, what});
    }

    void begin(const Chunk& chunk) {
        Alu& alu = alus_[chunk.unit];
        const Opcode opcode = chunk.instruction.opcode;
        if (takes(chunk.instruction, SourceKind::Latched) && !alu.latched) undriven(chunk, chunk.first, "latched");
        if (opcode == Opcode::Latch) alu.latched = true;
        if (opcode == Opcode::Accumulate || takes(chunk.instruction, SourceKind::Alu)) {
            walks_.push({chunk.first, order_++, &chunk, 0, 0, -1, 0});
            return;
        }
        emit(chunk, 0, chunk.count, stream_edges(chunk.instruction), 0, 1);
        if (opcode != Opcode::Latch)
            note(chunk, {chunk.beat().delayed(latency(chunk)), stream_edges(chunk.instruction)});
    }

    void step() {
        Walk walk = walks_.top();
        walks_.pop();
        const Chunk& chunk = *walk.chunk;
        uint8_t edges = stream_edges(chunk.instruction);
        for (const uint16_t operand : {chunk.instruction.a, chunk.instruction.b})
            if (isa::source_kind(operand) == SourceKind::Alu)
                edges |= edges_of(chunk, isa::source_number(operand), walk.cycle);
        if (drives(chunk, walk.cycle, edges)) {
            if (walk.edges >= 0 && walk.edges != edges) close(walk);
            if (walk.edges < 0) walk.drive_first = walk.next - walk.group;
            walk.edges = edges;
        }
        ++walk.next;
        walk.cycle += chunk.interval;
        if (walk.next == chunk.count)
            close(walk);
        else
            walks_.push(walk);
    }

    /// Whether this element has a result, and then the edges of all that went into it.
    bool drives(const Chunk& chunk, int64_t cycle, uint8_t& edges) {
        Alu& alu = alus_[chunk.unit];
        if (chunk.instruction.opcode == Opcode::Latch) return false;
        if (chunk.instruction.opcode == Opcode::Accumulate) {
            if (!same_reduction(alu.reducing, chunk)) alu.reduced = 0, alu.edges = 0;
            alu.reducing = &chunk;
            alu.edges |= edges;
            if (++alu.reduced < chunk.instruction.imm) return false;
            edges = alu.edges;
            alu.reduced = 0;
            alu.edges = 0;
        }
        note(chunk, {{cycle + latency(chunk), 1, 1}, edges});
        return true;
    }
    static bool same_reduction(const Chunk* last, const Chunk& chunk) {
        if (!last) return false;
        const isa::Instruction &x = last->instruction, &y = chunk.instruction;
        return x.imm == y.imm && x.mode == y.mode && x.dtype == y.dtype;
    }

    void close(Walk& walk) {
        const uint32_t every = walk.chunk->instruction.opcode == Opcode::Accumulate ? walk.chunk->instruction.imm : 1;
        const uint32_t count = walk.next - walk.group;
        emit(*walk.chunk, walk.group, count, uint8_t(std::max(walk.edges, 0)),
             walk.edges < 0 ? count : walk.drive_first, every);
        walk.group = walk.next;
        walk.edges = -1;
    }

    uint8_t edges_of(const Chunk& chunk, int alu, int64_t cycle) {
        const auto& results = alus_[size_t(alu)].results;
        for (auto found = results.rbegin(); found != results.rend(); ++found)
            if (found->beat.covers(cycle)) return found->edges;
        undriven(chunk, cycle, "a" + std::to_string(alu));
        return 0;
    }

    /// Adds results of an ALU; those that completed before any operand still to come are forgotten.
    void note(const Chunk& chunk, Results added) {
        auto& results = alus_[chunk.unit].results;
        for (uint32_t i = 0; timing_.vxm_op != timing_.vxm_special && i < added.beat.count; ++i)
            for (const Results& old : results)
                if (old.beat.covers(added.beat.at(i)))
                    hazards_.push_back({HazardKind::AluResult, added.beat.at(i), slice_, -1, chunk.burst, no_burst,
                                        "a" + std::to_string(chunk.unit)});
        const int64_t now = added.beat.first - std::max(timing_.vxm_op, timing_.vxm_special);
        if (results.size() > 16) std::erase_if(results, [&](const Results& old) { return old.beat.last() < now; });
        if (!results.empty() && added.beat.count == 1 && results.back().edges == added.edges &&
            results.back().beat.interval == 1 && results.back().beat.last() + 1 == added.beat.first)
            ++results.back().beat.count;
        else
            results.push_back(added);
    }

    void emit(const Chunk& chunk, uint32_t from, uint32_t count, uint8_t edges, uint32_t drive_first,
              uint32_t drive_every) {
        Chunk part = chunk;
        part.first = chunk.beat().at(from);
        part.index = chunk.index + int32_t(from) * chunk.step;
        part.count = count;
        part.drive_first = drive_first;
        part.drive_every = drive_every;
        part.delay = latency(chunk) + exit(chunk.instruction, edges);
        out_.push_back(part);
    }

    int exit(const isa::Instruction& instruction, uint8_t edges) const {
        if (isa::source_kind(instruction.dst) != SourceKind::Stream) return 0;
        const uint8_t leaves_by =
            isa::stream_direction(instruction.dst) == isa::Side::East ? by_east_edge : by_west_edge;
        return edges & leaves_by ? timing_.vxm_exit_same_side : timing_.vxm_exit_through;
    }

    const isa::Timing& timing_;
    int slice_;
    std::vector<Chunk>& out_;
    std::vector<RawHazard>& hazards_;
    std::vector<Alu> alus_;
    std::priority_queue<Walk> walks_;
    uint32_t order_ = 0;
};

}  // namespace

void link_vxm(const models::Chip& chip, std::vector<Chunk> bursts, const SliceMap& slices, std::vector<Chunk>& chunks,
              std::vector<RawHazard>& hazards) {
    Chains(chip, slices.vxm(), chunks, hazards).run(bursts);
}

}  // namespace superlane::sim
