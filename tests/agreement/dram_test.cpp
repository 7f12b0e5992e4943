// SPDX-License-Identifier: Apache-2.0
// Weights in DRAM: a chip whose SRAM cannot hold the model gives the values of one that can, in the cycles that were
// scheduled, in both engines.
#include <gmock/gmock.h>

#include "base/error.hpp"
#include "compiler/llama.hpp"
#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

DecodeOptions on_mini(const std::string& dtype, const std::vector<std::string>& overrides) {
    DecodeOptions options = tiny_options(dtype, 2);
    options.context = 64;
    options.keep_logits = true;
    options.chip = models::load_chip("mini", overrides);
    return options;
}

/// 3 MB of SRAM for a model of 3 MB beside its keys, values and tables.
DecodeOptions with_dram(const std::string& dtype, const std::string& channels = "3") {
    return on_mini(dtype, {"dram.channels_per_hemisphere=" + channels, "dram.mib=8", "dram.vector_interval=3",
                           "dram.closed_per_100=30", "mem.words_per_slice=512", "icu.text_words_per_slice=16"});
}

}  // namespace

class Dram : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Types, Dram, testing::Values("fp16", "int8"), [](const auto& info) { return info.param; });

TEST_P(Dram, GivesTheValuesOfSramAndTheReference) {
    const DecodeResult sram = run_decode(on_mini(GetParam(), {}));
    EXPECT_EQ(sram.memory.dram, 0);
    for (const char* channels : {"3", "4"}) {
        DecodeOptions options = with_dram(GetParam(), channels);
        options.weights = "dram";
        options.compare = true;
        const DecodeResult dram = run_decode(options);
        EXPECT_GT(dram.memory.dram, 0);
        EXPECT_EQ(dram.tokens, sram.tokens);
        EXPECT_EQ(dram.logits, sram.logits);
        EXPECT_TRUE(dram.comparison->rounded.tokens_equal());
        EXPECT_GE(dram.decode.dram_read_bytes(options.chip), 2 * dram.weight_bytes);
        EXPECT_GE(dram.mean_cycles(), dram.weight_bound(options.chip));
    }
}

TEST_P(Dram, FastIsKernelAndTimingIsTheSame) {
    DecodeOptions options = with_dram(GetParam());
    options.weights = "dram";
    const DecodeResult fast = run_decode(options);
    options.engine = "kernel";
    EXPECT_EQ(run_decode(options).digest, fast.digest);
    options.engine = "fast";
    options.keep_logits = false;
    options.timing_only = true;
    const DecodeResult timing = run_decode(options);
    EXPECT_EQ(timing.cycles_per_token, fast.cycles_per_token);
    EXPECT_EQ(timing.decode.dram_vectors, fast.decode.dram_vectors);
    EXPECT_EQ(timing.decode.joules, fast.decode.joules);
}

TEST_P(Dram, SchedulesHoldByBruteForceAndGiveTheSameValues) {
    DecodeOptions options = with_dram(GetParam());
    options.weights = "dram";
    const DecodeResult list = run_decode(options);
    options.scheduler = "random:3";
    EXPECT_EQ(run_decode(options).logits, list.logits);
    const compiler::LlamaCompiler compiler(
        options.chip, list.model,
        {.int8 = GetParam() == "int8", .context = 64, .weights_in_dram = true, .embedding = false});
    compiler.verify({{.position = 7, .logits = true}});
}

TEST(DramChoice, IsMadeWhenSramIsTooSmall) {
    EXPECT_GT(run_decode(with_dram("fp16")).memory.dram, 0);
    EXPECT_EQ(run_decode(with_dram("int8")).memory.dram, 0);  // half of the bytes
    DecodeOptions options = with_dram("fp16");
    options.weights = "sram";
    EXPECT_THROW(run_decode(options), UserError);
}

TEST(DramChoice, TwiceTheBandwidthIsNearlyTwiceAsFast) {
    DecodeOptions options = with_dram("fp16", "2");
    options.weights = "dram";
    const double slow = run_decode(options).mean_cycles();
    options.chip.timing.dram_vector_interval = 6;
    EXPECT_GT(run_decode(options).mean_cycles(), 1.5 * slow);
}
