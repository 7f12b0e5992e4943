// SPDX-License-Identifier: Apache-2.0
// Weight streaming as a decode does it, loads, installs and products overlapping: values against plain loops.
#include <random>

#include "tests/sim/run_helpers.hpp"
#include "tests/sim/weight_streaming.hpp"

namespace superlane::test {
namespace {

constexpr int tiles = 8;

/// Row `address` of a slice: pseudo-random, but computed where it is needed.
Row content(Side side, int slice, int address) {
    std::mt19937 random(unsigned(int(side) * 100 + slice) * 10000u + unsigned(address));
    Row row(size_t(chip.lanes()));
    for (uint8_t& byte : row) byte = uint8_t(random());
    return row;
}

void fill_weights(sim::Machine& machine) {
    for (const Side side : {west, east})
        for (int slice = 0; slice < 44; ++slice)
            for (int address = 0; address < tiles * 20; ++address) machine.write(side, slice, address, content(side, slice, address));
}

TEST(Streaming, SumsOfTilesAreThoseOfPlainLoops) {
    for (const sim::Engine engine : {sim::Engine::Fast, sim::Engine::Kernel}) {
        sim::Machine machine(chip, options(engine));
        fill_weights(machine);
        const sim::RunResult result = machine.run(weight_streaming(chip, tiles));
        ASSERT_EQ(messages(result), "");
        EXPECT_EQ(result.counters.macs_int8(), 4ull * tiles * 320 * 320);
        for (const Side side : {west, east})
            for (int plane = 0; plane < 2; ++plane)
                for (const int j : {0, 1, 17, 319}) {  // weight row j: step j / 16 of stream j % 16
                    const int group = 1;
                    uint32_t expected = 0, found = 0;
                    for (int tile = group * streaming_group; tile < (group + 1) * streaming_group; ++tile)
                        expected += uint32_t(dot(content(side, plane * 16 + j % 16, tile * 20 + j / 16), content(side, 40 + plane, tile)));
                    for (int k = 0; k < 4; ++k) found |= uint32_t(row_of(machine, side, 32 + plane * 4 + k, 4096 + group)[size_t(j)]) << (8 * k);
                    EXPECT_EQ(found, expected) << plane << ' ' << j;
                }
    }
}

TEST(Streaming, EnginesAndModesAgree) { run_every_way(chip, weight_streaming(chip, tiles), fill_weights); }

TEST(Streaming, RunsFollowEachOtherOnTheSameMemory) {
    const auto program = sim::prepare(chip, weight_streaming(chip, tiles));
    sim::Machine machine(chip, options(sim::Engine::Fast, sim::Data::Functional, true));
    fill_weights(machine);
    const sim::RunResult first = machine.run(program);
    const Row result = row_of(machine, west, 32, 4096);
    const sim::RunResult second = machine.run(program);
    EXPECT_EQ(first.trace_digest, second.trace_digest);
    EXPECT_EQ(first.counters, second.counters);
    EXPECT_EQ(row_of(machine, west, 32, 4096), result);
}

}  // namespace
}  // namespace superlane::test
