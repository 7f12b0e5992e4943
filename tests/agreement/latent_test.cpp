// SPDX-License-Identifier: Apache-2.0
// Latent attention (MLA) against the reference executor: small random models, one chip and a group of two.
#include <cmath>

#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

/// Half of the latent row, a head and a result vector never end where a vector ends.
LlmConfig latent_shape(bool query_row) {
    LlmConfig model;
    model.name = query_row ? "latent-query-row" : "latent";
    model.family = "deepseek_v3";
    model.layers = 2;
    model.hidden = 352;
    model.heads = model.kv_heads = 4;
    model.mla = {.kv_lora = 360, .q_lora = query_row ? 336 : 0, .rope_dim = 24, .nope_dim = 40, .v_dim = 88};
    model.head_dim = 64;
    model.ffn = 200;
    model.vocabulary = 300;
    model.max_position = 1024;
    model.rms_norm_eps = 0.5;  // the norms of latent rows have an epsilon of their own
    model.rope.interleaved = query_row;
    model.rope.theta = 1000;
    model.moe = {.experts = 4,
                 .active = 2,
                 .ffn = 16,
                 .first_dense_layers = 2,
                 .score = RouterScore::sigmoid,
                 .normalise = true,
                 .correction_bias = true,
                 .groups = 2,
                 .active_groups = 1};
    return model;
}

class LatentModel {
public:
    explicit LatentModel(const LlmConfig& model) : shape(model) {
        folder_ =
            std::filesystem::path(testing::TempDir()) / ("superlane_" + shape.name + "_" + std::to_string(getpid()));
        save_checkpoint(shape, random_weights(shape, 5), folder_);
    }
    ~LatentModel() { std::filesystem::remove_all(folder_); }
    std::string directory() const { return folder_.string(); }
    const LlmConfig shape;

private:
    std::filesystem::path folder_;
};

DecodeOptions latent_options(const LatentModel& model, const std::string& dtype) {
    DecodeOptions options = tiny_options(dtype, 4);
    options.model = model.directory();
    options.prompts.clear();
    options.prompt_ids = {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3}};
    return options;
}

}  // namespace

class Latent : public testing::TestWithParam<std::tuple<std::string, bool>> {
protected:
    Latent() : model_(latent_shape(std::get<1>(GetParam()))) {
        options_ = latent_options(model_, std::get<0>(GetParam()));
    }
    void expect_agreement() {
        options_.compare = true;
        const DecodeResult result = run_decode(options_);
        const Comparison& comparison = *result.comparison;
        RecordProperty("cosine", std::to_string(comparison.rounded.cosine));
        RecordProperty("max_relative_difference", std::to_string(comparison.rounded.max_relative_difference));
        EXPECT_TRUE(comparison.rounded.tokens_equal());
        if (options_.dtype == "fp16") {
            EXPECT_LE(comparison.rounded.max_relative_difference, 1e-2);
        } else {
            EXPECT_GE(comparison.rounded.cosine, 0.999);
        }
    }
    LatentModel model_;
    DecodeOptions options_;
};
std::string latent_case_name(const testing::TestParamInfo<std::tuple<std::string, bool>>& info) {
    return std::get<0>(info.param) + (std::get<1>(info.param) ? "QueryRow" : "");
}
INSTANTIATE_TEST_SUITE_P(Types, Latent, testing::Combine(testing::Values("fp16", "int8"), testing::Bool()),
                         latent_case_name);

TEST_P(Latent, AgreesWithTheReference) { expect_agreement(); }

TEST_P(Latent, AgreesOnGroupsOfChips) {
    for (const int chips : {2, 4}) {
        SCOPED_TRACE(chips);
        options_.system = models::one_node(options_.chip, chips);
        options_.split = {chips, 1};
        expect_agreement();
    }
}

TEST_P(Latent, ABatchDecodesEachAsAlone) {
    options_.prompt_ids = {{3, 1, 4}, {2, 7, 1, 8, 2, 8}};
    const DecodeResult batch = run_decode(options_);
    for (size_t r = 0; r < 2; ++r) {
        DecodeOptions alone = options_;
        alone.prompt_ids = {options_.prompt_ids[r]};
        EXPECT_EQ(batch.tokens[r], run_decode(alone).tokens[0]);
    }
}

TEST_P(Latent, FastIsKernelAndTimingIsValues) {
    options_.tokens = 2;
    options_.prompt_ids[0].resize(5);
    const DecodeResult fast = run_decode(options_);
    options_.engine = "kernel";
    EXPECT_EQ(fast.digest, run_decode(options_).digest);
    options_.engine = "fast";
    options_.timing_only = true;
    const DecodeResult timing = run_decode(options_);
    EXPECT_EQ(fast.prefill_cycles, timing.prefill_cycles);
    EXPECT_EQ(fast.cycles_per_token, timing.cycles_per_token);
}

TEST_P(Latent, PrefillIsStepByStep) {
    options_.keep_logits = true;
    const DecodeResult wide = run_decode(options_);
    options_.prefill_rows = 1;
    EXPECT_EQ(wide.logits, run_decode(options_).logits);
}

using SlowLatent = Latent;
INSTANTIATE_TEST_SUITE_P(Types, SlowLatent, testing::Combine(testing::Values("fp16", "int8"), testing::Bool()),
                         latent_case_name);

TEST_P(SlowLatent, AgreesPastTheFirstPage) {
    options_.prompt_ids = {std::vector<int>(330)};
    for (size_t i = 0; i < 330; ++i) options_.prompt_ids[0][i] = int(i * i % 299);
    options_.tokens = 2;
    expect_agreement();
}

TEST(LatentShapes, AgreeOnASmallChip) {
    LlmConfig shape = latent_shape(true);
    shape.name += "-small";
    shape.hidden = 100;
    shape.mla = {.kv_lora = 80, .q_lora = 70, .rope_dim = 12, .nope_dim = 24, .v_dim = 20};
    shape.head_dim = 36;
    const LatentModel model(shape);
    for (const char* dtype : {"fp16", "int8"}) {
        DecodeOptions options = latent_options(model, dtype);
        options.chip = models::load_chip("mini");
        options.compare = true;
        const DecodeResult result = run_decode(options);
        EXPECT_TRUE(result.comparison->rounded.tokens_equal()) << dtype;
        EXPECT_GE(result.comparison->rounded.cosine, 0.999) << dtype;
    }
}

/// Agreement with the reference could see a wrong RoPE: the logits of this model depend on it.
TEST(LatentShapes, PositionsMatter) {
    const LlmConfig shape = latent_shape(true);
    LlmConfig other = shape;
    other.name += "-other";
    other.rope.interleaved = false;
    std::vector<std::vector<float>> logits;
    for (const LlmConfig& config : {shape, other}) {
        const LatentModel model(config);
        DecodeOptions options = latent_options(model, "fp16");
        options.keep_logits = true;
        logits.push_back(run_decode(options).logits);
    }
    float top = 0, difference = 0;
    for (size_t i = 0; i < size_t(shape.vocabulary); ++i) {
        top = std::max(top, std::fabs(logits[0][i]));
        difference = std::max(difference, std::fabs(logits[0][i] - logits[1][i]));
    }
    EXPECT_GE(difference, 2e-2f * top);
}
