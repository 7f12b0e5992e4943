// SPDX-License-Identifier: Apache-2.0
// A MEM slice: its read port, its write port, its banks, and the words behind them.
#include <algorithm>
#include <cstring>

#include "sim/fifo.hpp"
#include "sim/results.hpp"

namespace superlane::sim {
namespace {

using isa::Opcode;

class MemSlice final : public Slice {
public:
    MemSlice(Shared& shared, int number, isa::Side side, int slice)
        : Slice(shared, number), position_(shared.plan.mem(side, slice)), words_(shared.geometry.words),
          words_per_bank_(shared.geometry.words_per_bank()), counters_(shared.counters.mem[size_t(side)][size_t(slice)]) {}

    void act(const Action& action, const Chunk& chunk) override {
        if (chunk.instruction.opcode == Opcode::Ifetch) return shared_.tap(number_, chunk, use_a(chunk.instruction), position_);
        if (action.act != Act::End) start(action.chunk, chunk);
        if (action.act != Act::Start) end(chunk);
    }

    /// One queue dispatches them, so that they follow each other: but if they do not, as of any slice.
    void walk() override {
        const Accesses& accesses = shared_.program.tracks.accesses[size_t(number_)];
        if (!in_turn(accesses.reads) || !in_turn(accesses.writes)) return Slice::walk();
        counters_.vectors_read = take(accesses.reads);
        counters_.vectors_written = take(accesses.writes);
        const int turnaround = shared_.timing.mem_turnaround;
        auto read = accesses.reads.begin();
        for (const Access& write : accesses.writes) {
            while (read != accesses.reads.end() && read->beat.last() < write.beat.first) ++read;
            for (auto near = read; near != accesses.reads.end() && near->beat.first < write.beat.last() + turnaround; ++near)
                check_banks(*near, write);
        }
    }

    void compute(const Element& element, const Chunk& chunk) override {
        switch (chunk.instruction.opcode) {
            case Opcode::Write: return write(element, chunk);
            case Opcode::Scatter: return scatter(element, chunk);
            default: return gather(element, chunk);
        }
    }

private:
    void start(uint32_t id, const Chunk& chunk) {
        const Opcode opcode = chunk.instruction.opcode;
        const bool reads = opcode == Opcode::Read || opcode == Opcode::Gather;
        const bool indirect = opcode == Opcode::Gather || opcode == Opcode::Scatter;
        const Beat beat = chunk.beat().delayed(reads ? 0 : shared_.timing.mem_write - 1);
        forget(chunk.first);
        if (reads) read(beat, chunk.index, chunk.step, id, indirect);
        else write(beat, chunk.index, chunk.step, id, indirect);
        if (shared_.ecc && !indirect) shared_.ecc->note(number_, beat, chunk.index, chunk.step, !reads, chunk.burst);
        if (reads) drive(id, chunk, indirect);
        if (!reads) shared_.schedule(number_, id, chunk, shared_.timing.mem_write - 1, 0);
    }

    static bool in_turn(const std::vector<Access>& accesses) {
        for (size_t i = 1; i < accesses.size(); ++i)
            if (accesses[i].beat.first <= accesses[i - 1].beat.last()) return false;
        return true;
    }
    /// Vectors of all; their addresses are checked.
    uint64_t take(const std::vector<Access>& accesses) {
        uint64_t vectors = 0;
        for (const Access& access : accesses) {
            vectors += access.beat.count;
            check_addresses(access);
        }
        return vectors;
    }

    static Access& add(Fifo<Access>& to, const Beat& beat, int32_t address, int32_t step, uint32_t chunk, bool any_bank) {
        Access& access = to.add();
        access.beat = beat;
        access.address = address;
        access.step = step;
        access.chunk = chunk;
        access.any_bank = any_bank;
        return access;
    }
    void read(const Beat& beat, int32_t address, int32_t step, uint32_t chunk, bool any_bank) {
        const Access& access = add(reads_, beat, address, step, chunk, any_bank);
        check_ports(reads_, HazardKind::ReadPort);
        for (size_t i = 0; i < writes_.size(); ++i) check_banks(access, writes_[i]);
        counters_.vectors_read += beat.count;
        if (shared_.recorder) shared_.recorder->access(number_, true, access);
        check_addresses(access);
    }
    void write(const Beat& beat, int32_t address, int32_t step, uint32_t chunk, bool any_bank) {
        const Access& access = add(writes_, beat, address, step, chunk, any_bank);
        check_ports(writes_, HazardKind::WritePort);
        for (size_t i = 0; i < reads_.size(); ++i) check_banks(reads_[i], access);
        counters_.vectors_written += beat.count;
        if (shared_.recorder) shared_.recorder->access(number_, false, access);
        check_addresses(access);
    }

    void drive(uint32_t id, const Chunk& chunk, bool gathers) {
        const StreamUse use{chunk.instruction.dst, 1, 1};
        if (gathers) {
            results_.drive(id, chunk, use, position_);
            return shared_.schedule(number_, id, chunk);
        }
        uint32_t source = 0;
        if (shared_.functional()) {
            sram().note_read(chunk.beat(), chunk.index, chunk.step);
            source = shared_.sources.add_sram(sram(), chunk.index, chunk.step, chunk.beat());
        }
        shared_.drive(id, chunk, use, position_, chunk.first, source);
    }

    void end(const Chunk& chunk) {
        const isa::Instruction& instruction = chunk.instruction;
        if (instruction.opcode != Opcode::Gather) shared_.tap(number_, chunk, {instruction.a, 1, 1}, position_);
        if (instruction.opcode != Opcode::Write) shared_.tap(number_, chunk, {instruction.b, 1, 1}, position_);
    }

