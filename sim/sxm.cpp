// SPDX-License-Identifier: Apache-2.0
// An SXM: units that move data between lanes and superlanes, and the maps that its permuters hold.
#include <algorithm>

#include "base/error.hpp"
#include "isa/semantics.hpp"
#include "sim/results.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;

class SxmSlice final : public Slice {
public:
    SxmSlice(Shared& shared, int number, isa::Side side)
        : Slice(shared, number), side_(side), position_(shared.plan.sxm_edge(side)), maps_(isa::sxm_units), mapped_(isa::sxm_units, INT64_MAX) {}

    void act(const Action& action, const Chunk& chunk) override {
        if (action.act != Act::End && chunk.instruction.opcode != Opcode::Ifetch) start(action.chunk, chunk);
        if (action.act == Act::Start) return;
        for (const StreamUse& use : {use_a(chunk.instruction), use_b(chunk.instruction)}) shared_.tap(number_, chunk, use, position_);
    }

    void compute(const Element& element, const Chunk& chunk) override {
        const isa::Instruction instruction = chunk.element(element.index);
        if (instruction.opcode == Opcode::PermuteMap) return take_map(element, chunk);
        const StreamUse in = use_a(instruction), map = use_b(instruction), out = use_dst(instruction);
        const uint8_t *inputs[isa::max_streams], *maps[2] = {};
        uint8_t* outputs[isa::max_streams];
        shared_.fetch(in, position_, element.cycle, inputs);
        if (map.streams) shared_.fetch(map, position_, element.cycle, maps);
        const bool mapped = instruction.opcode != Opcode::Permute || held_map(chunk.unit, element.cycle, maps);
        if (mapped && results_.planes(element.chunk, element.index, out.streams, outputs))
            isa::sxm(instruction, inputs, maps[0], maps[1], outputs, shared_.geometry.superlanes);
        results_.done(element, chunk);
    }

private:
    struct Map {
        int64_t cycle;  ///< of the PermuteMap
        std::vector<uint8_t> low, high;
    };

    void start(uint32_t id, const Chunk& chunk) {
        const StreamUse use = use_dst(chunk.instruction);
        results_.drive(id, chunk, use, shared_.plan.sxm_edge(side_));
        shared_.schedule(number_, id, chunk);
        shared_.counters.sxm_bytes[size_t(side_)] += uint64_t(chunk.count) * uint64_t(use.streams) * uint64_t(shared_.chip.lanes());
        check_transposers(id, chunk);
        if (chunk.instruction.opcode == Opcode::PermuteMap) mapped_[chunk.unit] = std::min(mapped_[chunk.unit], chunk.first);
        if (chunk.instruction.opcode == Opcode::Permute && (mapped_[chunk.unit] == INT64_MAX || mapped_[chunk.unit] + shared_.timing.sxm_map_delivery > chunk.first))
            shared_.hazard(HazardKind::NoMap, chunk.first, number_, chunk);
    }

    /// Transpose f16, dispatched on transposer 0, takes transposer 1 too.
    void check_transposers(uint32_t id, const Chunk& chunk) {
        if (chunk.instruction.opcode != Opcode::Transpose) return;
        std::erase_if(transposes_, [&](uint32_t other) { return shared_.program.chunks[other].last() < chunk.first; });
        for (const uint32_t other_id : transposes_) {
            const Chunk& other = shared_.program.chunks[other_id];
            if (other.unit == chunk.unit || (other.instruction.dtype != isa::DType::F16 && chunk.instruction.dtype != isa::DType::F16)) continue;
            if (const auto cycle = first_common(other.beat(), chunk.beat())) shared_.hazard(HazardKind::PairPort, *cycle, number_, other, &chunk);
        }
        transposes_.push_back(id);
    }

    void take_map(const Element& element, const Chunk& chunk) {
        const uint8_t* planes[2];
        shared_.fetch(use_b(chunk.instruction), position_, element.cycle, planes);
        auto& maps = maps_[chunk.unit];
        const int64_t oldest = element.cycle - shared_.timing.sxm_map_delivery;
        while (maps.size() > 1 && maps[1].cycle <= oldest) maps.erase(maps.begin());
        const size_t lanes = size_t(shared_.chip.lanes());
        maps.push_back({element.cycle, {planes[0], planes[0] + lanes}, {planes[1], planes[1] + lanes}});
    }

    /// The last map delivered by this cycle.
    bool held_map(int unit, int64_t cycle, const uint8_t** planes) const {
        const auto& maps = maps_[size_t(unit)];
        for (auto map = maps.rbegin(); map != maps.rend(); ++map) {
            if (map->cycle + shared_.timing.sxm_map_delivery > cycle) continue;
            planes[0] = map->low.data();
            planes[1] = map->high.data();
            return true;
        }
        return false;
    }

    isa::Side side_;
    int position_;
    Results results_{shared_};
    std::vector<std::vector<Map>> maps_;  ///< by unit, functional mode
    std::vector<int64_t> mapped_;         ///< by unit: first PermuteMap
    std::vector<uint32_t> transposes_;
};

}  // namespace

std::unique_ptr<Slice> make_sxm(Shared& shared, int number, isa::Side side) { return std::make_unique<SxmSlice>(shared, number, side); }

}  // namespace superlane::sim
