// SPDX-License-Identifier: Apache-2.0
// The shipped model decodes readable text on the reference in each of its modes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "models/checkpoint.hpp"
#include "models/tokenizer.hpp"
#include "workloads/reference/reference.hpp"

using namespace superlane;

namespace {

const std::string directory = SUPERLANE_SOURCE_DIR "/examples/tiny-llama";

}  // namespace

class TinyLlama : public testing::TestWithParam<Rounding> {};

TEST_P(TinyLlama, DecodesText) {
    const LlmConfig llm = find_llm(directory);
    const Tokenizer tokenizer = Tokenizer::of(llm);
    Reference reference(llm, load_weights(llm), GetParam());
    const std::string text = tokenizer.decode(reference.greedy(tokenizer.encode("The "), 40));
    RecordProperty("text", text);
    EXPECT_EQ(text.size(), 40u);
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }))
        << text;
}

INSTANTIATE_TEST_SUITE_P(Modes, TinyLlama, testing::Values(Rounding::none, Rounding::chip_fp16, Rounding::chip_int8),
                         [](const auto& info) {
                             return std::string(std::array{"none", "fp16", "int8"}[size_t(info.param)]);
                         });

TEST(TinyLlamaShape, IsTheShapeOfTheExamples) {
    const LlmConfig llm = find_llm(directory);
    EXPECT_EQ(llm.hidden, 168);
    EXPECT_EQ(llm.layers, 5);
    EXPECT_EQ(llm.vocabulary, 256);
    EXPECT_TRUE(llm.tied_head && Tokenizer::of(llm).is_byte_level());
}
