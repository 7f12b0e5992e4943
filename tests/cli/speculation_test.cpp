// SPDX-License-Identifier: Apache-2.0
// Speculation and cached prefixes as a user runs them.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cli/process.hpp"

using namespace superlane::test;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

namespace {

const std::string speculating_model = "examples/tiny-llama";

}  // namespace

TEST(Speculating, IsReportedSavedAndRepeated) {
    Folder folder;
    const std::string saved = folder / "w.json", first = folder / "a.json", second = folder / "b.json";
    const Finished decode = run({"decode", speculating_model, "--draft", speculating_model, "--speculate", "2",
                                 "--draft-dtype", "int8", "--acceptance", "0.5", "--acceptance-seed", "4",
                                 "--timing-only", "--tokens", "5", "--save-workload", saved, "--json", first});
    ASSERT_EQ(decode.code, 0) << decode.err;
    EXPECT_THAT(decode.out, AllOf(HasSubstr("proposals accepted ("), HasSubstr(" times as fast")));
    const json figures = json::parse(slurp(first))["speculation"];
    EXPECT_EQ(figures["accepted"].get<int>() + figures["verifications"].get<int>(), 5);
    EXPECT_DOUBLE_EQ(figures["speedup"].get<double>(),
                     figures["plain_us_per_token"].get<double>() / figures["speculative_us_per_token"].get<double>());
    ASSERT_EQ(run({"run", saved, "--json", second}).code, 0);
    EXPECT_EQ(json::parse(slurp(second))["speculation"]["accepted_by_verification"],
              figures["accepted_by_verification"]);
    EXPECT_THAT(run({"rerun", second}).out, HasSubstr("same digest: "));
}

TEST(Speculating, MistakesAreOneLine) {
    EXPECT_THAT(complaint({"decode", speculating_model, "--speculate", "2"}), HasSubstr("need --draft"));
    EXPECT_THAT(complaint({"decode", speculating_model, "--draft", "llama-2-7c", "--speculate", "2"}),
                HasSubstr("(nearest: 'llama-2-7b')"));
    EXPECT_THAT(complaint({"decode", speculating_model, "--draft", speculating_model, "--speculate", "0"}),
                HasSubstr("--speculate"));
}

TEST(Speculating, APrefixFromTheHostIsReported) {
    const Finished decode = run({"decode", speculating_model, "--timing-only", "--tokens", "1", "--prompt-ids",
                                 "1,2,3,4,5,6", "--kv-from-host", "5", "--json", "-"});
    ASSERT_EQ(decode.code, 0) << decode.err;
    const json result = json::parse(decode.out);
    EXPECT_EQ(result["kv_from_host"]["tokens"], 5);
    EXPECT_EQ(result["prefill_cycles"], 0);
}
