// SPDX-License-Identifier: Apache-2.0
// The chip-to-chip ports of both sides: Send to the outbox, Receive from each link's FIFO.
#include <cstring>
#include <deque>

#include "sim/results.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;

class C2cSlice final : public Slice {
public:
    C2cSlice(Shared& shared, int number)
        : Slice(shared, number), sends_(size_t(shared.geometry.links)), receives_(sends_.size()), fifos_(sends_.size()) {
        for (LinkVector& vector : shared.inbox)
            if (vector.link >= 0 && size_t(vector.link) < fifos_.size()) fifos_[size_t(vector.link)].push_back(std::move(vector));
    }

    /// Every chunk is one element here, so that both sides' ports take a FIFO's vectors in order of time.
    void act(const Action& action, const Chunk& chunk) override {
        if (chunk.instruction.opcode == Opcode::Receive) return receive(action.chunk, chunk);
        shared_.tap(number_, chunk, use_a(chunk.instruction), shared_.plan.sxm_edge(chunk.side));
        if (chunk.instruction.opcode == Opcode::Send) send(action.chunk, chunk);
    }

    void compute(const Element& element, const Chunk& chunk) override {
        const uint8_t* bytes = nullptr;
        shared_.fetch({chunk.instruction.a, 1, 1}, shared_.plan.sxm_edge(chunk.side), element.cycle, &bytes);
        shared_.outbox.push_back({chunk.index, element.cycle, {bytes, bytes + shared_.chip.lanes()}});
    }

private:
    struct Last {
        int64_t cycle = 0;
        uint32_t chunk = no_burst;
    };

    void busy(Last& last, uint32_t id, const Chunk& chunk, int interval) {
        if (last.chunk != no_burst && chunk.first - last.cycle < interval)
            shared_.hazard(HazardKind::LinkBusy, chunk.first, number_, shared_.program.chunks[last.chunk], &chunk, "link " + std::to_string(chunk.index));
        last = {chunk.first, id};
    }

    void send(uint32_t id, const Chunk& chunk) {
        busy(sends_[size_t(chunk.index)], id, chunk, shared_.timing.c2c_vector_interval);
        ++shared_.counters.vectors_sent;
        if (shared_.functional()) shared_.schedule(number_, id, chunk);
        else shared_.outbox.push_back({chunk.index, chunk.first, {}});
    }

    void receive(uint32_t id, const Chunk& chunk) {
        busy(receives_[size_t(chunk.index)], id, chunk, 1);
        ++shared_.counters.vectors_received;
        auto& fifo = fifos_[size_t(chunk.index)];
        const std::string link = "link " + std::to_string(chunk.index);
        if (fifo.empty()) shared_.hazard(HazardKind::EarlyReceive, chunk.first, number_, chunk, nullptr, link + ", nothing was sent");
        else if (fifo.front().cycle > chunk.first)
            shared_.hazard(HazardKind::EarlyReceive, chunk.first, number_, chunk, nullptr, link + ", arrival at cycle " + std::to_string(fifo.front().cycle));
        results_.drive(id, chunk, use_dst(chunk.instruction), shared_.plan.sxm_edge(chunk.side));
        uint8_t* to = nullptr;
        if (results_.planes(id, 0, 1, &to) && !fifo.empty())
            std::memcpy(to, fifo.front().bytes.data(), std::min(fifo.front().bytes.size(), size_t(shared_.chip.lanes())));
        results_.done({chunk.first, 0, 0, id, 0}, chunk);
        if (!fifo.empty()) fifo.pop_front();
    }

    std::vector<Last> sends_, receives_;
    std::vector<std::deque<LinkVector>> fifos_;
    Results results_{shared_};
};

}  // namespace

std::unique_ptr<Slice> make_c2c(Shared& shared, int number) { return std::make_unique<C2cSlice>(shared, number); }

}  // namespace superlane::sim
