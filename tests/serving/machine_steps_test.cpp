// SPDX-License-Identifier: Apache-2.0
// Step times of GPUs against the model of a GPU, and grids that find their points when they are needed.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "models/llm.hpp"
#include "serving/gpu_step_time.hpp"
#include "serving/step_table.hpp"

using namespace superlane;
using namespace superlane::serving;

namespace {

struct Fixture {
    models::Gpu gpu = models::load_gpu("h100");
    models::GpuWork work = models::gpu_work(gpu, find_llm("llama-2-70b"), "fp16", 4);
    double seconds(std::vector<models::StepGroup> groups) const { return models::gpu_step(gpu, work, groups).total(); }
};

double curved(double x, double y) { return 1 + x + 1e-3 * y * y; }

}  // namespace

TEST(GpuStepTime, IsTheModelOfTheGpu) {
    const Fixture f;
    const GpuStepTime time(f.gpu, f.work);
    StepShape decode;
    for (int i = 0; i < 32; ++i) decode.add(1000, 1);
    EXPECT_DOUBLE_EQ(time.cost(decode).latency_s, f.seconds({{32, 1000, 1}}));
    EXPECT_EQ(time.cost(decode).interval_s, time.cost(decode).latency_s);
    StepShape mixed = decode;
    mixed.add(0, 512);
    mixed.add(100, 511);
    EXPECT_DOUBLE_EQ(time.cost(mixed).latency_s, f.seconds({{32, 1000, 1}, {1, 50, 512}, {1, 50, 511}}));
}

TEST(GpuStepTime, BusyDrawsTheBoardPower) {
    const Fixture f;
    const GpuStepTime time(f.gpu, f.work);
    StepShape shape;
    shape.add(10, 1);
    const StepCost cost = time.cost(shape);
    EXPECT_NEAR(cost.joules + idle_watts(f.gpu, 4) * cost.latency_s, 4 * 700 * cost.latency_s, 1e-9);
    EXPECT_GT(time.error_bound(), 0.05) << "points kept aside";
    EXPECT_EQ(GpuStepTime(models::load_gpu("l4"), f.work).error_bound(), 0) << "no points of its own";
}

TEST(LazyGrid, FindsOnlyWhatIsNeeded) {
    std::set<std::pair<int64_t, int64_t>> found;
    const Grid grid(
        {1, 2, 4, 8}, {0, 10, 20, 40},
        [&](int64_t x, int64_t y) {
            EXPECT_TRUE(found.emplace(x, y).second) << x << ' ' << y << " found twice";
            const double seconds = curved(double(x), double(y));
            return StepCost{seconds, seconds, 0};
        },
        "g", "x", "y");
    EXPECT_DOUBLE_EQ(grid.at(4, 20).latency_s, curved(4, 20));
    EXPECT_EQ(found.size(), 1u);
    EXPECT_DOUBLE_EQ(grid.at(4, 30).latency_s, (curved(4, 20) + curved(4, 40)) / 2);
    EXPECT_EQ(found.size(), 2u);
    EXPECT_EQ(grid.error_bound(), std::abs((curved(4, 20) + curved(4, 40)) / 2 - curved(4, 30)) / curved(4, 30));
    EXPECT_EQ(found.size(), 3u) << "the middle of the one interval that was used";
    EXPECT_THROW(grid.at(9, 0), std::exception);
}

TEST(LazyGrid, IsExactAndSaysSoWhereTimeIsLinear) {
    const auto linear = [](int64_t x, int64_t y) {
        const double seconds = 1 + 0.5 * double(x) + 0.25 * double(y);
        return StepCost{seconds, seconds / 2, 0};
    };
    const Grid grid({1, 8}, {0, 100}, linear, "g", "x", "y");
    EXPECT_DOUBLE_EQ(grid.at(3, 30).latency_s, linear(3, 30).latency_s);
    EXPECT_DOUBLE_EQ(grid.at(3, 30).interval_s, linear(3, 30).interval_s);
    EXPECT_NEAR(grid.error_bound(), 0, 1e-12);
}

TEST(StepTable, LaterPassesOfAChunkSeeTheEarlierOnes) {
    const auto line = [](int64_t, int64_t y) { return StepCost{double(1 + y), double(1 + y), 0}; };
    const StepTable table(Grid({1, 4}, {0, 1000}, line, "d", "x", "y"), Grid({8}, {0, 1000}, line, "p", "x", "y"));
    StepShape shape;
    shape.add(100, 32);  // passes at 100, 108, 116, 124
    EXPECT_DOUBLE_EQ(table.cost(shape).interval_s, 4 * (1 + 112.0));
}
