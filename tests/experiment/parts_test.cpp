// SPDX-License-Identifier: Apache-2.0
// The small parts of experiment/: operator times, shares and bounds, output files, NumPy files, chips out of result
// files.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/compare.hpp"
#include "experiment/metrics.hpp"
#include "experiment/npy.hpp"
#include "experiment/operators.hpp"
#include "experiment/output_file.hpp"
#include "experiment/prefill_rows.hpp"
#include "experiment/result.hpp"
#include "experiment/usage.hpp"

using namespace superlane;
using namespace superlane::experiment;
namespace fs = std::filesystem;

TEST(Operators, ACycleBelongsToTheLastStarted) {
    // norm 2..5, head 4..8 takes over at 4; 0, 1 and 9 are nobody's.
    const std::vector<compiler::OperationSpan> spans = {{"norm", 2, 5}, {"head", 4, 8}};
    const std::vector<OperatorCycles> expected = {{"norm", 2}, {"head", 5}, {"idle", 3}};
    EXPECT_EQ(exclusive_cycles(spans, 10), expected);
}

TEST(Operators, ALongerOneGetsTheRestBack) {
    const std::vector<compiler::OperationSpan> spans = {{"load", 0, 9}, {"add", 3, 4}};
    const std::vector<OperatorCycles> expected = {{"load", 8}, {"add", 2}};
    EXPECT_EQ(exclusive_cycles(spans, 10), expected);
}

TEST(Operators, EqualNamesAreSummed) {
    const std::vector<compiler::OperationSpan> spans = {{"ffn", 0, 3}, {"head", 4, 5}, {"ffn", 6, 7}};
    const std::vector<OperatorCycles> expected = {{"ffn", 6}, {"head", 2}};
    EXPECT_EQ(exclusive_cycles(spans, 8), expected);
}

TEST(Usage, SharesOfTheChipsLimits) {
    models::Chip chip;
    Usage usage;
    usage.cycles = 100;
    usage.vectors_read = 3200;  // half of 64 streams for 100 cycles
    usage.vectors_written = 5600;
    usage.macs_int8 = 4ull * 320 * 320 * 25;
    EXPECT_DOUBLE_EQ(usage.stream_utilisation(chip), 0.5);
    EXPECT_DOUBLE_EQ(usage.sram_utilisation(chip), 0.5);
    EXPECT_DOUBLE_EQ(usage.mxm_utilisation(chip), 0.25);
    EXPECT_EQ(usage.sram_read_bytes(chip), 1'024'000);
}

TEST(Usage, PeaksAndBounds) {
    models::Chip chip;
    EXPECT_DOUBLE_EQ(peak_macs(chip, false), 409'600);
    EXPECT_DOUBLE_EQ(peak_macs(chip, true), 102'400);
    EXPECT_DOUBLE_EQ(stream_bandwidth(chip), 18.432e12);
    EXPECT_NEAR(weight_bound_cycles(chip, 202'375'168), 9'882, 1);
}

TEST(Distances, OfOnePosition) {
    Distance distance;
    distance.add(0, std::vector<float>{1, 2, 4}, std::vector<float>{1, 2, 4});
    EXPECT_TRUE(distance.tokens_equal());
    EXPECT_NEAR(distance.cosine, 1, 1e-12);
    distance.add(1, std::vector<float>{1, 5, 4}, std::vector<float>{1, 2, 4});
    EXPECT_FALSE(distance.tokens_equal());
    EXPECT_EQ(distance.first_difference, 1);
    EXPECT_DOUBLE_EQ(distance.max_relative_difference, 0.75);
    EXPECT_DOUBLE_EQ(distance.top1_share(), 0.5);
}

TEST(OutputFiles, AppearWhole) {
    const std::string path = testing::TempDir() + "/superlane_output.json";
    fs::remove(path);
    {
        OutputFile file(path);
        file.write("whole");
        EXPECT_FALSE(fs::exists(path));
        file.commit();
    }
    std::ifstream in(path);
    std::string text;
    in >> text;
    EXPECT_EQ(text, "whole");
    fs::remove(path);
}

TEST(OutputFiles, UncommittedLeaveNothing) {
    const std::string path = testing::TempDir() + "/superlane_output.vcd";
    std::string temporary;
    {
        OutputFile file(path);
        temporary = file.temporary();
        EXPECT_TRUE(temporary.ends_with(".vcd"));
        file.write("half");
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_FALSE(fs::exists(temporary));
}

TEST(OutputFiles, SignalsRemoveThem) {
    OutputFile file(testing::TempDir() + "/superlane_signal.json");
    remove_temporary_files();
    EXPECT_FALSE(fs::exists(file.temporary()));
}

TEST(OutputFiles, ADeviceIsNotReplaced) {
    OutputFile file("/dev/null");
    file.write("gone");
    file.commit();
    EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Npy, HeaderIsPadded) {
    const std::string bytes = npy_bytes(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
    EXPECT_EQ((bytes.size() - 24) % 64, 0u);
    EXPECT_NE(bytes.find("'shape': (2, 3, )"), std::string::npos);
    EXPECT_THROW(npy_bytes(std::vector<float>{1}, {2}), InternalError);
}

TEST(Results, TheChipComesBack) {
    const models::Chip chip = models::load_chip("mini", {"mem.read=3", "energy.mac_int8_pj=0.25"});
    nlohmann::json result;
    result["chip"] = chip.name;
    result["parameters"] = nlohmann::json::parse(parameters_json(chip).dump());
    const models::Chip back = chip_of(result, "r.json");
    EXPECT_EQ(back.digest(), chip.digest());
    EXPECT_EQ(back.origins, chip.origins);
    EXPECT_EQ(parameters_json(back), parameters_json(chip));
}

TEST(Results, AHazardOfACompiledProgramIsADefect) {
    sim::RunResult run;
    run.cycles = 5;
    EXPECT_NO_THROW(check_run("step", 5, run));
    EXPECT_THROW(check_run("step", 6, run), InternalError);
    run.hazards.emplace_back();
    EXPECT_THROW(check_run("step", 5, run), InternalError);
}

TEST(Metrics, HaveUnitsAndNearestNames) {
    for (const Metric& metric : metrics())
        EXPECT_FALSE(metric.unit.empty() || metric.definition.empty() || metric.formula.empty()) << metric.key;
    try {
        find_metric("cosin");
        FAIL();
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("(nearest: 'cosine')"));
    }
}

TEST(PrefillRows, AreFewerWhereTheModelFitsWithFewerOnlyButNotWhenAskedFor) {
    std::vector<int> tried;
    int fitting = 2;
    const auto make = [&](const compiler::LlamaOptions& options) {
        tried.push_back(options.prefill_rows);
        if (options.prefill_rows > fitting) throw user_error("does not fit with ", options.prefill_rows);
        return options.prefill_rows;
    };
    EXPECT_EQ(with_rows_that_fit({.prefill_rows = 0}, make), 2);
    EXPECT_EQ(tried, (std::vector<int>{8, 4, 2}));
    EXPECT_THROW(with_rows_that_fit({.prefill_rows = 3}, make), UserError);
    fitting = 0;
    EXPECT_THROW(with_rows_that_fit({.prefill_rows = 0}, make), UserError);
    EXPECT_EQ(tried.back(), 1);
}
