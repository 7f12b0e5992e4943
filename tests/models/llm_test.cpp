// SPDX-License-Identifier: Apache-2.0
#include "models/llm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "models/checkpoint.hpp"
#include "models/data_path.hpp"
#include "models/json_file.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using nlohmann::json;
using testing::HasSubstr;

namespace {

json sound() { return to_json(small_llm()); }

std::string refusal(const json& config) {
    return message_of([&] { parse_llm_config(config, "config.json", "x"); });
}

std::string refusal_with(const std::string& key, const json& value) {
    json config = sound();
    config[key] = value;
    return refusal(config);
}

std::string scaling_refusal(const json& scaling) { return refusal_with("rope_scaling", scaling); }

}  // namespace

TEST(LlmConfig, SurvivesTheWayToJsonAndBack) {
    LlmConfig llm = small_llm();
    llm.tied_head = llm.attention_bias = llm.mlp_bias = true;
    llm.sliding_window_tokens = 7;
    llm.bos_tokens = {1};
    llm.eos_tokens = {2, 3};
    llm.rope = {.type = RopeType::yarn,
                .theta = 5e5,
                .factor = 4,
                .beta_fast = 16,
                .beta_slow = 2,
                .mscale = 1,
                .mscale_all_dim = 0.5,
                .truncate = false,
                .original_max_position = 16};
    EXPECT_EQ(parse_llm_config(to_json(llm), "config.json", "small"), llm);
    llm.rope = {.type = RopeType::llama3,
                .factor = 8,
                .low_freq_factor = 2,
                .high_freq_factor = 5,
                .original_max_position = 16};
    EXPECT_EQ(parse_llm_config(to_json(llm), "config.json", "small"), llm);
}

TEST(LlmConfig, TakesTheFormatsDefaults) {
    const json file = {{"model_type", "llama"},    {"num_hidden_layers", 1}, {"hidden_size", 8},
                       {"num_attention_heads", 2}, {"intermediate_size", 6}, {"vocab_size", 9},
                       {"rope_scaling", nullptr}};
    const LlmConfig llm = parse_llm_config(file, "config.json", "");
    EXPECT_EQ(llm.kv_heads, 2);
    EXPECT_EQ(llm.head_dim, 4);
    EXPECT_EQ(llm.max_position, 2048);
    EXPECT_EQ(llm.rms_norm_eps, 1e-6);
    EXPECT_EQ(llm.rope, RopeConfig{});
    EXPECT_FALSE(llm.tied_head || llm.attention_bias || llm.mlp_bias);
}

