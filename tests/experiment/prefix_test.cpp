// SPDX-License-Identifier: Apache-2.0
// A cached prefix from host memory: its bytes by chip, its time, and what it saves.
#include "experiment/prefix.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "experiment/decode.hpp"

using namespace superlane;
using namespace superlane::experiment;
using testing::HasSubstr;

namespace {

const std::string tiny_llama = std::string(SUPERLANE_SOURCE_DIR) + "/examples/tiny-llama";

DecodeOptions tiny_decode(int kv_from_host) {
    DecodeOptions options{.model = tiny_llama, .prompt_ids = {{1, 2, 3, 4, 5, 6}}, .tokens = 1, .timing_only = true};
    options.chip = models::load_chip("tsp-v1");
    options.context = 64;
    options.kv_from_host = kv_from_host;
    return options;
}

std::string complaint(const DecodeOptions& options) {
    try {
        run_decode(options);
    } catch (const UserError& error) {
        return error.what();
    }
    ADD_FAILURE() << "taken";
    return "";
}

}  // namespace

TEST(Prefix, TakesALatencyAndTheBytesOfTheFullestChip) {
    models::System host;
    host.pcie_latency_us = 7;
    host.pcie_gbytes_per_s = 20;
    const PrefixFigures figures = prefix_from_host(host, {1000, 250}, 4000, 3);
    EXPECT_EQ(figures.bytes, 12'000'000);
    EXPECT_EQ(figures.bytes_fullest_chip, 3'000'000);
    EXPECT_DOUBLE_EQ(figures.us, 7 + 150);
}

TEST(Prefix, IsNotPrefilled) {
    const DecodeResult none = run_decode(tiny_decode(0)), some = run_decode(tiny_decode(2)),
                       all = run_decode(tiny_decode(5));
    EXPECT_FALSE(none.prefix.has_value());
    EXPECT_LT(some.prefill_cycles, none.prefill_cycles);
    EXPECT_GT(some.prefill_cycles, 0);
    EXPECT_EQ(all.prefill_cycles, 0);
    EXPECT_EQ(all.cycles_per_token, none.cycles_per_token);
    EXPECT_NE(all.digest, none.digest);
    EXPECT_EQ(all.prefix->bytes, 5 * 5 * 2 * 2 * 28 * 2) << "tokens, layers, keys and values, heads, dimensions, bytes";
    EXPECT_DOUBLE_EQ(all.prefix->us, 10 + double(all.prefix->bytes) / 24e3);
}

// Two KV heads on two chips, five layers in two stages of attentions: 3 and 2, or 2 and 3.
TEST(Prefix, IsDividedAsTheModelIs) {
    DecodeOptions options = tiny_decode(5);
    options.take_system({.name = "4"});
    options.split = {2, 2};
    const PrefixFigures figures = *run_decode(options).prefix;
    EXPECT_EQ(figures.bytes, 5 * 5 * 2 * 2 * 28 * 2);
    EXPECT_EQ(figures.bytes_fullest_chip, 5 * 3 * 2 * 1 * 28 * 2);
}

TEST(Prefix, RefusesWhatMakesNoSense) {
    EXPECT_THAT(complaint(tiny_decode(6)), HasSubstr("--kv-from-host 6: request 0 has 5 tokens before the one"));
    EXPECT_THAT(complaint(tiny_decode(-1)), HasSubstr("--kv-from-host -1: must be from 0"));
    DecodeOptions options = tiny_decode(3);
    options.timing_only = false;
    EXPECT_THAT(complaint(options), HasSubstr("--kv-from-host needs --timing-only"));
}
