// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/checkpoint.hpp"
#include "models/families/family.hpp"
#include "models/rope.hpp"
#include "models/safetensors.hpp"
#include "tests/models/families_support.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using nlohmann::json;
using testing::HasSubstr;

namespace {

json config_of(const std::string& family) {
    for (const auto& [name, file] : tiny_configs())
        if (name == family) return file;
    return {};
}

std::string refusal(const std::string& family, const std::string& key, const json& value) {
    json file = config_of(family);
    file[key] = value;
    return message_of([&] { parse_llm_config(file, "config.json", "x"); });
}

/// All tensors that the model has, by the plan of its checkpoint.
std::vector<std::pair<std::string, std::vector<float>>> values_of(const LlmConfig& llm, const LlmWeights& weights) {
    std::vector<std::pair<std::string, std::vector<float>>> values;
    for (const families::StoredTensor& stored : families::plan_model(llm))
        for (const families::Part& part : stored.parts)
            values.emplace_back(stored.name, part.place.in(weights).floats());
    return values;
}

}  // namespace

TEST(Families, EveryRowOfTheTableIsTested) {
    std::vector<std::string> names;
    for (const families::Family* family : families::all_families()) names.push_back(family->name);
    EXPECT_EQ(names, family_names());
}

class EveryFamily : public testing::TestWithParam<std::string> {};

TEST_P(EveryFamily, SurvivesTheWayToJsonAndBack) {
    const LlmConfig llm = tiny_family(GetParam());
    EXPECT_EQ(llm.family, GetParam());
    const json written = to_json(llm);
    EXPECT_EQ(parse_llm_config(written, "config.json", llm.name), llm) << written.dump(1);
}

TEST_P(EveryFamily, LoadsBackWhatItSaves) {
    const LlmConfig llm = tiny_family(GetParam());
    const LlmWeights weights = random_weights(llm, 3, Dtype::bf16);
    for (const int shards : {1, 3}) {
        const Scratch scratch;
        save_checkpoint(llm, weights, scratch.path(), shards);
        const LlmConfig found = find_llm(scratch.path().string());
        const LlmWeights loaded = load_weights(found);
        EXPECT_EQ(values_of(found, loaded), values_of(llm, weights));
        EXPECT_EQ(loaded.layers[0].attention_norm.dtype, Dtype::bf16);
    }
}

TEST_P(EveryFamily, PartsOfAStoredTensorCoverItOnce) {
    const LlmConfig llm = tiny_family(GetParam());
    for (const families::StoredTensor& stored : families::plan_model(llm)) {
        std::vector<int> seen(size_t(families::elements_of(stored)));
        for (const families::Part& part : stored.parts) {
            const int64_t columns = part.shape.back(), rows = part.shape.size() == 1 ? 1 : part.shape[0];
            const int64_t stride = part.row_stride == 0 ? columns : part.row_stride;
            for (int64_t r = 0; r < rows; ++r)
                for (int64_t c = 0; c < columns; ++c)
                    ++seen.at(size_t(part.offset + r * stride + c * part.column_stride));
        }
        EXPECT_EQ(seen, std::vector<int>(seen.size(), 1)) << stored.name;
    }
}

TEST_P(EveryFamily, CountsWhatItStores) {
    const LlmConfig llm = tiny_family(GetParam());
    int64_t elements = 0;
    for (const TensorShape& tensor : tensor_shapes(llm)) {
        int64_t count = 1;
        for (const int64_t dimension : tensor.shape) count *= dimension;
        elements += count;
    }
    EXPECT_EQ(weight_parameters(llm), elements);
    EXPECT_GT(projection_parameters(llm), 0);
    EXPECT_LT(projection_parameters(llm), elements + int64_t{llm.vocabulary} * llm.hidden);
}

TEST_P(EveryFamily, AMissingTensorIsNamed) {
    const LlmConfig llm = tiny_family(GetParam());
    const Scratch scratch;
    save_checkpoint(llm, random_weights(llm, 1), scratch.path());
    for (const TensorShape& tensor : tensor_shapes(llm)) {
        Checkpoint opened = open_checkpoint(scratch.path());
        opened.tensors.erase(tensor.name);
        EXPECT_THAT(message_of([&] { bind_weights(llm, opened); }),
                    HasSubstr("tensor '" + tensor.name + "' " + shape_text(tensor.shape) + " is missing"));
    }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryFamily, testing::ValuesIn(family_names()),
                         [](const auto& info) { return info.param; });

