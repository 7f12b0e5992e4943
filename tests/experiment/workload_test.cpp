// SPDX-License-Identifier: Apache-2.0
// Workload files: read, refused with a clear line, saved and read again; traces of steps against decodes.
#include "experiment/workload.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "models/calibration.hpp"

using namespace superlane;
using namespace superlane::experiment;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

const std::string tiny = std::string(SUPERLANE_SOURCE_DIR) + "/examples/tiny-llama";

class Workloads : public testing::Test {
protected:
    Workloads() : folder_(fs::path(testing::TempDir()) / ("superlane_workloads_" + std::to_string(getpid()))) {
        fs::create_directories(folder_);
    }
    ~Workloads() override { fs::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    std::string complaint(const std::string& text) const {
        try {
            read_workload(write("w.json", text));
        } catch (const UserError& error) {
            return error.what();
        }
        ADD_FAILURE() << "taken: " << text;
        return "";
    }
    std::string complaint_of_steps(const std::string& lines) const {
        write("t.jsonl", lines);
        return complaint(R"({"workload": 1, "model": "llama-2-7b", "steps": "t.jsonl"})");
    }
    fs::path folder_;
};

StepsOptions trace(std::vector<TraceStep> steps, const std::string& dtype = "fp16") {
    return {.decode = {.model = tiny, .dtype = dtype, .chip = models::load_chip("tsp-v1")},
            .steps_file = "t",
            .steps = std::move(steps)};
}

}  // namespace

TEST_F(Workloads, EveryOneThatShipsIsRead) {
    int found = 0;
    for (const auto& entry : fs::directory_iterator(std::string(SUPERLANE_SOURCE_DIR) + "/workloads")) {
        if (entry.path().extension() != ".json") continue;
        EXPECT_NO_THROW(read_workload(entry.path().string())) << entry.path();
        ++found;
    }
    EXPECT_GE(found, 5);
}

