// SPDX-License-Identifier: Apache-2.0
// The small cases that docs/timing_model.md counts by hand: right at the counted cycle, a hazard one cycle beside it.
#include <gmock/gmock.h>

#include <bit>
#include <string>
#include <vector>

#include "isa/assembler.hpp"
#include "models/chip.hpp"
#include "sim/machine.hpp"

using namespace superlane;
using testing::ElementsAre;

namespace {

/// `text` with every "{name}" replaced by its number.
std::string filled(std::string text, std::initializer_list<std::pair<const char*, int>> numbers) {
    for (const auto& [name, number] : numbers) {
        const std::string mark = std::string("{") + name + "}";
        for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), std::to_string(number));
    }
    return text;
}

class HandCounted : public testing::Test {
protected:
    const models::Chip chip_ = models::load_chip("tsp-v1");
    sim::Machine machine_{chip_};

    sim::RunResult run(const std::string& text) {
        machine_ = sim::Machine(chip_);
        return machine_.run(isa::assemble(text, {chip_.name, chip_.digest(), chip_.geometry}, "hand_counted"));
    }
    std::vector<sim::HazardKind> hazards(const std::string& text) {
        std::vector<sim::HazardKind> kinds;
        for (const sim::Hazard& hazard : run(text).hazards) kinds.push_back(hazard.kind);
        return kinds;
    }
    /// Byte of lane 0.. of a word in the east.
    uint8_t byte(int slice, int address, size_t lane) const {
        std::vector<uint8_t> word(size_t(chip_.lanes()));
        machine_.read(isa::Side::East, slice, address, word);
        return word[lane];
    }
    /// Lane of four byte planes in slices 0-3 of the east.
    uint32_t wide(int address, size_t lane) const {
        uint32_t value = 0;
        for (int k = 0; k < 4; ++k) value |= uint32_t(byte(k, address, lane)) << (8 * k);
        return value;
    }
};

constexpr char hop[] = R"(
.region x mem.e.0 0x10 1
.region y mem.e.4 0x10 1
.data x iota u8
.queue mem.e.0
@0 read x -> E0
.queue mem.e.4
@{write} write y, E0
)";

/// One vector, one hop, then a read of the same bank at `read` from word `address`.
constexpr char read_after_write[] = R"(
.queue mem.e.4
@{read} read {address} -> E1
)";

constexpr char add[] = R"(
.region x0 mem.w.0 0 1
.region x1 mem.w.1 0 1
.region x2 mem.w.2 0 1
.region x3 mem.w.3 0 1
.region y0 mem.w.4 0 1
.region y1 mem.w.5 0 1
.region y2 mem.w.6 0 1
.region y3 mem.w.7 0 1
.data x0, x1, x2, x3 fill f32 1.5
.data y0, y1, y2, y3 iota f32
.queue mem.w.0
@1 read x0 -> E0
.queue mem.w.1
@1 read x1 -> E1
.queue mem.w.2
@1 read x2 -> E2
.queue mem.w.3
@1 read x3 -> E3
.queue mem.w.4
@0 read y0 -> E4
.queue mem.w.5
@0 read y1 -> E5
.queue mem.w.6
@0 read y2 -> E6
.queue mem.w.7
@0 read y3 -> E7
.queue vxm.0
@{add} add.f32 E0, E4 -> E8
.queue mem.e.0
@{write} write 0, E8
.queue mem.e.1
@{write} write 0, E9
.queue mem.e.2
@{write} write 0, E10
.queue mem.e.3
@{write} write 0, E11
)";

constexpr char product_2x2[] = R"(
.region w0 mem.e.0 0 1
.region w1 mem.e.1 0 1
.region x mem.e.2 0 1
.data w0 i8 1 2
.data w1 i8 3 4
.data x i8 5 6
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
.queue mem.e.1
@0 read w1 -> E1
@{write} write 1, W1
.queue mem.e.2
@4 read x -> E0
@{write} write 1, W2
.queue mem.e.3
@{write} write 1, W3
.queue mxm.e.0.weights
@21 lw.i8 E0, 2
.queue mxm.e.0.activations
@22 iw.i8
@{abc} abc.i8 E0
.queue mxm.e.0.accumulate
@{acc} acc.pass.i8 -> W0
)";