TEST(Families, FusedTensorsAreRead) {  // elements of the stored tensors where the published layouts have them
    LlmConfig llm = tiny_family("gpt_oss");
    const LlmWeights oss = random_weights(llm, 5);
    const Scratch scratch;
    save_checkpoint(llm, oss, scratch.path());
    const Checkpoint opened = open_checkpoint(scratch.path());
    ASSERT_EQ(opened.tensors.at("model.layers.1.mlp.experts.gate_up_proj").shape, (std::vector<int64_t>{6, 24, 20}));
    const FfnWeights& expert = oss.layers[1].experts[4];
    EXPECT_EQ(expert.gate.shape, (std::vector<int64_t>{10, 24}));
    const Tensor& stored = opened.tensors.at("model.layers.1.mlp.experts.gate_up_proj");
    const Tensor flat{"flat", stored.dtype, {6 * 24, 20}, stored.bytes};
    EXPECT_EQ(expert.gate.at(7, 3), flat.at(4 * 24 + 3, 14));
    EXPECT_EQ(expert.up.at(7, 3), flat.at(4 * 24 + 3, 15));
    const Tensor& stored_down = opened.tensors.at("model.layers.1.mlp.experts.down_proj");
    const Tensor flat_down{"flat", stored_down.dtype, {6 * 10, 24}, stored_down.bytes};
    EXPECT_EQ(expert.down.at(3, 7), flat_down.at(4 * 10 + 7, 3));
    EXPECT_EQ(expert.up_bias.at(0, 7), opened.tensors.at("model.layers.1.mlp.experts.gate_up_proj_bias").at(4, 15));

    llm = tiny_family("dbrx");
    const LlmWeights dbrx = random_weights(llm, 5);
    save_checkpoint(llm, dbrx, scratch.path());
    const Checkpoint blocks = open_checkpoint(scratch.path());
    EXPECT_EQ(dbrx.layers[1].v.at(5, 2),
              blocks.tensors.at("transformer.blocks.1.norm_attn_norm.attn.Wqkv.weight").at(16 + 8 + 5, 2));
    EXPECT_EQ(dbrx.layers[1].experts[3].down.at(9, 4),
              blocks.tensors.at("transformer.blocks.1.ffn.experts.mlp.w2").at(3 * 6 + 4, 9));
    EXPECT_EQ(dbrx.layers[1].experts[3].up.at(4, 9),
              blocks.tensors.at("transformer.blocks.1.ffn.experts.mlp.v1").at(3 * 6 + 4, 9));
}

TEST(Families, HaveTheirFeatures) {
    EXPECT_TRUE(tiny_family("qwen2").has_qkv_bias());
    EXPECT_FALSE(tiny_family("qwen2").has_o_bias());
    EXPECT_EQ(tiny_family("qwen2").windowed, (std::vector<bool>{false, true, true}));
    EXPECT_EQ(tiny_family("gpt_oss").windowed, (std::vector<bool>{true, false, true}));
    EXPECT_EQ(tiny_family("gpt_oss").window(0), 3);
    EXPECT_EQ(tiny_family("gpt_oss").window(1), 0);
    EXPECT_DOUBLE_EQ(tiny_family("gemma").embedding_multiplier, std::sqrt(24.0));
    EXPECT_FALSE(tiny_family("opt").gated_ffn);
    EXPECT_EQ(tiny_family("dbrx").clip_qkv, 0.75);
    EXPECT_FALSE(tiny_family("deepseek_v3").is_moe(0));
    EXPECT_TRUE(tiny_family("deepseek_v3").is_moe(1));
    EXPECT_EQ(tiny_family("deepseek_v3").cache_columns(), 8 + 4);
    EXPECT_EQ(tiny_family("deepseek_v3").q_columns(), 4 * 10);
    EXPECT_EQ(tiny_family("deepseek_v3").attention_columns(), 4 * 5);
    const double temperature = 0.1 * std::log(4.0) + 1;
    EXPECT_DOUBLE_EQ(tiny_family("deepseek_v3").score_scale(), temperature * temperature / std::sqrt(10.0));
    EXPECT_EQ(rope_attention_factor(tiny_family("deepseek_v3")), 1.0);
    EXPECT_EQ(rope_frequencies(tiny_family("deepseek_v3")).size(), 2u);
}