TEST_F(Workloads, OptionsArriveAndPathsStartAtTheFile) {
    fs::create_directories(folder_ / "model");
    const auto options = std::get<DecodeOptions>(read_workload(write("d.json", R"({"workload": 1, "model": "model",
        "parameters": {"mem.read": 3}, "dtype": "int8", "split": {"tp": 1}, "system": "single",
        "options": {"engine": "kernel", "scheduler": "random:4", "timing_only": true, "compare": false, "layers": 2,
                    "context": 99, "prefill_rows": 5, "calibrated": true},
        "decode": {"prompt_ids": [[1, 2], [3]], "tokens": 7, "batch": 2}})")));
    EXPECT_EQ(options.model, (folder_ / "model").string());
    EXPECT_EQ(options.chip.timing.mem_read, 3);
    EXPECT_EQ(options.dtype, "int8");
    EXPECT_EQ(options.engine, "kernel");
    EXPECT_EQ(options.scheduler, "random:4");
    EXPECT_TRUE(options.timing_only && options.calibrated && !options.compare);
    EXPECT_EQ(options.layers, 2);
    EXPECT_EQ(options.context, 99);
    EXPECT_EQ(options.prefill_rows, 5);
    EXPECT_EQ(options.prompt_ids, (std::vector<std::vector<int>>{{1, 2}, {3}}));
    EXPECT_EQ(options.tokens, 7);
    EXPECT_EQ(options.batch, 2);
}

TEST_F(Workloads, MistakesAreNamed) {
    const std::string head = R"({"workload": 1, "model": "llama-2-7b", )";
    EXPECT_THAT(complaint(R"({"workload": 2})"), HasSubstr("w.json: key 'workload': 2 is out of range"));
    EXPECT_THAT(complaint(head + R"("decod": {}})"), HasSubstr("unknown key 'decod'"));
    EXPECT_THAT(complaint(head + R"("decod": {}})"), HasSubstr("(nearest: 'decode')"));
    EXPECT_THAT(complaint(head + R"("dtype": "int8"})"), HasSubstr("exactly one of 'decode', 'steps' and 'gemm'"));
    EXPECT_THAT(complaint(head + R"("dtype": "int9", "decode": {}})"), HasSubstr("allowed: fp16, int8"));
    EXPECT_THAT(complaint(head + R"("decode": {"token": 3}})"), HasSubstr("w.json: decode: unknown key 'token'"));
    EXPECT_THAT(complaint(head + R"("decode": {"tokens": 0}})"), HasSubstr("allowed: 1 to 1000000"));
    EXPECT_THAT(complaint(head + R"("decode": {"prompts": "x"}})"), HasSubstr("must be a list of strings"));
    EXPECT_THAT(complaint(head + R"("decode": {}, "options": {"scheduler": "lst"}})"),
                AllOf(HasSubstr("w.json: options: key 'scheduler'"), HasSubstr("(nearest: 'list')")));
    EXPECT_THAT(complaint(head + R"("decode": {}, "chip": "tsp-v2"})"),
                AllOf(HasSubstr("w.json: key 'chip'"), HasSubstr("(nearest: 'tsp-v1')")));
    EXPECT_THAT(complaint(head + R"("decode": {}, "parameters": {"mem.reed": 1}})"),
                HasSubstr("(nearest: 'mem.read')"));
    EXPECT_THAT(complaint(R"({"workload": 1, "model": "llama-2-7c", "decode": {}})"), HasSubstr("llama-2-7b"));
    EXPECT_THAT(complaint(head + R"("gemm": {"m": 1, "k": 1, "n": 1}})"), HasSubstr("has no place beside 'gemm'"));
    EXPECT_THAT(complaint(head + "\n\"decode\" {}}"), HasSubstr("w.json: not JSON at line 2"));
}

TEST_F(Workloads, SystemsArrive) {
    const auto options = std::get<DecodeOptions>(read_workload(write("d.json", R"({"workload": 1,
        "model": "llama-2-7b", "system": "24", "parameters": {"mem.read": 3}, "split": {"tp": 8, "pp": 2},
        "options": {"exchange": "fp32", "embedding": "chip", "dead": [9], "link_errors": ["0:1:2:3"]},
        "decode": {"position": 9, "tokens": 1}})")));
    EXPECT_EQ(options.system->chips, 16);
    EXPECT_EQ(options.chip.timing.mem_read, 3);
    EXPECT_EQ(options.system->chip.timing.mem_read, 3);
    EXPECT_EQ(options.split, (Split{8, 2}));
    EXPECT_TRUE(options.wide_exchange && !options.host_embedding);
    EXPECT_EQ(options.dead_nodes, std::vector<int>{1});
    EXPECT_EQ(options.chip_numbers[8], 16);
    EXPECT_EQ(options.link_errors, std::vector<std::string>{"0:1:2:3"});

    const std::string file = (folder_ / "again.json").string();
    write("again.json", workload_json(options, {}, file).dump());
    const auto again = std::get<DecodeOptions>(read_workload(file));
    EXPECT_EQ(to_json(again), to_json(options));
    const auto result = nlohmann::json::parse(Json{
        {"configuration", to_json(options)}, {"chip", options.chip.name}, {"parameters", parameters_json(options.chip)}}
                                                  .dump());
    EXPECT_EQ(to_json(decode_options(result, "r.json")), to_json(options));
}

TEST_F(Workloads, SystemsAreNotForProductsAndChecked) {
    const std::string head = R"({"workload": 1, "model": "llama-2-7b", "decode": {}, )";
    const std::string product = R"({"workload": 1, "gemm": {"m": 1, "k": 1, "n": 1}, )";
    EXPECT_THAT(complaint(product + R"("system": "tsp-v1-576"})"),
                HasSubstr("key 'system': 'tsp-v1-576': a product runs on one chip"));
    EXPECT_THAT(complaint(product + R"("split": {"tp": 2, "pp": 4}})"), HasSubstr("tp 2: a product"));
    EXPECT_THAT(complaint(head + R"("system": "tsp-v1-57"})"),
                AllOf(HasSubstr("w.json: key 'system'"), HasSubstr("(nearest: 'tsp-v1-576')")));
    EXPECT_THAT(complaint(head + R"("options": {"dead": [1]}})"), HasSubstr("a dead chip needs a system"));
    EXPECT_THAT(complaint(head + R"("options": {"exchange": "fp8"}, "system": "8"})"),
                HasSubstr("allowed: fp16, fp32"));
    EXPECT_THAT(complaint(head + R"("options": {"exchange": "fp32"}})"),
                HasSubstr("options: key 'exchange': \"fp32\" needs 'system'"));
    EXPECT_THAT(complaint(head + R"("options": {"embedding": "host"}, "system": "single"})"), HasSubstr("'embedding'"));
    EXPECT_THAT(complaint(head + R"("split": {"tp": 0}})"), HasSubstr("split: key 'tp': 0 is out of range"));
    EXPECT_THAT(complaint(head + R"("split": {"dp": 2}})"), HasSubstr("unknown key 'dp'"));
    EXPECT_THAT(complaint(head + R"("system": "single", "chip": "tsp-v1"})"), HasSubstr("exclude each other"));
}

TEST_F(Workloads, TracesNameTheLine) {
    const std::string good = R"({"batch": 1, "contexts": [4]})"
                             "\n\n";
    EXPECT_THAT(complaint_of_steps(good + R"({"batch": 1, "contexts": [4])"), HasSubstr("t.jsonl: line 3: not JSON"));
    EXPECT_THAT(complaint_of_steps(good + R"({"batch": 2, "contexts": [4]})"),
                HasSubstr("line 3: key 'contexts': [4] has 1 entries, 'batch' is 2"));
    EXPECT_THAT(complaint_of_steps(R"({"batch": 1, "contexts": [-4]})"), HasSubstr("integers from 0"));
    EXPECT_THAT(complaint_of_steps(R"({"batch": 1, "contexts": [4], "new_tokens": [0]})"), HasSubstr("from 1"));
    EXPECT_THAT(complaint_of_steps(R"({"batch": 1, "context": [4]})"), HasSubstr("(nearest: 'contexts')"));
    EXPECT_THAT(complaint_of_steps("\n"), HasSubstr("t.jsonl: no steps"));
    EXPECT_THAT(complaint(R"({"workload": 1, "model": "llama-2-7b", "steps": "none.jsonl"})"),
                HasSubstr("none.jsonl: cannot be read"));
    try {
        run_steps(trace({{{2000}, {1}, 7}}));
        FAIL();
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), HasSubstr("line 7: a request takes 2001 positions, the model has at most 1024"));
    }
}

