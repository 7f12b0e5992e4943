// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <gtest/gtest.h>

using namespace superlane;

TEST(NearestName, OffersASlipOfThePenAndNothingFar) {
    EXPECT_EQ(nearest_name("mem.slcies", {"mem.slices", "mxm.planes"}), "mem.slices");
    EXPECT_EQ(nearest_name("zzzzzzzz", {"mem.slices", "mxm.planes"}), "");
    EXPECT_EQ(nearest_hint("tsp-v2", {"tsp-v1"}), " (nearest: 'tsp-v1')");
}

TEST(Check, ThrowsWithTheValues) {
    const int lanes = 7;
    EXPECT_THROW(
        try { SUPERLANE_CHECK(lanes == 8, "lanes", lanes); } catch (const InternalError& error) {
            EXPECT_NE(std::string(error.what()).find("lanes == 8 lanes 7"), std::string::npos);
            throw;
        },
        InternalError);
}
