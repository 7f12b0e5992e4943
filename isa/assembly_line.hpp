// SPDX-License-Identifier: Apache-2.0
// One line of assembly as words, with the place of each for error messages.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace superlane::isa {

struct Word {
    std::string_view text;  ///< "," and "->" are words of their own
    int column = 1;
};

/// Words are taken from the front. At the end, `here` points past the last word.
class AssemblyLine {
public:
    AssemblyLine(std::string_view file, int number, std::string_view line) : file_(file), number_(number) {
        split(line.substr(0, line.find(';')));
    }

    bool empty() const { return next_ == words_.size(); }
    Word here() const { return empty() ? end_ : words_[next_]; }
    bool at(std::string_view text) const { return !empty() && words_[next_].text == text; }
    bool accept(std::string_view text) {
        const bool found = at(text);
        next_ += found;
        return found;
    }
    /// The next word; an error that says what is missing if there is none.
    Word take(std::string_view what) {
        if (empty() || at(",") || at("->"))
            fail(here(), "expected ", what, empty() ? ", found the end of the line" : ", found '",
                 empty() ? "" : here().text, empty() ? "" : "'");
        return words_[next_++];
    }
    void finish() const {
        if (!empty()) fail(here(), "unexpected '", here().text, "'");
    }
    int number() const { return number_; }

    template <class... Parts>
    [[noreturn]] void fail(const Word& word, const Parts&... parts) const {
        throw user_error(file_, ":", number_, ":", word.column, ": ", parts...);
    }

private:
    void split(std::string_view line) {
        constexpr std::string_view blanks = " \t\r";
        size_t i = 0;
        while ((i = line.find_first_not_of(blanks, i)) != line.npos) {
            size_t end = i + 1;
            if (line.substr(i, 2) == "->")
                end = i + 2;
            else if (line[i] != ',')
                while (end < line.size() && blanks.find(line[end]) == blanks.npos && line[end] != ',' &&
                       line.substr(end, 2) != "->")
                    ++end;
            words_.push_back({line.substr(i, end - i), int(i) + 1});
            i = end;
        }
        end_ = {"", words_.empty() ? 1 : words_.back().column + int(words_.back().text.size())};
    }

    std::string_view file_;
    int number_;
    std::vector<Word> words_;
    size_t next_ = 0;
    Word end_;
};

}  // namespace superlane::isa
