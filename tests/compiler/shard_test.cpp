// SPDX-License-Identifier: Apache-2.0
// Shards of vectors and models: every element once, in the same place on every chip.
#include "compiler/shard.hpp"

#include <gmock/gmock.h>

#include <set>

#include "base/error.hpp"

using namespace superlane;
using namespace superlane::compiler;
using testing::HasSubstr;

namespace {

struct Case {
    int size, chips, lanes;
};
constexpr Case cases[] = {{100, 8, 64},   {200, 2, 64},    {200, 8, 64},  {64, 1, 64},
                          {65, 1, 64},    {8, 8, 64},      {9, 8, 64},    {1000, 3, 320},
                          {8192, 8, 320}, {8192, 16, 320}, {4096, 4, 64}, {32000, 8, 320}};

std::string complaint(const LlmConfig& config, int chips) {
    try {
        shard_config(config, chips);
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST(Shard, RowsOfAWholeVectorHoldEveryElementOnce) {
    for (const auto& [size, chips, lanes] : cases) {
        const ShardedVector vector(size, chips, lanes);
        for (int rank = 0; rank < chips; ++rank) {
            std::multiset<int> found;
            for (int row = 0; row < vector.rows; ++row)
                for (const int element : vector.row_lanes(row))
                    if (const int global = vector.global(element, rank); global >= 0) found.insert(global);
            ASSERT_EQ(found.size(), size_t(size)) << size << '/' << chips << '/' << lanes << " rank " << rank;
            EXPECT_EQ(*found.begin(), 0);
            EXPECT_EQ(std::set<int>(found.begin(), found.end()).size(), size_t(size));
        }
    }
}

TEST(Shard, NoRowIsWasted) {
    for (const auto& [size, chips, lanes] : cases) {
        const ShardedVector vector(size, chips, lanes);
        EXPECT_LE(vector.rows, (vector.shard * chips + lanes - 1) / lanes);
        EXPECT_EQ(vector.slots, (vector.shard + lanes - 1) / lanes);
    }
}

TEST(Shard, SlotsOfAShardAreItsRowsOrItsPieceOfAPackedRow) {
    for (const auto& [size, chips, lanes] : cases) {
        const ShardedVector vector(size, chips, lanes);
        for (int offset = 0; offset < chips; ++offset) {
            for (int k = 0; k < vector.full; ++k)
                EXPECT_EQ(vector.slot_elements(offset, k), vector.row_lanes(vector.full_row(offset, k)));
            if (vector.rest == 0) continue;
            std::vector<int> pieces;  // a rest may lie in two packed rows
            for (int v = 0; v < vector.packed_rows(); ++v) {
                if (offset < vector.first_piece(v) || offset >= vector.first_piece(v) + vector.pieces(v)) continue;
                const std::vector<int> row = vector.row_lanes(chips * vector.full + v);
                pieces.insert(pieces.end(), row.begin() + vector.piece_first(v, offset),
                              row.begin() + vector.piece_last(v, offset));
            }
            EXPECT_EQ(pieces, vector.slot_elements(offset, vector.full)) << size << '/' << chips << ' ' << offset;
        }
    }
}

TEST(Shard, TheNextChipsShardIsOneShardOn) {
    const ShardedVector vector(200, 8, 64);
    for (int rank = 0; rank < 8; ++rank)
        EXPECT_EQ(vector.global(vector.shard, rank), vector.global(0, (rank + 1) % 8)) << rank;
}

TEST(Shard, AModelIsDividedByItsHeads) {
    const LlmConfig config = find_llm("llama-2-70b");
    const LlmConfig eight = shard_config(config, 8), sixteen = shard_config(config, 16);
    EXPECT_EQ(eight.heads, 8);
    EXPECT_EQ(eight.kv_heads, 1);
    EXPECT_EQ(eight.ffn, 28672 / 8);
    EXPECT_EQ(sixteen.heads, 4);
    EXPECT_EQ(sixteen.kv_heads, 1) << "two chips keep the same KV head";
    EXPECT_THAT(complaint(config, 7), HasSubstr("tp 7 does not divide the 64 attention heads of model 'llama-2-70b'"));
    EXPECT_THAT(complaint(find_llm("llama-3.1-405b"), 128), HasSubstr("tp 128 is too much (allowed: 1 to 64)"));
    LlmConfig odd = config;
    odd.heads = 12, odd.kv_heads = 3;
    EXPECT_THAT(complaint(odd, 4), HasSubstr("neither divides nor is a multiple of the 3 KV heads"));
}
