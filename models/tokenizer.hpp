// SPDX-License-Identifier: Apache-2.0
// Text to tokens and back: bytes when a model has no tokenizer.json, else that file's byte-pair encoding.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/llm.hpp"
#include "models/text/bpe.hpp"
#include "models/text/pretokenize.hpp"

namespace superlane {

class Tokenizer {
public:
    /// Token = byte. UserError when the vocabulary has fewer than 256 tokens.
    static Tokenizer byte_level(int vocabulary);
    /// A parsed tokenizer.json; `file` heads the messages. UserError for what is malformed or of a kind not known here.
    static Tokenizer parse(const nlohmann::json& object, const std::string& file);
    static Tokenizer load(const std::filesystem::path& tokenizer_file);
    /// The tokenizer.json beside the model's checkpoint, else bytes. UserError when it has ids beyond the vocabulary;
    /// ids of the vocabulary that it lacks decode to nothing.
    static Tokenizer of(const LlmConfig& config);

    /// Tokens of a text, special tokens in it recognised; with_template adds what the model expects around a prompt
    /// (such as a begin token). UserError when the text is not UTF-8 (bytes take any text) or a character has no token.
    std::vector<int> encode(std::string_view text, bool with_template = true) const;
    /// Text of tokens without the special ones; what is not UTF-8 becomes U+FFFD. UserError on an unknown id.
    std::string decode(std::span<const int> tokens) const;
    int vocabulary() const { return int(pieces_.size()); }  ///< one more than the largest id
    bool is_byte_level() const { return words_.empty(); }   ///< tokens are bytes: there is no tokenizer.json

private:
    friend class TokenizerReader;
    friend class TokenStream;

    struct Added {
        std::string content;
        int id;
        bool strip_left, strip_right;  ///< swallows the spaces on that side
    };
    enum class Prefix { never, first, always };  ///< when a "▁" is put before a piece of text

    const std::string& piece(int token) const;
    void encode_words(std::string_view text, bool first, std::vector<int>& out) const;
    void encode_word(const std::string& word, std::vector<int>& out) const;
    void add_character(std::string_view character, std::vector<int>& out) const;
    std::string with_marks(std::string_view text, bool first) const;
    const Added* added_at(std::string_view text, size_t byte) const;

    std::map<std::string, int, std::less<>> words_;  ///< vocabulary as written in the file; empty: bytes
    std::vector<std::string> pieces_;                ///< bytes each token decodes to; empty for special ones
    std::vector<bool> known_;                        ///< by id; a file may leave gaps
    std::vector<Added> added_;                       ///< longest first
    Bpe bpe_;
    std::vector<Splitter> splitters_;
    bool mapped_bytes_ = false;   ///< GPT-2 style: words are written in the alphabet that stands for bytes
    bool prefix_space_ = false;   ///< GPT-2 style: a space is put before the text
    bool whole_words_ = false;    ///< a word that is a token is not merged together from its parts
    bool byte_fallback_ = false;  ///< sentencepiece style: characters without a token become <0xXX> tokens
    bool split_marks_ = false;    ///< sentencepiece style: every "▁" begins a new word
    Prefix prefix_mark_ = Prefix::never;
    int unknown_ = -1;                 ///< id for characters without a token; -1 = none
    bool fuse_unknown_ = false;        ///< several in a row become one
    int strip_spaces_ = 0;             ///< leading spaces that decoding drops
    std::vector<int> before_, after_;  ///< template
};

/// Decodes token by token; a character is given out once all of its bytes have come.
class TokenStream {
public:
    explicit TokenStream(const Tokenizer& tokenizer) : tokenizer_(tokenizer), strip_(tokenizer.strip_spaces_) {}
    std::string push(int token);
    std::string finish();  ///< the rest, incomplete characters as U+FFFD

private:
    const Tokenizer& tokenizer_;
    int strip_;
    std::string pending_;
};

}  // namespace superlane
