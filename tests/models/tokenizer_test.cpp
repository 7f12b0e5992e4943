// SPDX-License-Identifier: Apache-2.0
#include "models/tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "models/json_file.hpp"
#include "models/text/utf8.hpp"
#include "tests/models/support.hpp"

using namespace superlane;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string data(const std::string& name) { return std::string(SUPERLANE_SOURCE_DIR "/tests/models/data/") + name; }

json small() {
    return json::parse(
        R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "abb": 3, "c": 4}, "merges": ["a b", ["ab", "b"]]}})");
}

std::string refused_tokenizer(const json& file) {
    return message_of([&] { Tokenizer::parse(file, "t"); });
}

std::string refused_tokenizer_with(const std::string& pointer, const json& value) {
    json file = small();
    file[json::json_pointer(pointer)] = value;
    return refused_tokenizer(file);
}

}  // namespace

TEST(ByteTokenizer, TokensAreBytes) {
    const Tokenizer tokenizer = Tokenizer::byte_level(300);
    EXPECT_THAT(tokenizer.encode("aé"), ElementsAre(97, 0xc3, 0xa9));
    EXPECT_EQ(tokenizer.decode(std::vector<int>{97, 0xc3, 0xa9, 299}), "aé");
    EXPECT_TRUE(tokenizer.is_byte_level());
    EXPECT_EQ(tokenizer.vocabulary(), 300);
}

TEST(ByteTokenizer, NeedsAllBytes) {
    EXPECT_EQ(message_of([] { Tokenizer::byte_level(255); }),
              "a model without tokenizer.json has bytes as tokens, but its vocabulary is 255 (allowed: 256 or more)");
}

TEST(ByteTokenizer, RefusesUnknownIds) {
    EXPECT_EQ(message_of([] { Tokenizer::byte_level(256).decode(std::vector<int>{256}); }),
              "token 256 is unknown to the tokenizer (allowed: 0 to 255)");
}

TEST(TokenStream, GivesCharactersOutWhole) {
    const Tokenizer tokenizer = Tokenizer::byte_level(256);
    TokenStream stream(tokenizer);
    EXPECT_EQ(stream.push(0xe2), "");
    EXPECT_EQ(stream.push(0x96), "");
    EXPECT_EQ(stream.push(0x81), "▁");
    EXPECT_EQ(stream.push(0xff), "\ufffd");
    EXPECT_EQ(stream.push(0xc3), "");
    EXPECT_EQ(stream.push('x'), "\ufffdx");
    EXPECT_EQ(stream.push(0xf0), "");
    EXPECT_EQ(stream.finish(), "\ufffd");
}

TEST(Utf8, RefusesOverlongFormsAndSurrogates) {
    EXPECT_EQ(first_invalid_byte("a\xc0\xafz"), 1u);
    EXPECT_EQ(first_invalid_byte("\xed\xa0\x80"), 0u);
    EXPECT_EQ(first_invalid_byte("\xf4\x90\x80\x80"), 0u);
    EXPECT_EQ(first_invalid_byte("aé日🙂"), 10u);
    std::string pending =
        "\xf0\x9f\x99"
        "a";  // one replacement for the longest valid beginning
    EXPECT_EQ(take_utf8(pending, false),
              "\ufffd"
              "a");
}

TEST(Utf8, KnowsTheClasses) {
    EXPECT_TRUE(is_letter('z') && is_letter(0xe9) && is_letter(0x65e5) && !is_letter('_') && !is_letter(0x301));
    EXPECT_TRUE(is_number('7') && is_number(0xbd) && is_number(0x2178) && !is_number('x'));
    EXPECT_TRUE(is_space(' ') && is_space('\n') && is_space(0xa0) && is_space(0x3000) && !is_space(0x200b));
}

class GoldenTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTokenizer, AgreesWithTheTokenizersPackage) {  // refresh: python3 scripts/tokenizer_goldens.py
    const Tokenizer tokenizer = Tokenizer::load(data(GetParam() + std::string("_tokenizer.json")));
    const json golden = read_json_file(data(GetParam() + std::string("_golden.json")));
    ASSERT_GT(golden.size(), 10u);
    for (const json& entry : golden) {
        const std::string text = entry["text"].get<std::string>();
        const std::vector<int> ids = entry["ids"].get<std::vector<int>>();
        EXPECT_EQ(tokenizer.encode(text), ids) << '"' << text << '"';
        EXPECT_EQ(tokenizer.decode(ids), entry["decoded"].get<std::string>());
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GoldenTokenizer, testing::Values("byte_level", "sentencepiece", "metaspace"),
                         [](const auto& info) { return info.param; });

TEST(Tokenizer, MergesTheLowestRankFirst) {
    const Tokenizer tokenizer = Tokenizer::parse(small(), "t");
    EXPECT_THAT(tokenizer.encode("abb"), ElementsAre(3));
    EXPECT_THAT(tokenizer.encode("cabab"), ElementsAre(4, 2, 2));
    EXPECT_THAT(tokenizer.encode("ba"), ElementsAre(1, 0));
    EXPECT_EQ(tokenizer.decode(std::vector<int>{4, 3}), "cabb");
}

TEST(Tokenizer, SplitsAsGpt2Does) {
    EXPECT_THAT(split_words("it's  12 tests!? \n x", Splitter::gpt2),
                ElementsAre("it", "'s", " ", " 12", " tests", "!?", " \n", " x"));
    EXPECT_THAT(split_words("a12b", Splitter::digits), ElementsAre("a", "1", "2", "b"));
    EXPECT_THAT(split_words("a12b", Splitter::digit_runs), ElementsAre("a", "12", "b"));
    EXPECT_THAT(split_words("1234'LL", Splitter::qwen2), ElementsAre("1", "2", "3", "4", "'LL"));
}

TEST(Tokenizer, OfAModelIsItsFileElseBytes) {
    const Scratch scratch;
    LlmConfig llm = small_llm();
    llm.vocabulary = 256;
    llm.directory = scratch.path();
    EXPECT_TRUE(Tokenizer::of(llm).is_byte_level());
    scratch.write("tokenizer.json", small().dump());
    EXPECT_EQ(Tokenizer::of(llm).vocabulary(), 256);
    EXPECT_EQ(Tokenizer::of(llm).decode(std::vector<int>{2, 255}), "ab");
    llm.vocabulary = 4;
    EXPECT_EQ(message_of([&] { Tokenizer::of(llm); }),
              (scratch / "tokenizer.json").string() + ": token id 4 is beyond the model's vocabulary of 4");
}

TEST(TokenizerErrors, Text) {
    const Tokenizer tokenizer = Tokenizer::parse(small(), "t");
    EXPECT_EQ(message_of([&] { tokenizer.encode("ab\xff"); }), "text: byte 2 is not UTF-8");
    EXPECT_EQ(message_of([&] { tokenizer.encode("az"); }), "text: 'z' has no token in the vocabulary");
}

TEST(TokenizerErrors, Model) {
    EXPECT_EQ(refused_tokenizer(json::object()), "t: key 'model' is missing");
    EXPECT_EQ(refused_tokenizer_with("/model/type", "Unigram"),
              "t: model: key 'type': \"Unigram\" is unknown (allowed: BPE)");
    EXPECT_EQ(refused_tokenizer_with("/model/vocab", json::object()), "t: model: key 'vocab': {} has no tokens");
    EXPECT_EQ(refused_tokenizer_with("/model/vocab/c", 3), "t: model: vocab: key 'c': 3 is the id of two tokens");
    EXPECT_EQ(refused_tokenizer_with("/model/vocab/c", -1),
              "t: model: vocab: key 'c': -1 is out of range (allowed: 0 to 1048576)");
    EXPECT_EQ(refused_tokenizer_with("/model/merges/0", "ab"), "t: model: merge 0: \"ab\" is not a pair of tokens");
    EXPECT_EQ(refused_tokenizer_with("/model/merges/0", "b a"), "t: model: merge 0: 'ba' is not in the vocabulary");
    EXPECT_EQ(refused_tokenizer_with("/model/unk_token", "?"), "t: model: unk_token: '?' is not in the vocabulary");
    EXPECT_THAT(refused_tokenizer_with("/model/end_of_word_suffix", "</w>"),
                HasSubstr("is not supported (allowed: null or empty)"));
    EXPECT_EQ(refused_tokenizer_with("/model/dropout", 0.1), "t: model: key 'dropout': 0.1 is not 0");
}

TEST(TokenizerErrors, Components) {
    EXPECT_EQ(refused_tokenizer_with("/normalizer", {{"type", "NFC"}}),
              "t: normalizer: key 'type': \"NFC\" is unknown (allowed: Prepend, Replace)");
    EXPECT_EQ(refused_tokenizer_with("/normalizer", {{"type", "Prepend"}, {"prepend", "_"}}),
              "t: normalizer: key 'prepend': \"_\" is not '▁'");
    EXPECT_THAT(refused_tokenizer_with("/pre_tokenizer", {{"type", "Whitespace"}}),
                HasSubstr("(allowed: ByteLevel, Split, Digits, Metaspace)"));
    EXPECT_THAT(refused_tokenizer_with("/pre_tokenizer",
                                       {{"type", "Split"}, {"behavior", "Isolated"}, {"pattern", {{"Regex", "\\w+"}}}}),
                HasSubstr("is not an expression known here (allowed: those of GPT-2, Llama 3 and Qwen 2)"));
    EXPECT_THAT(refused_tokenizer_with("/decoder", {{"type", "WordPiece"}}),
                HasSubstr("t: decoder: key 'type': \"WordPiece\" is unknown"));
    EXPECT_THAT(refused_tokenizer_with("/post_processor", {{"type", "Bert"}}),
                HasSubstr("(allowed: TemplateProcessing, ByteLevel)"));
    EXPECT_EQ(refused_tokenizer_with("/added_tokens", json::array({{{"id", 5}, {"content", ""}}})),
              "t: added_tokens: key 'content': \"\" is empty");
    const json single = json::array({{{"SpecialToken", {{"id", "<s>"}}}}});
    EXPECT_EQ(refused_tokenizer_with(
                  "/post_processor",
                  {{"type", "TemplateProcessing"}, {"single", single}, {"special_tokens", json::object()}}),
              "t: post_processor: special_tokens: key '<s>' is missing");
}
