// SPDX-License-Identifier: Apache-2.0
// Every row of every projection stands in exactly one lane of one vector, whatever the shape.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/error.hpp"
#include "compiler/llama_layout.hpp"

using namespace superlane;
using namespace superlane::compiler;

namespace {

LlmConfig shape(int kv_heads, int group, int head_dim) {
    LlmConfig config;
    config.kv_heads = kv_heads;
    config.heads = kv_heads * group;
    config.head_dim = head_dim;
    return config;
}

/// Counts each row >= 0 that `row_of` gives.
template <class RowOf>
void expect_each_once(int rows, int vectors, int lanes, RowOf row_of) {
    std::multiset<int> seen;
    for (int vector = 0; vector < vectors; ++vector)
        for (int lane = 0; lane < lanes; ++lane)
            if (const int row = row_of(vector, lane); row >= 0) seen.insert(row);
    ASSERT_EQ(int(seen.size()), rows);
    for (int row = 0; row < rows; ++row) ASSERT_EQ(seen.count(row), 1u) << "row " << row;
}

class Packing : public testing::TestWithParam<int> {};

}  // namespace

TEST_P(Packing, PlacesEveryRowOnce) {
    std::mt19937_64 random{uint64_t(GetParam())};
    const int superlanes = 4 + int(random() % 17), lanes = superlanes * 16;
    const LlmConfig config = shape(1 + int(random() % 40), 1 + int(random() % 8), 2 * (1 + int(random() % 32)));
    const HeadPacking packing(config, superlanes, lanes);
    const int group = packing.group, pairs = packing.pairs;
    expect_each_once(config.q_columns(), 2 * group * pairs, lanes,
                     [&](int v, int lane) { return packing.query_row(v / 2 / pairs, v / 2 % pairs, v % 2, lane); });
    expect_each_once(config.kv_columns(), 2 * pairs, lanes,
                     [&](int v, int lane) { return packing.key_row(v / 2, v % 2, lane); });
    expect_each_once(config.kv_columns(), packing.value_vectors(), lanes,
                     [&](int v, int lane) { return packing.value_row(v, lane); });
    expect_each_once(config.q_columns(), packing.tiles * group, lanes,
                     [&](int v, int lane) { return packing.result_column(v / group, v % group, lane); });
}

TEST_P(Packing, RotaryPairsShareALane) {
    std::mt19937_64 random{uint64_t(GetParam()) + 1000};
    const LlmConfig config = shape(1 + int(random() % 40), 1 + int(random() % 8), 2 * (1 + int(random() % 60)));
    const HeadPacking packing(config, 20, 320);
    for (int lane = 0; lane < 320; ++lane) {
        const int a = packing.key_row(packing.pairs - 1, 0, lane), b = packing.key_row(packing.pairs - 1, 1, lane);
        ASSERT_EQ(b, a < 0 ? -1 : a + config.head_dim / 2);  // Hugging Face's rotate_half
    }
}

INSTANTIATE_TEST_SUITE_P(RandomShapes, Packing, testing::Range(0, 24));

TEST(Packing, FillsTheLanesOfLlama2) {
    const HeadPacking packing(shape(32, 1, 128), 20, 320);
    EXPECT_EQ(packing.slots, 5);             // five half heads of 64 in 320 lanes
    EXPECT_EQ(packing.pairs, 7);             // 32 heads, 5 a pair
    EXPECT_EQ(packing.value_vectors(), 16);  // 8 blocks of 16 dimensions, heads 0-19 and 20-31
    EXPECT_EQ(packing.tiles, 13);            // 256 blocks, 20 a tile: as dense as 4096 / 320 allows
}

TEST(Packing, RefusesAHeadThatIsWiderThanTheChip) {
    try {
        HeadPacking(shape(1, 1, 256), 4, 64);
        FAIL();
    } catch (const UserError& error) {
        EXPECT_STREQ(error.what(), "head_dim 256 needs 128 lanes for half a head; the chip has 64");
    }
}