TEST(LlmConfig, ReadsNewerFilesWithRopeParameters) {
    json file = sound();
    file.erase("rope_theta");
    file["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2.0}, {"rope_theta", 1e6}};
    const LlmConfig llm = parse_llm_config(file, "config.json", "");
    EXPECT_EQ(llm.rope.type, RopeType::linear);
    EXPECT_EQ(llm.rope.theta, 1e6);
}

TEST(LlmConfig, NamesAMissingKeyAndTheSlipOfThePen) {
    json file = sound();
    file.erase("hidden_size");
    file["hiden_size"] = 12;
    EXPECT_EQ(refusal(file), "config.json: key 'hidden_size' is missing (nearest: 'hiden_size')");
}

TEST(LlmConfig, RefusesWrongTypesAndRanges) {
    EXPECT_EQ(refusal_with("hidden_size", "12"),
              "config.json: key 'hidden_size': \"12\" is not an integer (allowed: 1 to 1048576)");
    EXPECT_EQ(refusal_with("num_hidden_layers", 0),
              "config.json: key 'num_hidden_layers': 0 is out of range (allowed: 1 to 4096)");
    EXPECT_EQ(refusal_with("vocab_size", UINT64_MAX),
              "config.json: key 'vocab_size': 18446744073709551615 is out of range (allowed: 1 to 16777216)");
    EXPECT_EQ(refusal_with("rms_norm_eps", "small"),
              "config.json: key 'rms_norm_eps': \"small\" is not a number (allowed: 0.0 to 1.0)");
    EXPECT_EQ(refusal_with("rope_theta", 0.5),
              "config.json: key 'rope_theta': 0.5 is out of range (allowed: 2.0 to 1000000000000.0)");
    EXPECT_EQ(refusal_with("tie_word_embeddings", 1), "config.json: key 'tie_word_embeddings': 1 is not true or false");
    EXPECT_EQ(refusal(json::array()), "config.json: [] is not an object");
}

TEST(LlmConfig, RefusesHeadsThatDoNotDivide) {
    EXPECT_EQ(refusal_with("num_key_value_heads", 3),
              "config.json: key 'num_key_value_heads': 3 does not divide num_attention_heads 4");
    EXPECT_THAT(refusal_with("num_key_value_heads", 5), HasSubstr("5 is out of range (allowed: 1 to 4)"));
    EXPECT_EQ(refusal_with("head_dim", 5),
              "config.json: key 'head_dim': 5 makes heads of 5 elements (allowed: even, for RoPE)");
    json file = sound();
    file.erase("head_dim");
    file["hidden_size"] = 13;
    EXPECT_EQ(refusal(file), "config.json: key 'num_attention_heads': 4 does not divide hidden_size 13, give head_dim");
}

TEST(LlmConfig, RefusesAnUnknownArchitecture) {
    const std::string message = refusal_with("architectures", {"LlamaForCausalLm"});
    EXPECT_THAT(message, testing::StartsWith("config.json: key 'architectures': [\"LlamaForCausalLm\"] is an unknown "
                                             "architecture (allowed: LlamaForCausalLM, MistralForCausalLM, "));
    EXPECT_THAT(message, testing::EndsWith(") (nearest: 'LlamaForCausalLM')"));
    EXPECT_EQ(refusal_with("architectures", "Llama"),
              "config.json: key 'architectures': \"Llama\" is not a list of names");
    json file = sound();
    file.erase("architectures");
    file["model_type"] = "gpt2";
    EXPECT_THAT(refusal(file),
                HasSubstr("key 'model_type': \"gpt2\" is an unknown architecture (allowed: llama, mistral, "));
}

TEST(LlmConfig, RefusesVariantsThatChangeTheArithmetic) {
    EXPECT_EQ(refusal_with("hidden_act", "gelu"),
              "config.json: key 'hidden_act': \"gelu\" is unknown (allowed: silu) (nearest: 'silu')");
    EXPECT_EQ(refusal_with("partial_rotary_factor", 0.5), "config.json: key 'partial_rotary_factor': 0.5 is not 1");
}

TEST(LlmConfig, AQuantisedCheckpointIsAShapeWhoseWeightsAreRefused) {
    json config = sound();
    config["quantization_config"] = {{"quant_method", "fp8"}, {"bits", 8}};
    LlmConfig llm = parse_llm_config(config, "config.json", "x");
    EXPECT_EQ(parse_llm_config(to_json(llm), "config.json", "x"), llm);
    llm.directory = "models/x";
    EXPECT_EQ(message_of([&] { load_weights(llm); }),
              "models/x/config.json: key 'quantization_config': weights quantised by fp8 cannot be read (allowed: absent; "
              "with --timing-only the shape alone counts)");
    EXPECT_EQ(refusal_with("quantization_config", 8), "config.json: key 'quantization_config': 8 is not an object");
}

TEST(LlmConfig, RefusesTokensOutsideTheVocabulary) {
    EXPECT_EQ(refusal_with("eos_token_id", 17),
              "config.json: key 'eos_token_id': 17 is not a token (allowed: 0 to 16)");
    EXPECT_EQ(refusal_with("bos_token_id", {1, -1}),
              "config.json: key 'bos_token_id': [1,-1] is not a token (allowed: 0 to 16)");
}

TEST(LlmConfig, RefusesRopeScalingsItCannotCompute) {
    EXPECT_EQ(scaling_refusal({{"rope_type", "lama3"}}),
              "config.json: rope_scaling: key 'rope_type': \"lama3\" is unknown (allowed: default, linear, dynamic, "
              "llama3, yarn) "
              "(nearest: 'llama3')");
    EXPECT_EQ(scaling_refusal({{"type", "linear"}}), "config.json: rope_scaling: key 'factor' is missing");
    EXPECT_EQ(scaling_refusal({{"type", "linear"}, {"factor", 0.5}}),
              "config.json: rope_scaling: key 'factor': 0.5 is out of range (allowed: 1.0 to 1000000.0)");
    EXPECT_EQ(scaling_refusal({{"rope_type", "llama3"},
                               {"factor", 8},
                               {"low_freq_factor", 4},
                               {"high_freq_factor", 4},
                               {"original_max_position_embeddings", 8}}),
              "config.json: rope_scaling: key 'high_freq_factor': 4 is not above low_freq_factor");
    EXPECT_EQ(scaling_refusal({{"rope_type", "yarn"}, {"factor", 8}, {"beta_fast", 1}, {"beta_slow", 2}}),
              "config.json: rope_scaling: key 'beta_fast': 1 is below beta_slow");
    EXPECT_EQ(scaling_refusal("linear"), "config.json: rope_scaling: \"linear\" is not an object");
}

TEST(JsonText, NamesTheLineOfASyntaxError) {
    EXPECT_EQ(message_of([] { parse_json("{\n  \"a\": 1,\n  oops\n}", "f.json"); }),
              "f.json: not JSON at line 3, column 3");
    EXPECT_EQ(message_of([] { parse_json("", "f.json"); }), "f.json: not JSON at line 1, column 1");
}

TEST(JsonText, RefusesDuplicateKeysDepthAndRange) {
    EXPECT_EQ(message_of([] { parse_json(R"({"a": {"b": 1}, "b": 2, "a": 3})", "f.json"); }),
              "f.json: key 'a' is given twice");
    EXPECT_EQ(message_of([] { parse_json(std::string(100, '['), "f.json"); }), "f.json: nested deeper than 64 levels");
    EXPECT_EQ(message_of([] { parse_json("[1e999]", "f.json"); }), "f.json: a number is out of range");
    EXPECT_THAT(message_of([] { read_json_file("nowhere.json"); }), HasSubstr("nowhere.json: cannot be read"));
}

TEST(Llms, EveryNamedShapeLoads) {
    const std::vector<std::string> names = llm_names();
    EXPECT_GE(names.size(), 9u);
    for (const std::string& name : names) {
        const LlmConfig llm = find_llm(name);
        EXPECT_EQ(llm.name, name);
        EXPECT_TRUE(llm.directory.empty());
    }
}

TEST(Llms, HaveThePublishedParameterCounts) {  // from the model cards' safetensors totals
    EXPECT_EQ(weight_parameters(find_llm("llama-2-7b")), 6'738'415'616);
    EXPECT_EQ(weight_parameters(find_llm("llama-2-13b")), 13'015'864'320);
    EXPECT_EQ(weight_parameters(find_llm("llama-2-70b")), 68'976'648'192);
    EXPECT_EQ(weight_parameters(find_llm("llama-3-8b")), 8'030'261'248);
    EXPECT_EQ(weight_parameters(find_llm("llama-3.2-1b")), 1'235'814'400);
    EXPECT_EQ(weight_parameters(find_llm("llama-3.2-3b")), 3'212'749'824);
    EXPECT_EQ(weight_parameters(find_llm("llama-3-70b")), 70'553'706'496);
    EXPECT_EQ(weight_parameters(find_llm("llama-3.1-405b")), 405'853'388'800);
    EXPECT_EQ(weight_parameters(find_llm("mistral-7b")), 7'241'732'096);
}

TEST(Llms, CountBytesAndProjections) {
    const LlmConfig llm = find_llm("llama-2-7b");
    EXPECT_EQ(weight_bytes(llm, 2), 2.0 * 6'738'415'616);
    EXPECT_EQ(kv_bytes_per_token(llm, 2), 2.0 * 32 * 4096 * 2);
    EXPECT_EQ(projection_parameters(llm), 6'738'415'616 - 32000LL * 4096 - 65LL * 4096);
}

TEST(Llms, AreFoundByDirectory) {
    const Scratch scratch;
    scratch.write("config.json", sound().dump());
    const LlmConfig llm = find_llm(scratch.path().string());
    EXPECT_EQ(llm.directory, scratch.path());
    EXPECT_EQ(llm.name, scratch.path().filename());
    EXPECT_EQ(llm.hidden, 12);
}

TEST(Llms, AnUnknownNameGetsTheNearest) {
    const std::string message = message_of([] { find_llm("llama-2-7B"); });
    EXPECT_THAT(message, testing::StartsWith(
                             "model 'llama-2-7B': neither a directory nor a known name (known: dbrx, deepseek-v3, "));
    EXPECT_THAT(message, HasSubstr("(nearest: 'llama-2-7b')"));
}

TEST(Llms, ADirectoryWithoutConfigIsRefused) {
    const Scratch scratch;
    EXPECT_EQ(message_of([&] { find_llm(scratch.path().string()); }),
              "model '" + scratch.path().string() + "': the directory has no config.json");
}

TEST(DataPath, TheEnvironmentWins) {
    const Scratch scratch;
    setenv("SUPERLANE_DATA", scratch.path().c_str(), 1);
    EXPECT_EQ(data_path("llms/x.json"), scratch / "llms/x.json");
    EXPECT_TRUE(llm_names().empty());
    setenv("SUPERLANE_DATA", "/nowhere/at/all", 1);
    EXPECT_EQ(message_of([] { data_directory(); }),
              "SUPERLANE_DATA: '/nowhere/at/all' is not a directory (expected one with llms/ and chips/)");
    unsetenv("SUPERLANE_DATA");
}
