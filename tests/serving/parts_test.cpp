// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "models/counter_random.hpp"
#include "serving/kv_pages.hpp"
#include "serving/quantiles.hpp"
#include "serving/step_table.hpp"
#include "serving/timeline.hpp"
#include "tests/serving/support.hpp"

using namespace superlane;
using namespace superlane::serving;
using namespace superlane::test;
using testing::HasSubstr;

namespace {

std::string complaint(const auto& action) {
    try {
        action();
    } catch (const UserError& error) {
        return error.what();
    }
    return "";
}

StepPoint point(int64_t batch, int64_t context, double seconds, int64_t new_tokens = 1) {
    return {.batch = batch, .context = context, .new_tokens = new_tokens, .cost = {seconds, seconds / 2, 1}};
}

}  // namespace

TEST(Quantiles, AreWithinTheStatedErrorOfTheSortedValues) {
    Quantiles quantiles;
    std::vector<double> values;
    for (uint64_t i = 0; i < 20000; ++i) {
        values.push_back(std::ldexp(double(mix(i) >> 11), -53 + int(mix(i + 77) % 30) - 15));
        quantiles.add(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const double exact = values[size_t(std::ceil(q * 20000)) - 1];
        EXPECT_NEAR(quantiles.at(q), exact, exact / 2048) << q;
    }
    EXPECT_EQ(quantiles.at(1), values.back());
    EXPECT_EQ(quantiles.least(), values.front());
}

TEST(Quantiles, OfNothingAndOfZero) {
    Quantiles quantiles;
    EXPECT_EQ(quantiles.at(0.5), 0);
    quantiles.add(0);
    EXPECT_EQ(quantiles.at(0.5), 0);
    EXPECT_THROW(quantiles.add(-1), InternalError);
}

TEST(Timeline, KeepsItsIntegralsWhenIntervalsAreJoined) {
    Timeline timeline;
    double now = 5, pages = 0, requests = 0;
    for (uint64_t i = 0; i < 5000; ++i) {
        const double next = now + double(mix(i) % 1000) * 1e-3;
        timeline.add(now, next, int64_t(i % 50), int64_t(i % 7));
        pages += (next - now) * double(i % 50);
        requests += (next - now) * double(i % 7);
        now = next;
    }
    EXPECT_LE(timeline.intervals().size(), 256u);
    EXPECT_GT(timeline.intervals().size(), 100u);
    EXPECT_NEAR(timeline.total().seconds, now - 5, 1e-6);
    EXPECT_NEAR(timeline.total().kv_page_seconds, pages, 1e-6 * pages);
    EXPECT_NEAR(timeline.total().request_seconds, requests, 1e-6 * requests);
    EXPECT_EQ(timeline.total().most_kv_pages, 49);
}

TEST(KvPages, SharesBlocksAndEvictsTheLastOfAPromptFirst) {
    KvPages kv(20, 4, 8);
    const std::vector<uint64_t> prompt = {1, 2, 3}, other = {1, 9};
    KvPages::Holding a, b;
    ASSERT_TRUE(kv.admit(a, prompt, 26));
    EXPECT_EQ(a.pages, 7);
    kv.share(a, prompt, 17);
    EXPECT_EQ(a.blocks, 2);
    EXPECT_EQ(a.pages, 3);
    ASSERT_TRUE(kv.admit(b, other, 20));
    EXPECT_EQ(kv.shared_tokens(b), 8);
    EXPECT_EQ(kv.used(), 7 + 3);
    kv.share(a, prompt, 26);
    kv.release(a, prompt);
    EXPECT_EQ(kv.cached(), 4) << "blocks 2 and 3 wait, block 1 is in use";
    KvPages::Holding c;
    ASSERT_TRUE(kv.admit(c, {}, 4 * 13));
    EXPECT_EQ(kv.cached(), 2) << "block 3 had to go";
    KvPages::Holding d;
    EXPECT_FALSE(kv.admit(d, prompt, 26));
    EXPECT_EQ(d.blocks, 0);
    EXPECT_EQ(kv.cached(), 2) << "a refused request holds nothing";
    kv.release(b, other);
    kv.release(c, {});
    EXPECT_EQ(kv.free() + kv.cached(), 20);
}

TEST(KvPages, NeverFindsTheLastTokenOfAPrompt) {
    KvPages kv(20, 4, 8);
    const std::vector<uint64_t> prompt = {1, 2};
    KvPages::Holding a, b;
    ASSERT_TRUE(kv.admit(a, prompt, 16));
    kv.share(a, prompt, 16);
    ASSERT_TRUE(kv.admit(b, prompt, 16));
    EXPECT_EQ(kv.shared_tokens(b), 8);
    kv.share(b, prompt, 16);
    EXPECT_EQ(b.blocks, 2) << "the block of the other is taken, its own given up";
    EXPECT_EQ(kv.free(), 20 - 4);
}

TEST(StepTable, IsExactWhereTimeIsBilinear) {
    const auto time = [](double b, double c) { return 1e-3 + 2e-5 * b + 1e-7 * c + 3e-9 * b * c; };
    std::vector<StepPoint> points;
    for (const int64_t b : {1, 5, 64})
        for (const int64_t c : {0, 100, 4096}) points.push_back(point(b, c, time(double(b), double(c))));
    const StepTable table(points, "table");
    EXPECT_NEAR(table.error_bound(), 0, 1e-12);
    for (const int64_t b : {1, 3, 5, 40, 64})
        for (const int64_t c : {0, 1, 100, 777, 4096})
            EXPECT_NEAR(table.cost(decode(b, c)).latency_s, time(double(b), double(c)), 1e-12);
    const StepCost cost = table.cost(decode(5, 100));
    EXPECT_NEAR(cost.interval_s, cost.latency_s / 2, 1e-15);
    EXPECT_NEAR(cost.joules, 1, 1e-12);
}

TEST(StepTable, ErrorBoundHoldsForACurvedTime) {
    const auto time = [](double b) { return 1e-3 * (1 + b * b / 400); };
    std::vector<StepPoint> points;
    for (int64_t b = 1; b <= 65; b += 4) points.push_back(point(b, 0, time(double(b))));
    const StepTable table(points, "table");
    EXPECT_GT(table.error_bound(), 0.001);
    for (int64_t b = 1; b <= 65; ++b)
        EXPECT_NEAR(table.cost(decode(b, 0)).latency_s / time(double(b)), 1, table.error_bound() / 2) << b;
}

TEST(StepTable, PrefillIsRowsOfTheBatchOrItsOwnGrid) {
    StepShape mixed = decode(2, 10);
    mixed.add(0, 11);
    std::vector<StepPoint> points = {point(1, 0, 1), point(4, 0, 4), point(1, 20, 1), point(4, 20, 4)};
    // 13 rows, four at a time; each pass starts when half of the one before is done: the third lasts from 4 to 8.
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).latency_s, 8, 1e-9);
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).interval_s, 6.5, 1e-9);
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).joules, 4, 1e-9) << "one a pass";
    points.push_back(point(1, 0, 1.5, 16));
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).latency_s, 1 + 1.5, 1e-9);
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).interval_s, 1 + 0.75, 1e-9);
    EXPECT_NEAR(StepTable(points, "t").cost(mixed).joules, 1 + 1, 1e-9);
}

TEST(StepTable, SaysWhatIsWrong) {
    EXPECT_THAT(complaint([] { StepTable({}, "t"); }), HasSubstr("no point with one new token"));
    EXPECT_THAT(complaint([] {
                    StepTable({point(1, 0, 1), point(2, 9, 1)}, "t");
                }),
                HasSubstr("t: batch 1, context 9 is missing"));
    EXPECT_THAT(complaint([] { StepTable({point(1, 0, 1), point(1, 0, 2)}, "t"); }), HasSubstr("given twice"));
    EXPECT_THAT(complaint([] { StepTable({point(1, 0, 1), point(2, 0, 1, 8)}, "t"); }), HasSubstr("must have batch 1"));
    const StepTable table({point(1, 0, 1), point(1, 100, 1)}, "t");
    EXPECT_THAT(complaint([&] { table.cost(decode(1, 101)); }), HasSubstr("context 101 is beyond its points"));
}
