// SPDX-License-Identifier: Apache-2.0
// Tiny systems, programs that send and receive, and all ways of running them.
#pragma once
#include "sim/system.hpp"
#include "tests/sim/run_helpers.hpp"

namespace superlane::test {

inline models::Chip link_chip() {
    models::Chip chip;
    chip.geometry.superlanes = 1;
    chip.geometry.words = 256;
    chip.text_words = 16;
    return chip;
}

inline models::System cabled(int chips, std::vector<models::Cable> cables) {
    models::System system;
    system.name = "test";
    system.chip = link_chip();
    system.chips = chips;
    system.cables = std::move(cables);
    return system;
}
/// Chip 0's link 0 to chip 1's link 1, 200 cycles one way and 210 the other.
/// Ends of links that the tests count by hand.
inline models::System two_chips() {
    models::System system = cabled(2, {{{{{0, 0}, {1, 1}}}, {200, 210}}});
    system.chip.timing.c2c_send = system.chip.timing.c2c_receive = 4;
    return system;
}
inline const models::System pair = two_chips();
inline const int hop = 200 + pair.chip.timing.c2c_send, back = 210 + pair.chip.timing.c2c_send;  ///< 0 to 1, 1 to 0

/// Programs whose Sends and Receives stand at given cycles, each with the memory access that it needs. Link i < 5 has
/// its own queues, streams and slices.
class LinkProgram {
public:
    explicit LinkProgram(const models::Chip& chip) : builder(chip), chip_(chip), plan_(chip.floorplan()) {}

    /// The word at `address` of slice mem.w.<link> leaves at `cycle`.
    LinkProgram& send(int64_t cycle, int link, int address) {
        const int travel = std::abs(plan_.sxm_edge(west) - plan_.mem(west, link));
        builder.at(cycle - travel - chip_.timing.mem_read, builder.mem(west, link), read(address, W(link)));
        builder.at(cycle, builder.queues.c2c(west, link), make(Opcode::Send, {.a = W(link), .index = link}));
        return *this;
    }
    /// A vector is taken at `cycle` and written to `address` of slice mem.e.<link>.
    LinkProgram& receive(int64_t cycle, int link, int address) {
        const int travel = std::abs(plan_.sxm_edge(east) - plan_.mem(east, link));
        builder.at(cycle, builder.queues.c2c(east, link), make(Opcode::Receive, {.dst = W(16 + link), .index = link}));
        builder.at(cycle + chip_.timing.c2c_receive + travel, builder.mem(east, link), write(address, W(16 + link)));
        return *this;
    }
    std::shared_ptr<const sim::PreparedProgram> prepared() const { return sim::prepare(chip_, builder.build()); }

    ProgramBuilder builder;

private:
    models::Chip chip_;
    isa::Floorplan plan_;
};
constexpr int lead = 40;   ///< cycles that a Send needs before it in its program
constexpr int trail = 60;  ///< and a Receive after it

struct Way {
    sim::Engine engine = sim::Engine::Fast;
    sim::Data data = sim::Data::Functional;
    int threads = 1;
    bool deferred = false, share = false;
};
inline std::vector<Way> ways() {
    using enum sim::Engine;
    using enum sim::Data;
    return {{Fast, Functional, 1},
            {Fast, Functional, 2},
            {Fast, Functional, 3},
            {Fast, TimingOnly, 1},
            {Fast, TimingOnly, 3},
            {Fast, TimingOnly, 1, true, true},
            {Fast, TimingOnly, 2, true, true},
            {Fast, TimingOnly, 1, true},
            {Fast, TimingOnly, 3, true},
            {Kernel, Functional},
            {Kernel, TimingOnly}};
}

inline std::string text_of(const sim::SystemResult& result) {
    std::string text = std::to_string(result.cycles) + (result.stopped ? " stopped" : "") + ", " +
                       std::to_string(result.distinct_programs) + " programs\n";
    for (const auto& hazard : result.hazards) text += hazard.message() + '\n';
    for (const auto& use : result.links)
        text += std::to_string(use.chip) + '.' + std::to_string(use.link) + ": " + std::to_string(use.vectors) + ", " +
                std::to_string(use.deepest_fifo) + '\n';
    for (const auto& error : result.link_errors)
        text += "error " + std::to_string(error.chip) + '.' + std::to_string(error.link) + '.' +
                std::to_string(error.vector) + '\n';
    return text + result.digest;
}

/// Runs the launches in every way on memory that counts up; all results must be equal, and the memory of functional
/// runs. `vary` may change the options that all ways have in common.
template <class Vary>
sim::SystemResult run_system_every_way(const models::System& system, const std::vector<sim::Launch>& launches,
                                       Vary&& vary) {
    sim::SystemResult first;
    std::vector<Row> memory;
    for (const Way& way : ways()) {
        sim::SystemOptions options;
        vary(options);
        options.chip.engine = way.engine;
        options.chip.data = way.data;
        options.threads = way.threads;
        options.deferred = way.deferred;
        options.share = way.share;
        sim::SystemMachine machine(system, options);
        for (int chip = 0; chip < system.chips; ++chip)
            for (int slice = 0; slice < 5; ++slice)
                for (int address = 0; address < 128; ++address)
                    machine.write(chip, west, slice, address, counting(system.chip, chip * 31 + slice * 5 + address));
        const sim::SystemResult result = machine.run(launches);
        std::vector<Row> rows;
        for (int chip = 0; chip < system.chips && way.data == sim::Data::Functional; ++chip)
            for (int slice = 0; slice < 5; ++slice)
                for (int address = 0; address < 128; ++address)
                    machine.read(chip, east, slice, address, rows.emplace_back(size_t(system.chip.lanes())));
        if (first.digest.empty()) first = result, memory = rows;
        EXPECT_EQ(text_of(result), text_of(first))
            << "engine " << int(way.engine) << ", data " << int(way.data) << ", threads " << way.threads
            << ", deferred " << way.deferred << ", share " << way.share;
        EXPECT_EQ(result.counters, first.counters);
        EXPECT_EQ(result.by_launch, first.by_launch);
        EXPECT_TRUE(rows.empty() || rows == memory) << "engine " << int(way.engine) << ", threads " << way.threads;
    }
    return first;
}
inline sim::SystemResult run_system_every_way(const models::System& system, const std::vector<sim::Launch>& launches) {
    return run_system_every_way(system, launches, [](sim::SystemOptions&) {});
}

inline std::vector<sim::HazardKind> kinds(const sim::SystemResult& result) {
    std::vector<sim::HazardKind> kinds;
    for (const auto& hazard : result.hazards) kinds.push_back(hazard.hazard.kind);
    return kinds;
}

}  // namespace superlane::test
