// SPDX-License-Identifier: Apache-2.0
// Families of models beyond Llama, and each single feature in which they differ, against the reference: one chip and
// two that share every layer.
#include "experiment/decode_session.hpp"
#include "tests/agreement/models.hpp"

using namespace superlane;
using namespace superlane::experiment;
using namespace superlane::test;

namespace {

struct Variant {
    const char* name;
    const char* family;
    void (*change)(LlmConfig&);
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

/// Two layers of a few heads; the FFN and the residual fill no whole number of vectors.
LlmConfig small_shape(const Variant& variant) {
    LlmConfig model;
    model.name = std::string("small-") + variant.name;
    model.family = variant.family;
    model.layers = 2;
    model.hidden = 336;
    model.heads = 4;
    model.kv_heads = 2;
    model.head_dim = 48;
    model.ffn = 344;
    model.vocabulary = 300;
    model.max_position = 128;
    model.rms_norm_eps = 1e-5;
    variant.change(model);
    return model;
}

void as_gemma(LlmConfig& m) {
    m.norm = NormKind::rms_plus_one;
    m.activation = Activation::gelu_tanh;
    m.embedding_multiplier = std::sqrt(double(m.hidden));
    m.tied_head = true;
}

void as_opt(LlmConfig& m) {
    m.norm = NormKind::layer;
    m.position = PositionKind::learned;
    m.position_offset = 2;
    m.activation = Activation::relu;
    m.gated_ffn = false;
    m.attention_bias = m.mlp_bias = m.norm_bias = m.tied_head = true;
    m.kv_heads = m.heads = 6;  // head_dim is not in the file, but what divides hidden
    m.head_dim = m.hidden / m.heads;
}

/// All that go together.
void with_everything(LlmConfig& m) {
    m.norm = NormKind::layer;
    m.norm_bias = m.sandwich_norms = m.qk_norm = m.attention_sinks = m.attention_bias = m.mlp_bias = true;
    m.activation = Activation::clamped_swiglu;
    m.activation_limit = 1.5;
    m.clip_qkv = 2;
    m.query_scale = 0.2;
    m.attention_soft_cap = 3;
    m.embedding_multiplier = 2;
    m.logit_multiplier = 0.5;
    m.sliding_window_tokens = 6;
    m.windowed = {false, true};
    m.rope.interleaved = true;
}

constexpr Variant variants[] = {
    {"qwen2", "qwen2", [](LlmConfig& m) { m.qkv_bias = true; }},
    {"qwen3", "qwen3", [](LlmConfig& m) { m.qk_norm = true; }},
    {"gemma", "gemma", as_gemma},
    {"opt", "opt", as_opt},
    {"layer_norm", "llama", [](LlmConfig& m) { m.norm = NormKind::layer; }},
    {"layer_norm_bias", "llama", [](LlmConfig& m) { m.norm = NormKind::layer, m.norm_bias = true; }},
    {"sandwich_norms", "llama", [](LlmConfig& m) { m.sandwich_norms = true; }},
    {"gelu", "llama", [](LlmConfig& m) { m.activation = Activation::gelu_tanh; }},
    {"relu", "llama", [](LlmConfig& m) { m.activation = Activation::relu; }},
    {"clamped_swiglu", "llama",
     [](LlmConfig& m) { m.activation = Activation::clamped_swiglu, m.activation_limit = 0.75; }},
    {"ungated", "llama", [](LlmConfig& m) { m.gated_ffn = false; }},
    {"mlp_bias", "llama", [](LlmConfig& m) { m.mlp_bias = true; }},
    {"embedding_multiplier", "llama", [](LlmConfig& m) { m.embedding_multiplier = 3; }},
    {"logit_multiplier", "llama", [](LlmConfig& m) { m.logit_multiplier = 0.57; }},
    {"qk_norm_of_one_head", "llama", [](LlmConfig& m) { m.qk_norm = true, m.kv_heads = 1, m.head_dim = 46; }},
    {"sinks", "llama", [](LlmConfig& m) { m.attention_sinks = true; }},
    {"clip_qkv", "llama", [](LlmConfig& m) { m.clip_qkv = 0.8; }},
    {"query_scale", "llama", [](LlmConfig& m) { m.query_scale = 0.3; }},
    {"soft_cap", "llama", [](LlmConfig& m) { m.attention_soft_cap = 0.5; }},
    {"windows", "llama",
     [](LlmConfig& m) {
         m.sliding_window_tokens = 5, m.windowed = {true, false};
     }},
    {"interleaved", "llama", [](LlmConfig& m) { m.rope.interleaved = true; }},
    {"everything", "llama", with_everything},
};

LlmWeights weights_of(const LlmConfig& model) {
    LlmWeights weights = random_weights(model, 7);
    if (model.sandwich_norms)  // no dense family stores their gains
        for (LayerWeights& layer : weights.layers) {
            layer.attention_post_norm = layer.ffn_norm;
            layer.ffn_post_norm = layer.attention_norm;
        }
    return weights;
}

struct Run {
    std::string dtype = "fp16", chip = "tsp-v1";
    int tp = 1, pp = 1;
    bool wide = false;        ///< what crosses links is fp32
    std::string change = {};  ///< of the chip
    std::vector<std::vector<int>> prompts = {{3, 1, 4, 1, 5, 9, 2, 6}};
};

DecodeResult decode(const LlmConfig& model, const Run& run) {
    DecodeOptions options = tiny_options(run.dtype, 3);
    options.chip = run.change.empty() ? models::load_chip(run.chip) : models::load_chip(run.chip, {run.change});
    options.model = model.name;
    options.compare = true;
    if (run.tp * run.pp > 1) options.system = models::one_node(options.chip, run.tp * run.pp);
    options.wide_exchange = run.wide;
    options.split = {.tp = run.tp, .pp = run.pp};
    DecodeSetup setup;
    setup.model = model;
    setup.half = run.dtype == "fp16";
    setup.weights = weights_of(model);
    setup.tokenizer = Tokenizer::of(model);
    setup.prompts = run.prompts;
    setup.context = 128;
    const DecodeWatcher watcher;
    return DecodeSession(options, std::move(setup), watcher).run();
}

void expect_close(const LlmConfig& model, const Run& run, double difference) {
    const Comparison comparison = *decode(model, run).comparison;
    EXPECT_TRUE(comparison.rounded.tokens_equal()) << comparison.rounded.equal_choices;
    EXPECT_LE(comparison.rounded.max_relative_difference, difference);
    EXPECT_GE(comparison.rounded.cosine, 0.999);
    testing::Test::RecordProperty("max_relative_difference",
                                  std::to_string(comparison.rounded.max_relative_difference));
}

std::string variant_name(const testing::TestParamInfo<Variant>& info) { return info.param.name; }

}  // namespace

class Families : public testing::TestWithParam<Variant> {
protected:
    const LlmConfig model_ = small_shape(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Variants, Families, testing::ValuesIn(variants), variant_name);

TEST_P(Families, AgreeInFp16) { expect_close(model_, {}, 3e-3); }
TEST_P(Families, AgreeInInt8) { expect_close(model_, {.dtype = "int8"}, 3e-2); }
TEST_P(Families, AgreeOnTwoChips) { expect_close(model_, {.tp = 2}, 5e-3); }

class SlowFamilies : public Families {};
INSTANTIATE_TEST_SUITE_P(Variants, SlowFamilies, testing::ValuesIn(variants), variant_name);

TEST_P(SlowFamilies, AgreeInInt8OnTwoChips) { expect_close(model_, {.dtype = "int8", .tp = 2, .wide = true}, 3e-2); }
TEST_P(SlowFamilies, AgreeInTwoStagesOfTwoChips) { expect_close(model_, {.tp = 2, .pp = 2}, 5e-3); }
TEST_P(SlowFamilies, AgreeOnAnotherChip) { expect_close(model_, {.chip = "mini"}, 3e-3); }

std::vector<int> tokens_from(int seed, int count) {
    std::mt19937_64 random{uint64_t(seed)};
    std::vector<int> tokens;
    for (int i = 0; i < count; ++i) tokens.push_back(int(random() % 256));
    return tokens;
}

/// Scores over several pages, three requests in one step.
TEST_P(SlowFamilies, AgreeInABatchOfLongPrompts) {
    expect_close(model_, {.chip = "mini", .prompts = {tokens_from(1, 70), tokens_from(2, 5), tokens_from(3, 20)}},
                 3e-3);
}

/// A feature that is switched on but lost on the way would leave reference and chip different; one that both lose would
/// not. So each must change the logits of the plain model.
TEST_P(Families, ChangesTheLogits) {
    const LlmConfig plain = small_shape({"plain", "llama", [](LlmConfig&) {}});
    const auto logits = [](const LlmConfig& model) {
        Reference reference(model, weights_of(model), Rounding::chip_fp16);
        const std::vector<int> prompt = {3, 1, 4, 1, 5, 9, 2, 6};
        return reference.prefill(0, prompt);
    };
    EXPECT_NE(logits(model_), logits(plain));
}

/// By way of files: config.json and tensors as each family names them.
TEST(Checkpoints, OfEveryDenseFamilyDecode) {
    for (const Variant& variant : std::span(variants).first(4)) {
        SCOPED_TRACE(variant.name);
        const RandomModel model(small_shape(variant), 7);
        DecodeOptions options = tiny_options("fp16", 3);
        options.model = model.directory();
        options.prompts.clear();
        options.prompt_ids = {{3, 1, 4, 1, 5, 9, 2, 6}};
        options.compare = true;
        const DecodeResult result = run_decode(options);
        EXPECT_EQ(result.model.family, variant.family);
        EXPECT_TRUE(result.comparison->rounded.tokens_equal());
        EXPECT_LE(result.comparison->rounded.max_relative_difference, 3e-3);
    }
}

TEST(Windows, StagesWhoseLayersSeeDifferentlyFarRunTheirOwnPrograms) {
    LlmConfig model = small_shape({"windows", "llama", [](LlmConfig& m) { m.sliding_window_tokens = 5; }});
    model.layers = 4;
    model.windowed = {true, false, true, true};
    expect_close(model, {.pp = 4}, 3e-3);
}

TEST(SlowChips, OfOtherTimingDecodeEveryFeature) {
    const LlmConfig model = small_shape({"everything", "llama", with_everything});
    for (const char* change : {"mem.read=4", "vxm.op=4", "vxm.special=6", "superlanes=16"})
        for (const char* dtype : {"fp16", "int8"}) {
            SCOPED_TRACE(std::string(change) + " " + dtype);
            expect_close(model, {.dtype = dtype, .change = change}, 3e-2);
        }
}
