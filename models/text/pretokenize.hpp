// SPDX-License-Identifier: Apache-2.0
// Splits text into the words that byte-pair merges stay within: the regular expressions of the known tokenizers by
// hand.
#pragma once
#include <string_view>
#include <vector>

namespace superlane {

/// One step of splitting; each piece of the step before is split again.
enum class Splitter {
    gpt2,        ///< the ByteLevel pre-tokenizer's own expression
    llama3,      ///< numbers by up to three digits, line breaks with what precedes them
    qwen2,       ///< as llama3, but every digit alone
    digits,      ///< every digit alone
    digit_runs,  ///< runs of digits apart from the rest
};

/// The regular expression of a Splitter as tokenizer.json spells it; nullptr for the digit ones.
const char* splitter_pattern(Splitter splitter);

/// Valid UTF-8 in; pieces that concatenate to the text out.
std::vector<std::string_view> split_words(std::string_view text, Splitter splitter);

}  // namespace superlane
