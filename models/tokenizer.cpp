// SPDX-License-Identifier: Apache-2.0
// Encoding and decoding; the tables come from tokenizer_file.cpp.
#include "models/tokenizer.hpp"

#include <array>
#include <cstdio>

#include "base/error.hpp"
#include "models/text/byte_alphabet.hpp"
#include "models/text/utf8.hpp"

namespace superlane {
namespace {

constexpr std::string_view mark = "\xe2\x96\x81";  // U+2581, sentencepiece's visible space

std::string byte_token(char byte) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", unsigned(uint8_t(byte)));
    return name.data();
}

}  // namespace

Tokenizer Tokenizer::byte_level(int vocabulary) {
    if (vocabulary < 256)
        throw user_error("a model without tokenizer.json has bytes as tokens, but its vocabulary is ", vocabulary,
                         " (allowed: 256 or more)");
    Tokenizer bytes;
    bytes.pieces_.resize(size_t(vocabulary));
    bytes.known_.resize(size_t(vocabulary), true);
    for (size_t byte = 0; byte < 256; ++byte) bytes.pieces_[byte] = std::string(1, char(byte));
    return bytes;
}

Tokenizer Tokenizer::of(const LlmConfig& llm) {
    const std::filesystem::path file = llm.directory / "tokenizer.json";
    if (llm.directory.empty() || !std::filesystem::exists(file)) return byte_level(llm.vocabulary);
    Tokenizer tokenizer = load(file);
    if (tokenizer.vocabulary() > llm.vocabulary)
        throw user_error(file.string(), ": token id ", tokenizer.vocabulary() - 1,
                         " is beyond the model's vocabulary of ", llm.vocabulary);
    tokenizer.pieces_.resize(size_t(llm.vocabulary));
    tokenizer.known_.assign(size_t(llm.vocabulary), true);
    return tokenizer;
}

const Tokenizer::Added* Tokenizer::added_at(std::string_view text, size_t byte) const {
    for (const Added& token : added_)
        if (text.substr(byte).starts_with(token.content)) return &token;
    return nullptr;
}

std::vector<int> Tokenizer::encode(std::string_view text, bool with_template) const {
    std::vector<int> out;
    if (is_byte_level()) {
        for (const char c : text) out.push_back(int(uint8_t(c)));
        return out;
    }
    if (const size_t bad = first_invalid_byte(text); bad != text.size())
        throw user_error("text: byte ", bad, " is not UTF-8");
    if (with_template) out = before_;
    size_t start = 0, at = 0;
    const auto space = [&](size_t byte) { return is_space(uint8_t(text[byte])) && uint8_t(text[byte]) < 0x80; };
    while (at < text.size()) {
        const Added* token = added_at(text, at);
        if (token == nullptr) {
            ++at;
            continue;
        }
        size_t end = at, after = at + token->content.size();
        while (token->strip_left && end > start && space(end - 1)) --end;
        while (token->strip_right && after < text.size() && space(after)) ++after;
        encode_words(text.substr(start, end - start), start == 0, out);
        out.push_back(token->id);
        start = at = after;
    }
    encode_words(text.substr(start), start == 0, out);
    if (with_template) out.insert(out.end(), after_.begin(), after_.end());
    return out;
}

/// Sentencepiece: spaces become visible marks, and a mark may be put in front.
std::string Tokenizer::with_marks(std::string_view text, bool first) const {
    std::string marked;
    for (const char c : text) {
        if (c == ' ')
            marked += mark;
        else
            marked += c;
    }
    const bool wanted = prefix_mark_ == Prefix::always || (prefix_mark_ == Prefix::first && first);
    // The Metaspace splitter does not double a mark; the older normalizer does.
    return wanted && !(split_marks_ && marked.starts_with(mark)) ? std::string(mark) + marked : marked;
}

void Tokenizer::encode_words(std::string_view text, bool first, std::vector<int>& out) const {
    if (text.empty()) return;
    std::string prepared = mapped_bytes_ ? std::string(text) : with_marks(text, first);
    if (prefix_space_ && !prepared.starts_with(' ')) prepared.insert(0, 1, ' ');
    std::vector<std::string_view> words{prepared};
    for (const Splitter splitter : splitters_) {
        std::vector<std::string_view> finer;
        for (const std::string_view word : words)
            for (const std::string_view part : split_words(word, splitter)) finer.push_back(part);
        words = std::move(finer);
    }
    for (std::string_view word : words) {
        for (size_t cut; split_marks_ && (cut = word.find(mark, 1)) != std::string_view::npos; word.remove_prefix(cut))
            encode_word(std::string(word.substr(0, cut)), out);
        encode_word(mapped_bytes_ ? write_bytes(word) : std::string(word), out);
    }
}

void Tokenizer::encode_word(const std::string& word, std::vector<int>& out) const {
    if (const auto whole = words_.find(word); whole_words_ && whole != words_.end()) {
        out.push_back(whole->second);
        return;
    }
    std::vector<int> symbols;
    for (size_t at = 0; at < word.size();) {
        const size_t bytes = size_t(code_point_at(word, at).bytes);
        add_character(std::string_view(word).substr(at, bytes), symbols);
        at += bytes;
    }
    for (const int token : bpe_.merge(std::move(symbols))) out.push_back(token);
}

void Tokenizer::add_character(std::string_view character, std::vector<int>& out) const {
    if (const auto found = words_.find(character); found != words_.end()) {
        out.push_back(found->second);
        return;
    }
    std::vector<int> bytes;
    for (const char c : character)
        if (const auto found = words_.find(byte_token(c)); byte_fallback_ && found != words_.end())
            bytes.push_back(found->second);
    if (bytes.size() == character.size())
        out.insert(out.end(), bytes.begin(), bytes.end());
    else if (unknown_ >= 0 && fuse_unknown_ && !out.empty() && out.back() == unknown_)
        return;
    else if (unknown_ >= 0)
        out.push_back(unknown_);
    else
        throw user_error("text: '", character, "' has no token in the vocabulary");
}

const std::string& Tokenizer::piece(int token) const {
    if (token < 0 || token >= vocabulary() || !known_[size_t(token)])
        throw user_error("token ", token, " is unknown to the tokenizer (allowed: 0 to ", vocabulary() - 1, ")");
    return pieces_[size_t(token)];
}

std::string Tokenizer::decode(std::span<const int> tokens) const {
    TokenStream stream(*this);
    std::string text;
    for (const int token : tokens) text += stream.push(token);
    return text + stream.finish();
}

std::string TokenStream::push(int token) {
    const std::string& piece = tokenizer_.piece(token);
    for (const char c : piece) {
        if (strip_ > 0 && c == ' ') {
            --strip_;
            continue;
        }
        strip_ = 0;  // only spaces before the first character are dropped
        pending_ += c;
    }
    return take_utf8(pending_, false);
}

std::string TokenStream::finish() { return take_utf8(pending_, true); }

}  // namespace superlane