    void forget(int64_t now) {
        const auto over = [&](const Access& access) { return access.beat.last() + shared_.timing.mem_turnaround < now; };
        reads_.forget(over);
        writes_.forget(over);
    }

    /// The latest against the others.
    void check_ports(const Fifo<Access>& all, HazardKind kind) {
        const Access& latest = all[all.size() - 1];
        for (size_t i = 0; i + 1 < all.size(); ++i)
            if (const auto cycle = first_common(latest.beat, all[i].beat)) report(kind, *cycle, all[i].chunk, latest.chunk);
    }

    void report(HazardKind kind, int64_t cycle, uint32_t x, uint32_t y, std::string detail = {}) {
        shared_.hazard(kind, cycle, number_, shared_.program.chunks[x], &shared_.program.chunks[y], std::move(detail));
    }

    void check_banks(const Access& read, const Access& write) {
        const int turnaround = shared_.timing.mem_turnaround;
        if (read.beat.last() < write.beat.first || write.beat.last() + turnaround <= read.beat.first || banks_differ(read, write)) return;
        for (uint32_t i = 0; i < read.beat.count; ++i)
            for (int64_t cycle = read.beat.at(i) - turnaround + 1; cycle <= read.beat.at(i); ++cycle) {
                if (!write.beat.covers(cycle)) continue;
                const int64_t written = write.at(uint32_t((cycle - write.beat.first) / write.beat.interval));
                if (!read.any_bank && !write.any_bank && bank(read.at(i)) != bank(written)) continue;
                return report(HazardKind::Bank, read.beat.at(i), read.chunk, write.chunk, "write access at cycle " + std::to_string(cycle));
            }
    }
    int64_t bank(int64_t address) const { return address / words_per_bank_; }
    bool banks_differ(const Access& read, const Access& write) const {
        if (read.any_bank || write.any_bank) return false;
        const auto [r0, r1] = std::minmax({bank(read.address), bank(read.last_address())});
        const auto [w0, w1] = std::minmax({bank(write.address), bank(write.last_address())});
        return r1 < w0 || w1 < r0;
    }

    void check_addresses(const Access& access) {
        if (access.any_bank || (valid(access.address) && valid(access.last_address()))) return;
        for (uint32_t i = 0; i < access.beat.count; ++i)
            if (!valid(access.at(i))) return bad_address(shared_.program.chunks[access.chunk], i, access.at(i));
    }
    bool valid(int64_t address) const { return address >= 0 && address < words_; }
    void bad_address(const Chunk& chunk, uint32_t i, int64_t address) {
        shared_.hazard(HazardKind::Address, chunk.beat().at(i), number_, chunk, nullptr, "word " + std::to_string(address) + " of " + std::to_string(words_));
    }

    // Functional mode.
    Sram& sram() { return (*shared_.srams)[size_t(number_)]; }

    void write(const Element& element, const Chunk& chunk) {
        const int64_t address = chunk.index + int64_t(element.index) * chunk.step;
        if (!valid(address)) return;
        const int64_t sampled = chunk.beat().at(element.index);
        const uint8_t* from = nullptr;
        shared_.fetch({chunk.instruction.a, 1, 1}, position_, sampled, &from);
        uint8_t* row = sram().overwrite(address, element.cycle, *shared_.planes);
        std::memmove(row, from, size_t(shared_.powered_lanes(sampled)));  // tiles without power keep what they hold
    }

    /// Calls see(superlane, address) for each powered superlane's own address; a bad one is a hazard.
    template <class See>
    void by_map(const Chunk& chunk, const Element& element, const uint8_t* map, See&& see) {
        const int superlanes = shared_.powered_lanes(chunk.beat().at(element.index)) / isa::lanes_per_superlane;
        for (int superlane = 0; superlane < superlanes; ++superlane) {
            const uint8_t* entry = map + superlane * isa::lanes_per_superlane;
            const int64_t address = chunk.index + int64_t(element.index) * chunk.step + (entry[0] | entry[1] << 8);
            if (valid(address)) see(superlane * isa::lanes_per_superlane, address);
            else bad_address(chunk, element.index, address);
        }
    }

    void scatter(const Element& element, const Chunk& chunk) {
        const int64_t sampled = chunk.beat().at(element.index);
        const uint8_t *from = nullptr, *map = nullptr;
        shared_.fetch({chunk.instruction.a, 1, 1}, position_, sampled, &from);
        shared_.fetch({chunk.instruction.b, 1, 1}, position_, sampled, &map);
        const std::vector<uint8_t> values(from, from + shared_.chip.lanes()), addresses(map, map + shared_.chip.lanes());
        by_map(chunk, element, addresses.data(), [&](int lane, int64_t address) {
            std::memcpy(sram().overwrite(address, element.cycle, *shared_.planes) + lane, values.data() + lane, isa::lanes_per_superlane);
        });
    }

    void gather(const Element& element, const Chunk& chunk) {
        uint8_t* to = nullptr;
        results_.planes(element.chunk, element.index, 1, &to);
        const uint8_t* map = nullptr;
        shared_.fetch({chunk.instruction.b, 1, 1}, position_, element.cycle, &map);
        by_map(chunk, element, map, [&](int lane, int64_t address) { std::memcpy(to + lane, sram().current(address) + lane, isa::lanes_per_superlane); });
        results_.done(element, chunk);
    }

    int position_;
    int words_, words_per_bank_;
    MemCounters& counters_;
    Fifo<Access> reads_, writes_;
    Results results_{shared_};
};

}  // namespace

std::unique_ptr<Slice> make_mem(Shared& shared, int number, isa::Side side, int slice) {
    return std::make_unique<MemSlice>(shared, number, side, slice);
}

}  // namespace superlane::sim
