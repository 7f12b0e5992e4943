// SPDX-License-Identifier: Apache-2.0
// Each function below matches one alternative of an expression at a byte and gives the end of the match.
#include "models/text/pretokenize.hpp"

#include <string>

#include "models/text/utf8.hpp"

namespace superlane {
namespace {

/// A text with a cursor's view of its code points; past the end every class is false.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}
    size_t size() const { return text_.size(); }
    size_t next(size_t byte) const { return byte + size_t(code_point_at(text_, byte).bytes); }
    bool letter(size_t byte) const { return byte < size() && is_letter(point(byte)); }
    bool number(size_t byte) const { return byte < size() && is_number(point(byte)); }
    bool space(size_t byte) const { return byte < size() && is_space(point(byte)); }
    bool line_break(size_t byte) const { return byte < size() && (text_[byte] == '\r' || text_[byte] == '\n'); }
    bool blank(size_t byte) const { return byte < size() && text_[byte] == ' '; }
    bool other(size_t byte) const { return byte < size() && !letter(byte) && !number(byte) && !space(byte); }
    std::string_view text() const { return text_; }

    template <class Class>
    size_t run(size_t byte, Class in_class, size_t limit = SIZE_MAX) const {
        for (; limit > 0 && byte < size() && in_class(byte); --limit) byte = next(byte);
        return byte;
    }

private:
    uint32_t point(size_t byte) const { return code_point_at(text_, byte).value; }
    std::string_view text_;
};

/// 's|'t|'re|'ve|'m|'ll|'d
size_t contraction(const Scanner& s, size_t at, bool ignore_case) {
    if (s.text()[at] != '\'') return at;
    for (const std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"}) {
        std::string found(s.text().substr(at + 1, tail.size()));
        if (ignore_case)
            for (char& c : found)
                if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
        if (found == tail) return at + 1 + tail.size();
    }
    return at;
}

/// \s+(?!\S)|\s+ : leaves the last space before a word to that word, unless it is the only one.
size_t spaces(const Scanner& s, size_t at) {
    size_t end = at, last = at;
    while (s.space(end)) last = end, end = s.next(end);
    return end == s.size() || last == at ? end : last;
}

size_t gpt2(const Scanner& s, size_t at) {
    if (const size_t end = contraction(s, at, false); end != at) return end;
    const size_t word = s.blank(at) ? at + 1 : at;
    if (s.letter(word)) return s.run(word, [&](size_t b) { return s.letter(b); });
    if (s.number(word)) return s.run(word, [&](size_t b) { return s.number(b); });
    if (s.other(word)) return s.run(word, [&](size_t b) { return s.other(b); });
    return spaces(s, at);
}

/// \s*[\r\n]+ : up to the last line break of a run of spaces.
size_t line_breaks(const Scanner& s, size_t at) {
    size_t end = at;
    for (size_t byte = at; s.space(byte); byte = s.next(byte))
        if (s.line_break(byte)) end = byte + 1;
    return end;
}

size_t llama3(const Scanner& s, size_t at, size_t digits) {
    if (const size_t end = contraction(s, at, true); end != at) return end;
    const bool skip = !s.line_break(at) && !s.letter(at) && !s.number(at);
    const size_t word = skip ? s.next(at) : at;
    if (s.letter(word)) return s.run(word, [&](size_t b) { return s.letter(b); });
    if (s.number(at))
        return s.run(
            at, [&](size_t b) { return s.number(b); }, digits);
    const size_t mark = s.blank(at) ? at + 1 : at;
    if (s.other(mark)) {
        const size_t end = s.run(mark, [&](size_t b) { return s.other(b); });
        return s.run(end, [&](size_t b) { return s.line_break(b); });
    }
    if (const size_t end = line_breaks(s, at); end != at) return end;
    return spaces(s, at);
}

size_t digit_pieces(const Scanner& s, size_t at, bool alone) {
    if (s.number(at)) return alone ? s.next(at) : s.run(at, [&](size_t b) { return s.number(b); });
    return s.run(at, [&](size_t b) { return !s.number(b); });
}

size_t match(const Scanner& s, size_t at, Splitter splitter) {
    switch (splitter) {
        case Splitter::gpt2:
            return gpt2(s, at);
        case Splitter::llama3:
            return llama3(s, at, 3);
        case Splitter::qwen2:
            return llama3(s, at, 1);
        case Splitter::digits:
            return digit_pieces(s, at, true);
        case Splitter::digit_runs:
            return digit_pieces(s, at, false);
    }
    return s.size();
}

}  // namespace

const char* splitter_pattern(Splitter splitter) {
    switch (splitter) {
        case Splitter::gpt2:
            return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
        case Splitter::llama3:
            return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
        case Splitter::qwen2:
            return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
        default:
            return nullptr;
    }
}

std::vector<std::string_view> split_words(std::string_view text, Splitter splitter) {
    const Scanner scanner(text);
    std::vector<std::string_view> words;
    for (size_t at = 0; at < text.size();) {
        const size_t end = match(scanner, at, splitter);
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

}  // namespace superlane
