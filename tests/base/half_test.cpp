// SPDX-License-Identifier: Apache-2.0
#include "base/half.hpp"

#include <gtest/gtest.h>

#include <cmath>

using namespace superlane;

TEST(Half, EveryNumberSurvivesTheRoundTrip) {
    for (uint32_t half = 0; half < 0x10000u; ++half) {
        const float value = half_to_float(uint16_t(half));
        if (std::isnan(value)) continue;
        EXPECT_EQ(float_to_half(value), half);
    }
}

TEST(Half, RoundsToNearestEven) {
    EXPECT_EQ(float_to_half(1.0f + 0x1p-11f), 0x3c00);            // a tie: to the even neighbour below
    EXPECT_EQ(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);        // a tie: to the even neighbour above
    EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
    EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
    EXPECT_EQ(float_to_half(0x1p-25f), 0x0000);
    EXPECT_EQ(float_to_half(std::nextafter(0x1p-25f, 1.0f)), 0x0001);
    EXPECT_EQ(float_to_half(-0.0f), 0x8000);
    EXPECT_TRUE(std::isnan(half_to_float(float_to_half(NAN))));
}