constexpr char product_4x4[] = R"(
.region w0 mem.e.0 0 1
.region w1 mem.e.1 0 1
.region w2 mem.e.2 0 1
.region w3 mem.e.3 0 1
.region x mem.e.4 0 4
.data w0 i8 1 0 0 0
.data w1 i8 0 2 0 0
.data w2 i8 0 0 3 0
.data w3 i8 1 1 1 1
.bytes mem.e.4 0 4
.hex 01 02 03 04 00*316
.hex 05 06 07 08 00*316
.hex 09 0a 0b 0c 00*316
.hex 0d 0e 0f 10 00*316
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
repeat 3, 1, 1
.queue mem.e.1
@0 read w1 -> E1
@{write} write 1, W1
repeat 3, 1, 1
.queue mem.e.2
@0 read w2 -> E2
@{write} write 1, W2
repeat 3, 1, 1
.queue mem.e.3
@0 read w3 -> E3
@{write} write 1, W3
repeat 3, 1, 1
.queue mem.e.4
@5 read x -> E0
repeat 3, 1, 1
.queue mxm.e.0.weights
@21 lw.i8 E0, 4
.queue mxm.e.0.activations
@22 iw.i8
@25 abc.i8 E0
repeat 3, 1, 0
.queue mxm.e.0.accumulate
@39 acc.pass.i8 -> W0
repeat 3, 1, 0
)";

/// The same in fp16: a pair of planes, two streams an element, an activation every second cycle.
constexpr char product_4x4_half[] = R"(
.region w0 mem.e.0 0 1
.region w0h mem.e.1 0 1
.region w1 mem.e.2 0 1
.region w1h mem.e.3 0 1
.region w2 mem.e.4 0 1
.region w2h mem.e.5 0 1
.region w3 mem.e.6 0 1
.region w3h mem.e.7 0 1
.region x mem.e.8 0 1
.region xh mem.e.9 0 1
.data w0, w0h f16 1 0 0 0
.data w1, w1h f16 0 2 0 0
.data w2, w2h f16 0 0 3 0
.data w3, w3h f16 0.5 0.5 0.5 0.5
.data x, xh f16 1 2 3 4
.queue mem.e.0
@0 read w0 -> E0
@{write} write 1, W0
repeat 3, 2, 1
.queue mem.e.1
@0 read w0h -> E1
@{write} write 1, W1
repeat 3, 2, 1
.queue mem.e.2
@0 read w1 -> E2
@{write} write 1, W2
repeat 3, 2, 1
.queue mem.e.3
@0 read w1h -> E3
@{write} write 1, W3
repeat 3, 2, 1
.queue mem.e.4
@1 read w2 -> E4
.queue mem.e.5
@1 read w2h -> E5
.queue mem.e.6
@1 read w3 -> E6
.queue mem.e.7
@1 read w3h -> E7
.queue mem.e.8
@6 read x -> E0
repeat 3, {every}, 0
.queue mem.e.9
@6 read xh -> E1
repeat 3, {every}, 0
.queue mxm.e.0.weights
@21 lw.f16 E0, 4
.queue mxm.e.0.activations
@22 iw.f16
@25 abc.f16 E0
repeat 3, {every}, 0
.queue mxm.e.0.accumulate
@39 acc.pass.f16 -> W0
repeat 3, {every}, 0
)";

}  // namespace

TEST_F(HandCounted, OneVectorOneHop) {
    const sim::RunResult result = run(filled(hop, {{"write", 2}}));
    EXPECT_THAT(result.hazards, ElementsAre());
    EXPECT_EQ(result.cycles, 4);
    EXPECT_EQ(result.last_tile_cycles, 4 + 19);
    EXPECT_EQ(byte(4, 0x10, 7), 7);
    for (const int beside : {1, 3})
        EXPECT_THAT(hazards(filled(hop, {{"write", beside}})), ElementsAre(sim::HazardKind::Undriven));
}

TEST_F(HandCounted, BankConflictAvoided) {
    const auto program = [](int read, int address) {
        return filled(std::string(hop) + read_after_write, {{"write", 2}, {"read", read}, {"address", address}});
    };
    EXPECT_THAT(hazards(program(3, 0x10)), ElementsAre(sim::HazardKind::Bank));
    EXPECT_THAT(hazards(program(4, 0x10)), ElementsAre());         // one cycle later: the word that was written
    EXPECT_THAT(hazards(program(3, 4096 + 0x10)), ElementsAre());  // or at once, from the other bank
}

