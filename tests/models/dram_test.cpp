// SPDX-License-Identifier: Apache-2.0
// Rows of DRAM: what they make of a chip that has some, and nothing of one that has none.
#include <gtest/gtest.h>

#include "models/chip_cost.hpp"

using namespace superlane::models;

TEST(Dram, ChangesNothingOfChipsWithoutIt) {
    const Chip with = load_chip("edge"), without = load_chip("tsp-v1");
    EXPECT_EQ(load_chip("tsp-v1", {"dram.latency=1", "dram.vector_interval=9"}).digest(), without.digest());
    EXPECT_NE(load_chip("edge", {"dram.vector_interval=9"}).digest(), with.digest());
    EXPECT_EQ(chip_area(with).size(), chip_area(without).size() + 1);
    EXPECT_EQ(chip_power(with).size(), chip_power(without).size() + 1);
    EXPECT_EQ(dram_usd(without), 0);
}

TEST(Dram, ReadsAtThePaceOfItsChannels) {
    const Chip chip = load_chip("edge");  // 8 channels, 128 bytes every 4 cycles, 12 % closed
    EXPECT_DOUBLE_EQ(chip.dram_bytes_per_cycle(), 8 * 128 / 4 / 1.12);
    EXPECT_EQ(chip.timing.dram_busy(25), 112);
    EXPECT_EQ(chip.timing.dram_busy(1), 5);
    EXPECT_EQ(chip.dram_bytes(), 16ll << 30);
    EXPECT_DOUBLE_EQ(full_cycle(chip).dram_bytes, chip.dram_bytes_per_cycle());
    EXPECT_DOUBLE_EQ(dram_usd(chip), 16 * chip.dram_usd_per_gib);
}
