// SPDX-License-Identifier: Apache-2.0
// The schedule of two pools against the closed formulas of docs/offloading.md.
#include "serving/pool_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "models/counter_random.hpp"

using namespace superlane;
using namespace superlane::serving;

namespace {

constexpr double endless = std::numeric_limits<double>::infinity();
constexpr PoolLinks no_network{0, endless, endless};

/// n attentions; the weights take t_m, of each slice a share comes after the query.
PoolWork even(int layers, double t_m, double t_a, double late = 0) {
    PoolWork work{.attention_s = t_a / layers};
    work.slice_s.assign(size_t(layers) + 1, t_m / (layers + 1));
    work.late_s.assign(size_t(layers), late * t_m / (layers + 1));
    return work;
}

struct Random {
    uint64_t seed, draws = 0;
    double next(double low, double high) { return low + (high - low) * double(mix(seed ^ mix(++draws)) % 10000) / 1e4; }
};

PoolWork random_work(Random& random) {
    PoolWork work = even(int(random.next(4, 40)), random.next(1, 50), random.next(1, 50), random.next(0, 0.5));
    for (double& slice_s : work.slice_s) slice_s *= random.next(0.9, 1.1);
    work.merge_s = random.next(0, 0.01);
    work.query_bytes = random.next(0, 10);
    work.rows_bytes = random.next(0, 10);
    work.result_bytes = work.query_bytes;
    work.kept_bytes = random.next(0, 10);
    return work;
}

double sum(const std::vector<double>& values) {
    double total = 0;
    for (const double value : values) total += value;
    return total;
}

}  // namespace

TEST(PoolSchedule, OneBatchTakesTheSumOfItsParts) {
    PoolWork work = even(10, 11, 20);
    work.merge_s = 0.1;
    work.query_bytes = 3, work.rows_bytes = 6, work.result_bytes = 3;
    const PoolLinks links{0.05, 10, 30};
    // Without overlap: t_m + t_a + merges + layers x (two ways + bytes at the slower end).
    const double network = 10 * (2 * 0.05 + (3 + 6 + 3) / 10.0);
    EXPECT_NEAR(schedule_pools(work, links, {1, 1, false}).step_s, 11 + 20 + 10 * 0.1 + network, 1e-9);
    // With overlap keys and values arrive while attention works: their bytes cost nothing.
    EXPECT_NEAR(schedule_pools(work, links, {1, 1, true}).step_s, 11 + 20 + 10 * 0.1 + network - 10 * 0.6, 1e-9);
    for (double& late_s : work.late_s) late_s = 0.25;  // nor does their projection
    EXPECT_NEAR(schedule_pools(work, links, {1, 1, true}).step_s, 11 + 20 + 1 + network - 10 * (0.6 + 0.25), 1e-9);
}

TEST(PoolSchedule, AttentionShorterThanTheRowsWaitsForThem) {
    PoolWork work = even(10, 11, 1, 0.5);  // 0.1 of attention, 0.5 until keys and values are there
    EXPECT_NEAR(schedule_pools(work, no_network, {1, 1, true}).step_s, 11, 1e-9);
    work.rows_bytes = 2;
    EXPECT_NEAR(schedule_pools(work, {0, 10, 10}, {1, 1, true}).step_s, 11 + 10 * 0.2, 1e-9);
}

TEST(PoolSchedule, BalancedPipelinesKeepBothPoolsBusy) {
    for (int n = 2; n <= 6; ++n) {
        const int layers = 60;
        const double t_m = 60, t_a = t_m / (n - 1);
        const PoolTimes times = schedule_pools(even(layers, t_m, t_a), no_network, {n - 1, n, true});
        EXPECT_GE(times.step_s, n * t_a * (1 - 1e-9));
        EXPECT_NEAR(times.step_s, n * t_m / (n - 1), 0.03 * times.step_s) << n;
        EXPECT_GT(times.memory_busy, 0.97) << n;
        EXPECT_GT(times.replica_busy, 0.97) << n;
    }
}