TEST_F(Workloads, SpeculationArrives) {
    const std::string head = R"({"workload": 1, "model": "llama-2-7b", "decode": {"speculation": )";
    const auto options = std::get<DecodeOptions>(read_workload(write(
        "w.json", head + R"({"draft": "llama-2-7b", "tokens": 4, "dtype": "int8", "acceptance": 0.75, "seed": 3}}})")));
    const SpeculationOptions expected{"llama-2-7b", 4, "int8", 0.75, 3};
    EXPECT_EQ(options.speculation, expected);
    const std::string file = (folder_ / "again.json").string();
    write("again.json", workload_json(options, {"tsp-v1", {}}, file).dump());
    EXPECT_EQ(std::get<DecodeOptions>(read_workload(file)).speculation, expected);
    EXPECT_THAT(complaint(head + R"({"draft": "llama-2-7b", "tokens": 0}}})"),
                HasSubstr("w.json: decode: speculation: key 'tokens': 0 is out of range"));
    EXPECT_THAT(complaint(head + R"({"draft": "llama-2-7c", "tokens": 1}}})"), HasSubstr("(nearest: 'llama-2-7b')"));
    EXPECT_THAT(complaint(head + R"({"model": "llama-2-7b", "tokens": 1}}})"), HasSubstr("unknown key 'model'"));
}

TEST_F(Workloads, SavedOnesAreReadAgain) {
    DecodeOptions options{.model = tiny, .prompts = {"The "}, .tokens = 3, .dtype = "int8"};
    options.calibrated = true;
    const ChipChoice chip{"tsp-v1", {"mem.read=2", "chip.clock.mhz=850.5"}};
    options.chip = models::load_chip(chip.name, chip.overrides);
    const std::string file = (folder_ / "saved.json").string();
    write("saved.json", workload_json(options, chip, file).dump());
    const auto again = std::get<DecodeOptions>(read_workload(file));
    EXPECT_TRUE(fs::equivalent(again.model, tiny));
    Json expected = to_json(options), got = to_json(again);
    got["model"] = expected["model"];
    EXPECT_EQ(got, expected);
    EXPECT_EQ(parameters_json(again.chip), parameters_json(options.chip));

    const GemmOptions product{.m = 2, .k = 30, .n = 40, .dtype = "fp16", .chip = models::load_chip("mini"), .seed = 9};
    write("gemm.json", workload_json(product, {"mini", {}}, (folder_ / "gemm.json").string()).dump());
    EXPECT_EQ(to_json(std::get<GemmOptions>(read_workload((folder_ / "gemm.json").string()))), to_json(product));
}

