// SPDX-License-Identifier: Apache-2.0
// The DRAM channels of both sides: reads of vectors that follow each other, at the channel's own pace.
#include "sim/core.hpp"

namespace superlane::sim {
namespace {

class DramSlice final : public Slice {
public:
    DramSlice(Shared& shared, int number)
        : Slice(shared, number), channels_(2 * size_t(shared.geometry.dram_channels)) {}

    void act(const Action& action, const Chunk& chunk) override {
        if (chunk.instruction.opcode == isa::Opcode::Ifetch)
            return shared_.tap(number_, chunk, use_a(chunk.instruction), shared_.plan.sxm_edge(chunk.side));
        const size_t channel = size_t(chunk.side) * size_t(shared_.geometry.dram_channels) + chunk.unit;
        if (chunk.first == shared_.program.bursts[chunk.burst].cycle) begin(channels_[channel], action.chunk, chunk);
        check_addresses(chunk);
        shared_.counters.dram_vectors += chunk.count;
        uint32_t source = 0;
        if (shared_.functional()) {
            Sram& memory = (*shared_.srams)[2 * size_t(shared_.geometry.mem_slices) + channel];
            source = shared_.sources.add_sram(memory, chunk.index, chunk.step, chunk.beat());
        }
        shared_.drive(action.chunk, chunk, use_dst(chunk.instruction), shared_.plan.sxm_edge(chunk.side), chunk.first,
                      source);
    }

private:
    struct Channel {
        int64_t free = 0;  ///< first cycle in which the next read may begin
        uint32_t chunk = no_burst;
    };

    void begin(Channel& channel, uint32_t id, const Chunk& chunk) {
        if (chunk.first < channel.free)
            shared_.hazard(HazardKind::DramBusy, chunk.first, number_, shared_.program.chunks[channel.chunk], &chunk,
                           "free from cycle " + std::to_string(channel.free) + " on");
        channel = {chunk.first + shared_.timing.dram_busy(chunk.instruction.index), id};
    }

    void check_addresses(const Chunk& chunk) {
        const int64_t vectors = shared_.geometry.dram_vectors(),
                      last = chunk.index + int64_t(chunk.count - 1) * chunk.step;
        if (last < vectors) return;
        const int64_t element = std::max<int64_t>(0, vectors - chunk.index);
        shared_.hazard(HazardKind::Address, chunk.beat().at(uint32_t(element)), number_, chunk, nullptr,
                       "vector " + std::to_string(chunk.index + element) + " of " + std::to_string(vectors));
    }

    std::vector<Channel> channels_;  ///< west, then east
};

}  // namespace

std::unique_ptr<Slice> make_dram(Shared& shared, int number) { return std::make_unique<DramSlice>(shared, number); }

}  // namespace superlane::sim