TEST_F(HandCounted, OneAdd) {
    const sim::RunResult result = run(filled(add, {{"add", 6}, {"write", 9}}));
    EXPECT_THAT(result.hazards, ElementsAre());
    EXPECT_EQ(result.cycles, 11);
    EXPECT_EQ(std::bit_cast<float>(wide(0, 4)), 5.5f);
    for (const int beside : {5, 7})
        EXPECT_THAT(hazards(filled(add, {{"add", beside}, {"write", beside + 3}})),
                    testing::Contains(sim::HazardKind::Undriven));
    for (const int beside : {8, 10})
        EXPECT_THAT(hazards(filled(add, {{"add", 6}, {"write", beside}})),
                    ElementsAre(sim::HazardKind::Undriven, sim::HazardKind::Undriven, sim::HazardKind::Undriven,
                                sim::HazardKind::Undriven));
}

TEST_F(HandCounted, Product2x2) {
    const sim::RunResult result = run(filled(product_2x2, {{"abc", 25}, {"acc", 39}, {"write", 90}}));
    EXPECT_THAT(result.hazards, ElementsAre());
    EXPECT_EQ(result.cycles, 92);
    EXPECT_EQ(wide(1, 0), 17u);
    EXPECT_EQ(wide(1, 1), 39u);
    EXPECT_EQ(wide(1, 2), 0u);
    EXPECT_THAT(hazards(filled(product_2x2, {{"abc", 25}, {"acc", 38}, {"write", 90}})),
                testing::Contains(sim::HazardKind::NoResult));
    EXPECT_THAT(hazards(filled(product_2x2, {{"abc", 25}, {"acc", 40}, {"write", 90}})),
                testing::Contains(sim::HazardKind::NoResult));
    EXPECT_THAT(hazards(filled(product_2x2, {{"abc", 24}, {"acc", 38}, {"write", 90}})),
                testing::Contains(sim::HazardKind::InstallRipple));
    for (const int beside : {89, 91})
        EXPECT_THAT(hazards(filled(product_2x2, {{"abc", 25}, {"acc", 39}, {"write", beside}})),
                    ElementsAre(sim::HazardKind::Undriven, sim::HazardKind::Undriven, sim::HazardKind::Undriven,
                                sim::HazardKind::Undriven));
}

TEST_F(HandCounted, Product4x4) {
    const sim::RunResult result = run(filled(product_4x4, {{"write", 90}}));
    EXPECT_THAT(result.hazards, ElementsAre());
    EXPECT_EQ(result.cycles, 95);
    for (int m = 0; m < 4; ++m) {
        const uint32_t first = uint32_t(4 * m + 1);
        EXPECT_EQ(wide(1 + m, 0), first);
        EXPECT_EQ(wide(1 + m, 1), 2 * (first + 1));
        EXPECT_EQ(wide(1 + m, 2), 3 * (first + 2));
        EXPECT_EQ(wide(1 + m, 3), 4 * first + 6);
    }
    for (const int beside : {89, 91})
        EXPECT_THAT(hazards(filled(product_4x4, {{"write", beside}})), testing::Contains(sim::HazardKind::Undriven));
}

TEST_F(HandCounted, Product4x4InHalfTakesEverySecondCycle) {
    const sim::RunResult result = run(filled(product_4x4_half, {{"write", 90}, {"every", 2}}));
    EXPECT_THAT(result.hazards, ElementsAre());
    EXPECT_EQ(result.cycles, 98);
    for (int m = 0; m < 4; ++m) {
        EXPECT_EQ(std::bit_cast<float>(wide(1 + m, 1)), 4.0f);
        EXPECT_EQ(std::bit_cast<float>(wide(1 + m, 2)), 9.0f);
        EXPECT_EQ(std::bit_cast<float>(wide(1 + m, 3)), 5.0f);
    }
    EXPECT_THAT(hazards(filled(product_4x4_half, {{"write", 90}, {"every", 1}})),
                testing::Contains(sim::HazardKind::HalfInterval));
}
