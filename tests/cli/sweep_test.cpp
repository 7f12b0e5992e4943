// SPDX-License-Identifier: Apache-2.0
// Design points on the command line, and the way from `superlane sweep` to Python.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using testing::HasSubstr;

namespace {

/// The answers to lines of points.
std::vector<nlohmann::json> answers_to(const std::string& lines, const std::vector<std::string>& options = {}) {
    const Folder folder;
    std::vector<std::string> words = {"evaluate", folder.write("points.jsonl", lines)};
    words.insert(words.end(), options.begin(), options.end());
    const Finished done = run(words);
    EXPECT_EQ(done.code, 0) << done.err;
    std::vector<nlohmann::json> answers;
    std::istringstream text(done.out);
    for (std::string line; std::getline(text, line);) answers.push_back(nlohmann::json::parse(line));
    return answers;
}

const std::string layer = R"("model": "llama-2-7b", "layers": 1, "dtype": "int8", "context": 512)";

}  // namespace

TEST(Sweep, APointIsTheDecodeOfTheSameOptions) {
    const auto answers = answers_to("{" + layer + ", \"mem.read\": 2}\n");
    ASSERT_EQ(answers.size(), 1u);
    const nlohmann::json& metrics = answers[0]["metrics"];
    const Finished decode =
        run({"decode", "llama-2-7b", "--layers", "1", "--dtype", "int8", "--context", "512", "--position", "511",
             "--tokens", "1", "--timing-only", "--set", "mem.read=2", "--json", "-"});
    const auto result = nlohmann::json::parse(decode.out);
    EXPECT_EQ(metrics["cycles_per_token"], result["cycles_per_token"][0]);
    EXPECT_EQ(metrics["tokens_per_second"], result["tokens_per_second"]);
    EXPECT_EQ(metrics["energy_j"], result["energy_j"]);
    const auto cost = nlohmann::json::parse(run({"cost", "chip", "tsp-v1", "--json", "-"}).out);
    EXPECT_EQ(metrics["die_mm2"], cost["area_mm2"]["total"]);
    EXPECT_EQ(metrics["usd_per_hour"], cost["usd_per_hour"]);
}

TEST(Sweep, PricesAreThoseOfAllDevices) {
    const auto answers = answers_to(R"({"model": "llama-2-70b", "gpu": "h100", "tp": 4, "prices": "lamina-v2"})"
                                    "\n{\"system\": 4, \"tp\": 2, \"pp\": 2, \"model\": \"" SUPERLANE_SOURCE_DIR
                                    "/examples/tiny-llama\"}\n");
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_NEAR(answers[0].at("metrics").at("usd_per_hour"), 4 * 11.06, 1e-9);
    ASSERT_TRUE(answers[1].contains("metrics")) << answers[1];
    const auto cost = nlohmann::json::parse(run({"cost", "chip", "tsp-v1", "--json", "-"}).out);
    EXPECT_NEAR(answers[1].at("metrics").at("usd_per_hour"), 4 * cost.at("usd_per_hour").get<double>(), 1e-9);
    EXPECT_NEAR(answers[1].at("metrics").at("area_mm2"), 4 * cost.at("area_mm2").at("total").get<double>(), 1e-6);
}

TEST(Sweep, APointThatCannotBeIsALineLikeTheOthers) {
    const auto answers = answers_to(
        "{" + layer + "}\n{\"batsh\": 1}\nno JSON\n{" + layer + ", \"stream.count\": 7}\n{" + layer +
            ", \"mem.slices_per_hemisphere\": 100, \"stream.count\": 64, \"mxm.planes_per_hemisphere\": 4}\n",
        {"--resolve"});
    ASSERT_EQ(answers.size(), 5u);
    EXPECT_EQ(answers[0]["key"].get<std::string>().size(), 64u);
    EXPECT_FALSE(answers[0].contains("metrics"));
    EXPECT_THAT(answers[1]["error"].get<std::string>(),
                HasSubstr("points.jsonl:2: unknown axis 'batsh' (nearest: 'batch')"));
    EXPECT_THAT(answers[2]["error"].get<std::string>(), HasSubstr("points.jsonl:3"));
    EXPECT_THAT(answers[3]["error"].get<std::string>(), HasSubstr("stream.count"));
    EXPECT_NE(answers[0]["key"], answers[4]["key"]);
}

TEST(Sweep, FourPlanesWantASliceForEachStreamOfTheirWeights) {
    const std::string planes = ", \"stream.count\": 64, \"mxm.planes_per_hemisphere\": 4";
    const auto answers = answers_to("{" + layer + planes + "}\n");
    EXPECT_THAT(answers[0]["error"].get<std::string>(), HasSubstr("76 MEM slices a hemisphere (it has 64, 4, 16, 44)"));
}

TEST(Sweep, AxesAreListedAsTextAndAsJson) {
    EXPECT_THAT(run({"describe", "axes", "tp", "mem.banks"}).out, HasSubstr("mem.banks"));
    const auto axes = nlohmann::json::parse(run({"describe", "axes", "--json", "-"}).out);
    EXPECT_GT(axes.size(), 100u);
    const Finished unknown = run({"describe", "axes", "mem.bank"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("unknown axis 'mem.bank' (nearest: 'mem.banks')"));
}

TEST(Sweep, AMistakeOnItsCommandLineIsNamed) {
    const Finished unknown = run({"sweep", "x.json", "--worker", "2"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("unknown option '--worker' (nearest: '--workers')"));
    EXPECT_EQ(run({"sweep", "x.json", "--workers", "0"}).code, 2);
}
