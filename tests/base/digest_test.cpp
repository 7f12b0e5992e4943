// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include <gtest/gtest.h>

using namespace superlane;

TEST(Digest, IsSha256) {  // FIPS 180-4, the empty message and "abc"
    EXPECT_EQ(Digest().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(Digest().bytes("abc", 3).hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, TextCarriesItsLength) {
    EXPECT_NE(Digest().text("ab").text("c").hex(), Digest().text("a").text("bc").hex());
}
