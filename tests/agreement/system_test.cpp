// SPDX-License-Identifier: Apache-2.0
// A model on 1 to 24 chips, by tensor and by pipeline parallelism: the reference's tokens whatever the split, and equal
// results whatever engine, threads and sharing.
#include "base/error.hpp"
#include "tests/agreement/system_support.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

struct SystemCase {
    int chips, tp, pp;
    const char* dtype = "fp16";
    bool wide = false, host = true;
    int kv_heads = 8, batch = 1;
};

std::string system_case_name(const testing::TestParamInfo<SystemCase>& info) {
    const SystemCase& s = info.param;
    return std::to_string(s.chips) + "ChipsTp" + std::to_string(s.tp) + "Pp" + std::to_string(s.pp) + s.dtype +
           (s.wide ? "Wide" : "") + (s.host ? "" : "Table") + "Kv" + std::to_string(s.kv_heads) + "Batch" +
           std::to_string(s.batch);
}

void expect_reference(const SystemCase& s) {
    const RandomModel model(eight_heads(s.kv_heads), uint64_t(s.chips + s.tp));
    DecodeOptions options = on_system(model, s.chips, s.tp, s.pp);
    options.dtype = s.dtype;
    options.wide_exchange = s.wide;
    options.host_embedding = s.host;
    if (s.batch == 2) options.prompt_ids.push_back({2, 7, 1});
    options.compare = true;
    const DecodeResult result = run_decode(options);
    EXPECT_EQ(result.tokens.size(), size_t(s.batch));
    EXPECT_EQ(result.system->split, (Split{s.tp, s.pp, 1, 1, 1}));
    if (options.dtype == "fp16") {
        EXPECT_TRUE(result.comparison->rounded.tokens_equal());
        EXPECT_LE(result.comparison->rounded.max_relative_difference, 1e-2);
    } else {
        EXPECT_GE(result.comparison->rounded.cosine, 0.99);
        EXPECT_GE(result.comparison->exact.mean_cosine(), 0.99);
    }
}

}  // namespace

class Splits : public testing::TestWithParam<SystemCase> {};
INSTANTIATE_TEST_SUITE_P(Systems, Splits,
                         testing::Values(SystemCase{1, 1, 1}, SystemCase{2, 2, 1}, SystemCase{2, 1, 2, "int8"},
                                         SystemCase{4, 2, 2, "fp16", true, false},
                                         SystemCase{4, 4, 1, "int8", false, false, 2, 2},
                                         SystemCase{8, 8, 1, "fp16", false, true, 2},
                                         SystemCase{8, 4, 2, "fp16", true, true, 8, 2}, SystemCase{16, 8, 2}),
                         system_case_name);
TEST_P(Splits, GiveTheReferencesTokens) { expect_reference(GetParam()); }

class SlowSplits : public testing::TestWithParam<SystemCase> {};
INSTANTIATE_TEST_SUITE_P(
    Systems, SlowSplits,
    testing::Values(SystemCase{8, 1, 6}, SystemCase{8, 2, 4, "int8", true}, SystemCase{8, 8, 1, "int8", true},
                    SystemCase{8, 8, 1, "fp16", true, false, 2, 2}, SystemCase{24, 8, 3, "int8", false, true, 2},
                    SystemCase{24, 8, 3, "fp16", true, false, 8, 2}, SystemCase{24, 4, 5, "fp16", false, true, 2},
                    SystemCase{16, 2, 6}, SystemCase{16, 8, 2, "int8", true, false, 2, 2}),
    system_case_name);
TEST_P(SlowSplits, GiveTheReferencesTokens) { expect_reference(GetParam()); }

class OneDecode : public testing::Test {
protected:
    RandomModel model_{eight_heads(2), 5};
    DecodeOptions options_ = on_system(model_, 4, 2, 2);
};

TEST_F(OneDecode, FastIsKernel) {
    const DecodeResult fast = run_decode(options_);
    options_.engine = "kernel";
    const DecodeResult kernel = run_decode(options_);
    EXPECT_EQ(fast.digest, kernel.digest);
    EXPECT_EQ(fast.decode.vectors_read, kernel.decode.vectors_read);
}

TEST_F(OneDecode, TimingOnlyTakesTheSameCyclesSharedOrNot) {
    const DecodeResult values = run_decode(options_);
    options_.timing_only = true;
    const DecodeResult shared = run_decode(options_);
    EXPECT_EQ(values.prefill_cycles, shared.prefill_cycles);
    EXPECT_EQ(values.cycles_per_token, shared.cycles_per_token);
    EXPECT_EQ(values.operators, shared.operators);
    EXPECT_EQ(values.system->c2c_bytes, shared.system->c2c_bytes);
    options_.share = false;
    options_.threads = 2;
    EXPECT_EQ(run_decode(options_).digest, shared.digest);
}

TEST_F(OneDecode, ThreadsChangeNothing) {
    const std::string one = run_decode(options_).digest;
    for (const int threads : {2, 3}) {
        options_.threads = threads;
        EXPECT_EQ(run_decode(options_).digest, one) << threads;
    }
}

TEST_F(OneDecode, OperatorsAddUpToTheTokensWay) {
    const DecodeResult result = run_decode(options_);
    int64_t cycles = 0;
    for (const OperatorCycles& one : result.operators) cycles += one.cycles;
    EXPECT_EQ(cycles, result.cycles_per_token[0] + result.cycles_per_token[1]);
    int64_t kinds = 0;
    for (const OperatorCycles& kind : kind_totals(result.operators)) {
        EXPECT_GT(kind.cycles, 0) << kind.name;
        kinds += kind.cycles;
    }
    EXPECT_EQ(kinds, cycles);
}

TEST(Systems, WithoutASplitTheModelStandsWhereATokenIsFastest) {
    const RandomModel model(eight_heads(8), 6);
    DecodeOptions options = on_system(model, 8, 0, 0, 1);
    options.timing_only = true;
    const DecodeResult chosen = run_decode(options);
    for (const int tp : {1, 2, 4, 8}) {
        options.split = {tp, 0};
        EXPECT_LE(chosen.cycles_per_token[0], run_decode(options).cycles_per_token[0]) << tp;
    }
}
