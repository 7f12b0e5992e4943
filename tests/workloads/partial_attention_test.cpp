// SPDX-License-Identifier: Apache-2.0
// Attention in parts and merged is attention of the whole.
#include "workloads/reference/partial_attention.hpp"

#include <gtest/gtest.h>

#include "models/counter_random.hpp"

using namespace superlane;
using namespace superlane::reference;

namespace {

constexpr int64_t tokens = 75;
constexpr double tolerance = 1e-6;

struct Case {
    AttentionShape shape;
    LayerCache cache;
    std::vector<float> q;
};

Case make(uint64_t seed, size_t heads, size_t queries_per_kv, float spread) {
    uint64_t draws = 0;
    const auto next = [&] { return spread * float(int64_t(mix(seed ^ mix(++draws)) % 20001) - 10000) / 10000.0f; };
    Case c{{.heads = heads, .queries_per_kv = queries_per_kv, .key_dim = 16, .value_dim = 12}, {}, {}};
    for (size_t i = 0; i < size_t(tokens) * heads / queries_per_kv * 16; ++i) c.cache.keys.push_back(next());
    for (size_t i = 0; i < size_t(tokens) * heads / queries_per_kv * 12; ++i) c.cache.values.push_back(next() / spread);
    for (size_t i = 0; i < heads * 16; ++i) c.q.push_back(next());
    return c;
}

std::vector<float> whole(const Case& c) { return attend(c.shape, c.cache, c.q, tokens - 1, Rounding::none); }

PartialAttention part(const Case& c, int64_t first, int64_t end) {
    return attend_part(c.shape, c.cache, c.q, tokens - 1, first, end);
}

void expect_same(const std::vector<float>& values, const std::vector<float>& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << i;
}

/// The heads of one of `devices`, with their rows of the cache.
Case share(const Case& c, size_t device, size_t devices) {
    const size_t heads = c.shape.heads / devices, kv = heads / c.shape.queries_per_kv;
    Case mine{c.shape, {}, {}};
    mine.shape.heads = heads;
    const auto columns = [&](const std::vector<float>& rows, size_t dim, size_t of) {
        std::vector<float> out;
        for (size_t row = 0; row < rows.size() / (of * dim); ++row)
            for (size_t i = 0; i < of / devices * dim; ++i)
                out.push_back(rows[row * of * dim + device * (of / devices) * dim + i]);
        return out;
    };
    mine.cache = {columns(c.cache.keys, 16, kv * devices), columns(c.cache.values, 12, kv * devices)};
    mine.q = columns(c.q, 16, c.shape.heads);
    return mine;
}

}  // namespace

TEST(PartialAttention, OldTokensAndTheNewOneMerge) {
    for (const float spread : {0.1f, 1.0f, 6.0f}) {  // 6: weights of single tokens near one
        const Case c = make(1, 8, 2, spread);
        expect_same(merge(part(c, 0, tokens - 1), part(c, tokens - 1, tokens)).values, whole(c));
    }
}

TEST(PartialAttention, AnyNumberOfPartsInAnyOrder) {
    const Case c = make(2, 4, 1, 2.0f);
    for (const int64_t width : {1, 7, 40}) {
        PartialAttention forth = part(c, 0, width), back = part(c, tokens, tokens);
        for (int64_t first = width; first < tokens; first += width) forth = merge(forth, part(c, first, first + width));
        for (int64_t end = tokens; end > 0; end -= width)
            back = merge(back, part(c, std::max<int64_t>(0, end - width), end));
        expect_same(forth.values, whole(c));
        expect_same(back.values, whole(c));
    }
}

TEST(PartialAttention, HeadsOverDevices) {
    const Case c = make(3, 8, 2, 1.0f);
    for (const size_t devices : {2u, 4u}) {
        std::vector<float> joined;
        for (size_t device = 0; device < devices; ++device) {
            const Case mine = share(c, device, devices);
            const auto values = merge(part(mine, 0, 50), part(mine, 50, tokens)).values;
            joined.insert(joined.end(), values.begin(), values.end());
        }
        expect_same(joined, whole(c));
    }
}

TEST(PartialAttention, WindowCapAndSinks) {
    Case c = make(4, 4, 2, 2.0f);
    c.shape.window = 20;
    c.shape.soft_cap = 5;
    c.shape.sinks = {0.5f, -1.0f, 3.0f, 0.0f};
    const PartialAttention seen = merge(part(c, 0, 60), part(c, 60, tokens));
    expect_same(seen.values, whole(c));
    EXPECT_EQ(part(c, 10, 40).denominators[0], 0.0) << "behind the window";
}

TEST(PartialAttention, LargeScoresDoNotOverflow) {
    const Case c = make(5, 2, 1, 40.0f);
    const PartialAttention merged = merge(part(c, 0, 30), part(c, 30, tokens));
    EXPECT_GT(merged.largest[0], 2000);
    expect_same(merged.values, whole(c));
}
