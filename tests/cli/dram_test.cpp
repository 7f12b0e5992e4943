// SPDX-License-Identifier: Apache-2.0
// Weights in DRAM from the command line: what is refused, and by how much.
#include <gmock/gmock.h>

#include "tests/cli/process.hpp"

using namespace superlane;
using namespace superlane::test;
using testing::AllOf;
using testing::HasSubstr;

TEST(WeightsInDram, Errors) {
    const std::string tiny = "examples/tiny-llama";
    EXPECT_THAT(complaint({"decode", tiny, "--weights", "flash"}), HasSubstr("must be auto, sram or dram"));
    EXPECT_THAT(complaint({"decode", tiny, "--weights", "dram"}), HasSubstr("chip 'tsp-v1' has no DRAM"));
    EXPECT_THAT(complaint({"decode", tiny, "--set", "dram.mib=64"}), HasSubstr("or neither"));
    const auto on_edge = [](const std::string& model, std::vector<std::string> more) {
        std::vector<std::string> all = {"decode", model,      "--chip", "edge",           "--dtype",
                                        "int8",   "--tokens", "1",      "--prefill-rows", "1"};
        all.insert(all.end(), more.begin(), more.end());
        return complaint(all);
    };
    EXPECT_THAT(
        on_edge("llama-3-8b", {"--set", "dram.mib=4096", "--context", "128"}),
        AllOf(HasSubstr("does not fit the DRAM of chip 'edge'"), HasSubstr(" B more than there are (dram.mib)")));
    EXPECT_THAT(
        on_edge("llama-3.2-1b", {"--context", "4096"}),
        AllOf(HasSubstr("keys and values of 4096 tokens take 134217728 B"), HasSubstr("at most 3520 tokens fit")));
    EXPECT_THAT(on_edge("llama-3-8b", {"--context", "640"}),
                AllOf(HasSubstr("keys and values of 640 tokens do not fit the SRAM of chip 'edge'"),
                      HasSubstr("lower the context")));
    EXPECT_THAT(on_edge("gpt-oss-20b", {"--context", "128"}), HasSubstr("must hold them in SRAM"));
    EXPECT_THAT(complaint({"decode", "llama-2-7b", "--system", "tsp-v1-node", "--weights", "dram"}),
                HasSubstr("a system keeps its weights in SRAM"));
}