// A trace that repeats a decode step by step takes the decode's cycles.
TEST_F(Workloads, ATraceOfADecodeTakesItsCycles) {
    for (const char* dtype : {"fp16", "int8"}) {
        DecodeOptions decode{.model = tiny,
                             .prompt_ids = {{1, 2, 3, 4, 5, 6}},
                             .tokens = 3,
                             .dtype = dtype,
                             .chip = models::load_chip("tsp-v1"),
                             .timing_only = true};
        decode.context = 64;
        const DecodeResult whole = run_decode(decode);
        StepsOptions steps = trace({{{0}, {5}, 1}, {{5}, {1}, 2}, {{6}, {1}, 3}, {{7}, {1}, 4}}, dtype);
        steps.decode.context = 64;
        const StepsResult parts = run_steps(steps);
        for (size_t i = 0; i < 3; ++i) EXPECT_EQ(parts.steps[i + 1].cycles, whole.cycles_per_token[i]) << dtype << i;
        EXPECT_GE(parts.steps[0].cycles, whole.prefill_cycles) << "the trace's prefill also runs the head";
        EXPECT_EQ(parts.new_tokens, 8);
    }
}

// The same on two chips, with the host's part of every step.
TEST_F(Workloads, ATraceOfADecodeOnASystemTakesItsCycles) {
    DecodeOptions decode{.model = tiny, .prompt_ids = {{1, 2, 3}}, .tokens = 2, .context = 64, .timing_only = true};
    decode.take_system({.name = "2"});
    decode.split = {2, 1};
    const DecodeResult whole = run_decode(decode);
    write("t.jsonl", R"({"batch": 1, "contexts": [2]})"
                     "\n"
                     R"({"batch": 1, "contexts": [3]})");
    const auto steps = std::get<StepsOptions>(read_workload(write(
        "w.json", R"({"workload": 1, "model": ")" + tiny + R"(", "system": "2", "split": {"tp": 2}, "dtype": "fp16",
                     "options": {"context": 64}, "steps": "t.jsonl"})")));
    const StepsResult parts = run_steps(steps);
    EXPECT_EQ(parts.chips, 2);
    EXPECT_EQ(parts.split, (Split{2, 1, 1, 1, 1}));
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(parts.steps[i].cycles, whole.cycles_per_token[i]);
        EXPECT_DOUBLE_EQ(parts.steps[i].host_us, whole.system->host_us);
    }
    const auto json = nlohmann::json::parse(result_json(steps, parts, {"run", "w.json"}).dump());
    EXPECT_EQ(run_steps(steps_options(json, "r.json")).digest, parts.digest);
}

TEST_F(Workloads, EqualStepsAreSimulatedOnceAndCountedTwice) {
    const StepsResult once = run_steps(trace({{{9}, {1}, 1}}));
    const StepsResult twice = run_steps(trace({{{9}, {1}, 1}, {{9}, {1}, 2}}));
    EXPECT_EQ(twice.distinct_programs, 1);
    EXPECT_EQ(twice.usage.cycles, 2 * once.usage.cycles);
    EXPECT_EQ(twice.usage.vectors_read, 2 * once.usage.vectors_read);
    EXPECT_NE(twice.digest, once.digest);
    int64_t operators = 0;
    for (const OperatorCycles& one : twice.operators) operators += one.cycles;
    EXPECT_EQ(operators, twice.usage.cycles);
}

TEST_F(Workloads, LongPromptsTakeSeveralPrograms) {
    StepsOptions options = trace({{{0, 3}, {20, 1}, 1}});
    options.decode.prefill_rows = 8;
    const StepsResult result = run_steps(options);
    EXPECT_EQ(result.steps[0].programs, 3);
    EXPECT_EQ(result.new_tokens, 21);
    const auto json = nlohmann::json::parse(result_json(options, result, {"run", "t.json"}).dump());
    EXPECT_EQ(run_steps(steps_options(json, "r.json")).digest, result.digest);
}

TEST(Calibration, TheFileHoldsWhatItsPointsGive) {
    const models::Calibration calibration = models::load_calibration();
    EXPECT_NEAR(calibration.overhead_us_per_layer, calibration.fitted_us_per_layer(), 0.01);
    for (const auto& point : calibration.points) EXPECT_NEAR(point.deployed_us_per_layer(), 41.7, 0.05) << point.model;
}

TEST(Calibration, IsReportedBesideTheSchedule) {
    DecodeOptions options{.model = tiny, .tokens = 1, .chip = models::load_chip("tsp-v1"), .timing_only = true};
    const DecodeResult plain = run_decode(options);
    options.calibrated = true;
    const DecodeResult result = run_decode(options);
    EXPECT_FALSE(plain.calibrated.has_value());
    EXPECT_EQ(result.digest, plain.digest);
    EXPECT_EQ(result.cycles_per_token, plain.cycles_per_token);
    const double step_s = 1 / plain.tokens_per_second(options.chip);
    EXPECT_NEAR(1 / result.calibrated->tokens_per_second,
                step_s + 1e-6 * result.model.layers * models::load_calibration().overhead_us_per_layer, 1e-12);
}
