// SPDX-License-Identifier: Apache-2.0
// The VXM: sixteen ALUs; their chains were linked beforehand (vxm_chains.cpp), here they drive, tap and compute.
#include <algorithm>

#include "base/error.hpp"
#include "isa/semantics.hpp"
#include "sim/results.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;
using isa::SourceKind;

class VxmSlice final : public Slice {
public:
    VxmSlice(Shared& shared, int number) : Slice(shared, number) {
        if (!shared.functional()) return;
        depth_ = uint32_t(std::max(shared.timing.vxm_op, shared.timing.vxm_special)) + 1;
        alus_.resize(size_t(shared.geometry.alus));
        for (Vector& operand : operands_) operand.resize(size_t(shared.chip.lanes()));
        none_.resize(size_t(shared.chip.lanes()));
    }

    void act(const Action& action, const Chunk& chunk) override {
        const isa::Instruction& instruction = chunk.instruction;
        if (instruction.opcode == Opcode::Ifetch) return shared_.tap(number_, chunk, use_a(instruction), chunk.position);
        if (action.act != Act::End) {
            shared_.counters.alu_ops[chunk.unit] += chunk.count;
            const StreamUse use = instruction.opcode == Opcode::Latch ? StreamUse() : use_dst(instruction);
            const int position = use.streams ? shared_.plan.vxm_edge(isa::stream_direction(instruction.dst)) : 0;
            results_.drive(action.chunk, chunk, use, position);
            shared_.schedule(number_, action.chunk, chunk);
        }
        if (action.act == Act::Start) return;
        for (const StreamUse& use : {use_a(instruction), use_b(instruction)})
            if (use.streams) shared_.tap(number_, chunk, use, shared_.plan.vxm_operand(isa::stream_direction(uint16_t(use.operand))));
    }

    /// Chains were checked when they were linked: all that is left in time is what ALUs count.
    void walk() override { shared_.counters.alu_ops = shared_.program.tracks.alu_ops; }

    void compute(const Element& element, const Chunk& chunk) override {
        const isa::Instruction& instruction = chunk.instruction;
        if (alus_[chunk.unit].results.empty()) alus_[chunk.unit].results.resize(depth_);
        Alu& alu = alus_[chunk.unit];
        const uint32_t* a = operand(0, chunk, isa::Field::A, element.cycle);
        const uint32_t* b = operand(1, chunk, isa::Field::B, element.cycle);
        if (instruction.opcode == Opcode::Latch) {
            alu.latched.assign(a, a + lanes());
        } else {
            Result& result = alu.results[size_t(completion(chunk, element.cycle) % depth_)];
            if (instruction.opcode == Opcode::Accumulate ? reduce(alu, instruction, a) : true) {
                result.cycle = completion(chunk, element.cycle);
                result.lanes.resize(size_t(lanes()));
                if (instruction.opcode == Opcode::Accumulate) result.lanes = alu.state;
                else isa::vxm(instruction, a, b, result.lanes.data(), lanes());
                put(element, chunk, result.lanes.data());
            }
        }
        results_.done(element, chunk);
    }

private:
    using Vector = std::vector<uint32_t>;
    struct Result {
        int64_t cycle = -1;  ///< of completion
        Vector lanes;
    };
    struct Alu {
        std::vector<Result> results;  ///< by cycle of completion, modulo depth_
        Vector latched, state;
        isa::Instruction reducing;
        uint32_t reduced = 0;
    };

    int lanes() const { return shared_.chip.lanes(); }
    int64_t completion(const Chunk& chunk, int64_t cycle) const { return cycle + shared_.timing.*isa::row_of(chunk.instruction.opcode).latency; }

    const uint32_t* operand(int which, const Chunk& chunk, isa::Field field, int64_t cycle) {
        const isa::Instruction& instruction = chunk.instruction;
        const uint16_t source = field == isa::Field::A ? instruction.a : instruction.b;
        Vector& to = operands_[which];
        switch (isa::source_kind(source)) {
            case SourceKind::None: return nullptr;
            case SourceKind::Alu: return alu_result(isa::source_number(source), cycle);
            case SourceKind::Latched: return alus_[chunk.unit].latched.empty() ? none_.data() : alus_[chunk.unit].latched.data();
            case SourceKind::Immediate: std::fill(to.begin(), to.end(), instruction.imm); return to.data();
            case SourceKind::Stream: break;
        }
        const StreamUse use = field == isa::Field::A ? use_a(instruction) : use_b(instruction);
        const uint8_t* planes[4];
        shared_.fetch(use, shared_.plan.vxm_operand(isa::stream_direction(source)), cycle, planes);
        isa::unpack(isa::source_type(instruction, field), planes, to.data(), lanes());
        return to.data();
    }

    const uint32_t* alu_result(int alu, int64_t cycle) const {
        const auto& results = alus_[size_t(alu)].results;
        if (results.empty()) return none_.data();
        const Result& result = results[size_t(cycle % depth_)];
        return result.cycle == cycle ? result.lanes.data() : none_.data();
    }

    /// One step of Accumulate; true when alu.state is a result.
    bool reduce(Alu& alu, const isa::Instruction& instruction, const uint32_t* x) {
        const isa::Instruction& last = alu.reducing;
        if (last.imm != instruction.imm || last.mode != instruction.mode || last.dtype != instruction.dtype) alu.reduced = 0;
        alu.reducing = instruction;
        if (alu.reduced == 0) alu.state.assign(x, x + lanes());
        else isa::accumulate(instruction.dtype, isa::AccumulateOp(instruction.mode), alu.state.data(), x, lanes());
        if (++alu.reduced < instruction.imm) return false;
        alu.reduced = 0;
        return true;
    }

    void put(const Element& element, const Chunk& chunk, const uint32_t* lanes) {
        const StreamUse use = use_dst(chunk.instruction);
        uint8_t* planes[4];
        const uint32_t drive = (element.index - chunk.drive_first) / chunk.drive_every;
        if (use.streams && results_.planes(element.chunk, drive, use.streams, planes))
            isa::pack(isa::result_type(chunk.instruction), lanes, planes, this->lanes());
    }

    Results results_{shared_};
    uint32_t depth_ = 1;
    std::vector<Alu> alus_;
    Vector operands_[2], none_;
};

}  // namespace

std::unique_ptr<Slice> make_vxm(Shared& shared, int number) { return std::make_unique<VxmSlice>(shared, number); }

}  // namespace superlane::sim