TEST(Families, RefuseWhatNobodyComputes) {
    EXPECT_EQ(refusal("opt", "do_layer_norm_before", false),
              "config.json: key 'do_layer_norm_before': false is not supported (allowed: true)");
    EXPECT_EQ(refusal("opt", "word_embed_proj_dim", 6),
              "config.json: key 'word_embed_proj_dim': 6 is not hidden_size 24");
    EXPECT_EQ(refusal("qwen3_moe", "mlp_only_layers", {0}),
              "config.json: key 'mlp_only_layers': [0] is not supported (allowed: [])");
    EXPECT_EQ(refusal("mixtral", "num_experts_per_tok", 6),
              "config.json: key 'num_experts_per_tok': 6 is out of range (allowed: 1 to 5)");
    EXPECT_EQ(refusal("deepseek_v3", "n_group", 5),
              "config.json: key 'n_group': 5 does not make groups of two or more of 12 experts");
    EXPECT_THAT(refusal("deepseek_v3", "num_experts_per_tok", 7), HasSubstr("fewer than num_experts_per_tok 7"));
    EXPECT_THAT(refusal("deepseek_v3", "scoring_func", "softmax"), HasSubstr("(allowed: sigmoid)"));
    EXPECT_THAT(refusal("gemma", "hidden_act", "relu"), HasSubstr("(allowed: gelu, gelu_pytorch_tanh)"));
    EXPECT_THAT(refusal("gemma", "hidden_activation", "gelu"), HasSubstr("(allowed: gelu_pytorch_tanh)"));
    EXPECT_EQ(refusal("gpt_oss", "layer_types", {"full_attention"}),
              "config.json: key 'layer_types': [\"full_attention\"] is not a list of 3 layers");
    EXPECT_EQ(refusal("dbrx", "attn_config", {{"kv_n_heads", 3}}),
              "config.json: attn_config: key 'kv_n_heads': 3 does not divide num_attention_heads 4");
}

TEST(Families, DeepseekIgnoresTheLayerOfTheSecondToken) {
    const LlmConfig llm = tiny_family("deepseek_v3");
    const Scratch scratch;
    save_checkpoint(llm, random_weights(llm, 1), scratch.path());
    Checkpoint opened = open_checkpoint(scratch.path());
    opened.tensors["model.layers.3.eh_proj.weight"] = {};
    EXPECT_NO_THROW(bind_weights(llm, opened));
    opened = open_checkpoint(scratch.path());
    opened.tensors["model.layers.4.eh_proj.weight"] = {};
    EXPECT_THAT(message_of([&] { bind_weights(llm, opened); }), HasSubstr("is not part of the model"));
}

TEST(FamilyShapes, HaveThePublishedParameterCounts) {  // exact: the model cards' safetensors totals
    EXPECT_EQ(weight_parameters(find_llm("mixtral-8x7b")), 46'702'792'704);
    EXPECT_EQ(weight_parameters(find_llm("gemma-7b")), 8'537'680'896);
    EXPECT_EQ(weight_parameters(find_llm("qwen2.5-7b")), 7'615'616'512);
    EXPECT_EQ(weight_parameters(find_llm("qwen2.5-72b")), 72'706'203'648);
    EXPECT_EQ(weight_parameters(find_llm("qwen3-8b")), 8'190'735'360);
    EXPECT_EQ(weight_parameters(find_llm("qwen3-30b-a3b")), 30'532'122'624);
    EXPECT_EQ(weight_parameters(find_llm("dbrx")), 131'596'523'520);
}

TEST(FamilyShapes, AgreeWithRoundedPublishedCounts) {
    struct Row {
        const char* name;
        double total, active;  // billions
        double tolerance;      // ratio: half a unit of the last published digit, or what the note says
    };
    // The papers and model cards of each; the active parameters of gpt-oss leave out the embedding table, as ours do.
    // xAI: 314 B, "25 % of the weights active on a given token".
    const Row rows[] = {{"mixtral-8x7b", 46.7, 12.9, 0.02}, {"dbrx", 132, 36, 0.03},
                        {"grok-1", 314, 0.25 * 314, 0.07},  {"deepseek-v3", 671, 36.6, 0.01},
                        {"gpt-oss-120b", 116.8, 5.1, 0.01}, {"gpt-oss-20b", 20.9, 3.6, 0.01},
                        {"qwen3-30b-a3b", 30.5, 3.3, 0.1},  {"opt-13b", 13, 13, 0.05},
                        {"opt-30b", 30, 30, 0.01}};
    for (const Row& row : rows) {
        const LlmConfig llm = find_llm(row.name);
        EXPECT_NEAR(double(weight_parameters(llm)) / 1e9, row.total, row.total * row.tolerance) << row.name;
        EXPECT_NEAR(double(projection_parameters(llm)) / 1e9, row.active, row.active * row.tolerance) << row.name;
    }
}

TEST(FamilyShapes, DeepseekKeepsOneLatentRowAToken) {  // 61 layers of 512 + 64 elements; published: 70 KB in bf16
    EXPECT_EQ(kv_bytes_per_token(find_llm("deepseek-v3"), 2), 61.0 * 576 * 2);
    EXPECT_EQ(kv_bytes_per_token(find_llm("mixtral-8x7b"), 2), 32.0 * 2 * 1024 * 2);
}
