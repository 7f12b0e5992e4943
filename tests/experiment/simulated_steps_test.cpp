// SPDX-License-Identifier: Apache-2.0
// Steps of a machine full of requests: against a decode, monotone, kept, and told before they are simulated.
#include "experiment/simulated_steps.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>


using namespace superlane;
using namespace superlane::experiment;

namespace {

struct Folder {
    std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) /
        ("steps_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    Folder() { std::filesystem::remove_all(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

struct Steps {
    explicit Steps(const Folder& folder, const DecodeOptions& options)
        : cache(std::make_shared<PointCache>(folder.path.string())),
          steps(options, cache, [this](const std::string& what) { told.push_back(what); }) {}
    std::vector<std::string> told;
    std::shared_ptr<PointCache> cache;
    SimulatedSteps steps;
};

DecodeOptions tiny_on(const std::string& system) {
    DecodeOptions options;
    options.model = SUPERLANE_SOURCE_DIR "/examples/tiny-llama";
    options.dtype = "int8";
    options.take_system({.name = system});
    options.chip = models::load_chip("tsp-v1");
    options.context = 256;
    options.batch = 2;
    return options;
}

}  // namespace

TEST(SimulatedSteps, AreKeptAndToldOnce) {
    const Folder folder;
    Steps first(folder, tiny_on("4"));
    const serving::StepCost one = first.steps.decode(1, 100), two = first.steps.decode(2, 100);
    const serving::StepCost prompt = first.steps.prefill(8, 0);
    EXPECT_EQ(first.told, (std::vector<std::string>{"the room for keys and values", "decode of 1 at context 100",
                                                    "decode of 2 at context 100", "prefill of 8 at context 0"}));
    EXPECT_GT(two.latency_s, one.latency_s);
    EXPECT_LT(two.latency_s, 2 * one.latency_s);
    EXPECT_LE(one.interval_s, one.latency_s);
    EXPECT_GT(two.joules, one.joules);
    EXPECT_GT(prompt.latency_s, one.latency_s);
    DecodeOptions threads = tiny_on("4");
    threads.threads = 2;
    Steps again(folder, threads);
    EXPECT_EQ(again.steps.decode(2, 100).latency_s, two.latency_s);
    EXPECT_TRUE(again.told.empty());
    EXPECT_EQ(again.cache->kept(), 0);
    DecodeOptions other = tiny_on("4");
    other.chip.timing.mem_read += 1;
    other.system->chip = other.chip;
    Steps changed(folder, other);
    changed.steps.decode(2, 100);
    EXPECT_EQ(changed.told.size(), 2u) << "another chip";
}

TEST(SimulatedSteps, DamagedFilesAreFoundAnew) {
    const Folder folder;
    Steps first(folder, tiny_on("4"));
    const double seconds = first.steps.decode(1, 10).latency_s;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path))
        if (entry.is_regular_file()) std::ofstream(entry.path()) << "{\"latency_s\": 1";
    Steps again(folder, tiny_on("4"));
    EXPECT_EQ(again.steps.decode(1, 10).latency_s, seconds);
    EXPECT_EQ(again.cache->kept(), 2);
}

TEST(SimulatedSteps, OneChipTakesAsLongAsItsDecode) {
    const Folder folder;
    DecodeOptions options = tiny_on("single");
    options.batch = 1;
    Steps steps(folder, options);
    EXPECT_GT(steps.steps.layout().batches, 1);
    EXPECT_EQ(steps.steps.layout().kv_tokens, int64_t(steps.steps.layout().batches) * 320) << "a page each";
    options.timing_only = true;
    options.tokens = 1;
    options.position = 200;
    const DecodeResult decoded = run_decode(options);
    EXPECT_NEAR(steps.steps.decode(1, 200).latency_s * options.chip.clock_mhz * 1e6, decoded.mean_cycles(),
                0.05 * decoded.mean_cycles())
        << "the same program but for where keys and values lie";
}

TEST(SimulatedSteps, APipelineTakesTheNextStepBeforeOneIsDone) {
    const Folder folder;
    DecodeOptions options = tiny_on("4");
    options.split.tp = 2;
    Steps steps(folder, options);
    EXPECT_EQ(steps.steps.layout().split.pp, 2) << "as many stages as the system can have";
    const serving::StepCost cost = steps.steps.decode(1, 10);
    EXPECT_LT(cost.interval_s, 0.8 * cost.latency_s);
}
