// SPDX-License-Identifier: Apache-2.0
// The chip-to-chip ports of both sides: Send to the outbox, Receive from each link's end.
#include <cstring>

#include "sim/results.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;

class C2cSlice final : public Slice {
public:
    C2cSlice(Shared& shared, int number)
        : Slice(shared, number), sends_(size_t(shared.geometry.links)), receives_(sends_.size()) {}

    /// Every chunk is one element here, so that both sides' ports take a FIFO's vectors in order of time.
    void act(const Action& action, const Chunk& chunk) override {
        if (chunk.instruction.opcode == Opcode::Receive) return receive(action.chunk, chunk);
        shared_.tap(number_, chunk, use_a(chunk.instruction), shared_.plan.sxm_edge(chunk.side));
        if (chunk.instruction.opcode == Opcode::Send) send(action.chunk, chunk);
    }

    void compute(const Element& element, const Chunk& chunk) override {
        const uint8_t* bytes = nullptr;
        shared_.fetch({chunk.instruction.a, 1, 1}, shared_.plan.sxm_edge(chunk.side), element.cycle, &bytes);
        shared_.outbox.push_back({shared_.wiring.launch, chunk.index, element.cycle, chunk.burst, {bytes, bytes + shared_.chip.lanes()}});
    }

private:
    struct Last {
        int64_t cycle = 0;
        uint32_t chunk = no_burst;
    };

    void busy(Last& last, uint32_t id, const Chunk& chunk, int interval) {
        if (last.chunk != no_burst && chunk.first - last.cycle < interval)
            shared_.hazard(HazardKind::LinkBusy, chunk.first, number_, shared_.program.chunks[last.chunk], &chunk, link(chunk));
        last = {chunk.first, id};
    }

    /// The link's end, with the event noted; a hazard where nothing is plugged in.
    LinkEnd& end_of(const Chunk& chunk, bool receive) {
        LinkEnd& end = *shared_.wiring.ends[size_t(chunk.index)];
        shared_.link_events.push_back({chunk.first, chunk.index, receive});
        if (!end.plugged) shared_.hazard(HazardKind::NoPeer, chunk.first, number_, chunk, nullptr, link(chunk));
        return end;
    }

    void send(uint32_t id, const Chunk& chunk) {
        const int interval = shared_.timing.c2c_vector_interval;
        LinkEnd& end = end_of(chunk, false);
        const int64_t now = shared_.wiring.clock.system(chunk.first);
        Last& last = sends_[size_t(chunk.index)];
        if (last.chunk == no_burst && now - end.last_send < interval)
            shared_.hazard(HazardKind::LinkBusy, chunk.first, number_, chunk, nullptr, link(chunk) + ", the program before sent " + std::to_string(now - end.last_send) + " cycles ago");
        busy(last, id, chunk, interval);
        end.last_send = now;
        ++shared_.counters.vectors_sent;
        if (shared_.functional()) shared_.schedule(number_, id, chunk);
        else if (end.checked) shared_.outbox.push_back({shared_.wiring.launch, chunk.index, chunk.first, chunk.burst, {}});
    }

    void receive(uint32_t id, const Chunk& chunk) {
        busy(receives_[size_t(chunk.index)], id, chunk, 1);
        ++shared_.counters.vectors_received;
        LinkEnd& end = end_of(chunk, true);
        LinkEnd::Taken taken;
        bool early = false;
        if (end.plugged) {
            const Clock& clock = shared_.wiring.clock;
            taken = end.take(clock.system(chunk.first), {shared_.wiring.launch, chunk.first, chunk.burst, chunk.index});
            early = !taken.known || taken.arrival > clock.system(chunk.first);
            if (early)
                shared_.hazard(HazardKind::EarlyReceive, chunk.first, number_, chunk, nullptr,
                               link(chunk) + (taken.known ? arrival_text(clock, taken.arrival) : ", nothing was sent"));
        }
        results_.drive(id, chunk, use_dst(chunk.instruction), shared_.plan.sxm_edge(chunk.side));
        uint8_t* to = nullptr;
        if (results_.planes(id, 0, 1, &to) && !early && !taken.bytes.empty())
            std::memcpy(to, taken.bytes.data(), std::min(taken.bytes.size(), size_t(shared_.chip.lanes())));
        results_.done({chunk.first, 0, 0, id, 0}, chunk);
    }

    static std::string link(const Chunk& chunk) { return link_text(chunk.index); }

    std::vector<Last> sends_, receives_;
    Results results_{shared_};
};

}  // namespace

std::unique_ptr<Slice> make_c2c(Shared& shared, int number) { return std::make_unique<C2cSlice>(shared, number); }

}  // namespace superlane::sim