TEST(PoolSchedule, StepIsWhatTheScarcerPoolOrOneBatchNeeds) {
    // TBT >= max(n t_m / (n - 1), n t_a, t_m + t_a), and near it.
    for (const double t_a : {1.0, 10.0, 29.0, 31.0, 60.0, 200.0})
        for (int n = 1; n <= 5; ++n) {
            const int replicas = std::max(1, n - 1);
            const double t_m = 60, bound = std::max({n * t_m / replicas, n * t_a, t_m + t_a});
            const double step_s = schedule_pools(even(60, t_m, t_a), no_network, {replicas, n, true}).step_s;
            EXPECT_GE(step_s, bound * (1 - 1e-9)) << n << ' ' << t_a;
            EXPECT_LE(step_s, bound * 1.06) << n << ' ' << t_a;
        }
}

TEST(PoolSchedule, PortsCarryOneTransferAtATime) {
    PoolWork work = even(10, 0.011, 0.01);
    work.rows_bytes = 10;  // a second each at 10 bytes/s: into the memory pool, whose port all replicas share
    EXPECT_NEAR(schedule_pools(work, {0, endless, 10}, {2, 3, true}).step_s, 3 * 10, 0.1);
    work.rows_bytes = 0;
    work.result_bytes = 10;  // out of the pool; then into the one replica
    EXPECT_NEAR(schedule_pools(work, {0, endless, 10}, {2, 3, true}).step_s, 3 * 10, 0.1);
    EXPECT_NEAR(schedule_pools(work, {0, 10, endless}, {1, 2, true}).step_s, 2 * 10, 0.1);
}

TEST(PoolSchedule, WhatASliceKeepsGoesToTheNextReplica) {
    PoolWork work = even(10, 11, 0);
    work.kept_bytes = 5;
    EXPECT_NEAR(schedule_pools(work, {0, 10, endless}, {2, 1, true}).step_s, 11 + 10 * 0.5, 1e-9);
    EXPECT_NEAR(schedule_pools(work, {0, 10, endless}, {1, 1, true}).step_s, 11, 1e-9) << "where it is already";
}

TEST(PoolSchedule, MergesTakeTheMemoryPool) {
    PoolWork work = even(10, 1, 20);
    work.merge_s = 0.5;
    const PoolTimes times = schedule_pools(work, no_network, {1, 2, true});
    EXPECT_NEAR(times.step_s, 2 * (20 + 10 * 0.5), 0.03 * times.step_s);
    EXPECT_NEAR(times.memory_busy, 2 * (20 + 10 * 0.5) / times.step_s, 1e-9);
}

TEST(PoolSchedule, NoDeviceIsBusyLongerThanTimePasses) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        Random random{seed};
        const PoolWork work = random_work(random);
        const PoolLinks links{random.next(0, 0.2), random.next(5, 100), random.next(5, 100)};
        const int n = 1 + int(seed % 6);
        const PoolPlan plan{std::max(1, n - 1), n, seed % 2 == 0};
        const PoolTimes times = schedule_pools(work, links, plan);
        EXPECT_LE(times.replica_busy, 1 + 1e-9) << seed;
        EXPECT_LE(times.memory_busy, 1 + 1e-9) << seed;
        const double alone = schedule_pools(work, links, {1, 1, plan.overlap}).step_s;
        EXPECT_GE(times.step_s, alone * (1 - 1e-9)) << "others never help: " << seed;
        EXPECT_GE(alone, sum(work.slice_s) * (1 - 1e-9));
    }
}

TEST(PoolSchedule, AnEndlessNetworkNeverSlowsAStep) {
    for (uint64_t seed = 1; seed <= 100; ++seed) {
        Random random{seed};
        const PoolWork work = random_work(random);
        const int n = 1 + int(seed % 5);
        const PoolPlan plan{std::max(1, n - 1), n, true};
        const PoolLinks slow{random.next(0, 0.2), random.next(5, 50), random.next(5, 50)};
        EXPECT_LE(schedule_pools(work, no_network, plan).step_s, schedule_pools(work, slow, plan).step_s * (1 + 1e-9))
            << seed;
        EXPECT_LE(schedule_pools(work, slow, {1, 1, true}).step_s,
                  schedule_pools(work, slow, {1, 1, false}).step_s * (1 + 1e-9))
            << "to send the query first never costs time: " << seed;
    }
}
