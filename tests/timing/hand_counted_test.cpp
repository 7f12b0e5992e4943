// SPDX-License-Identifier: Apache-2.0
// The small cases that docs/timing_model.md counts by hand: right at the counted cycle, a hazard one cycle beside it.
#include <gmock/gmock.h>

#include <bit>
#include <string>
#include <vector>

#include "hand_counted_programs.hpp"
#include "isa/assembler.hpp"
#include "models/chip.hpp"
#include "sim/machine.hpp"

using namespace superlane;
using namespace superlane::hand_counted;
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
