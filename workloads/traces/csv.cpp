// SPDX-License-Identifier: Apache-2.0
// Fields, numbers and dates of text, without the locale.
#include "workloads/traces/csv.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/error.hpp"

namespace superlane::traces {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    return text;
}

template <class Number>
Number parse(std::string_view text, Number low, Number high, const char* kind) {
    Number value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::invalid_argument || stop != text.data() + text.size())
        throw user_error("'", text.substr(0, 40), "' is no ", kind);
    if (error != std::errc() || !(value >= low && value <= high))
        throw user_error(text, " must be from ", low, " to ", high);
    return value;
}

/// Takes `digits` digits off the front, and the character `after` when it is not 0.
int take(std::string_view& rest, size_t digits, char after) {
    const size_t length = digits + (after != 0);
    if (rest.size() < length || (after != 0 && rest[digits] != after && !(after == ' ' && rest[digits] == 'T')))
        throw user_error("no date");
    const int value = int(parse<int64_t>(rest.substr(0, digits), 0, 9999, "number"));
    rest.remove_prefix(length);
    return value;
}

/// ".9799600" as nanoseconds; further digits are cut off.
int64_t take_fraction_ns(std::string_view& rest) {
    if (rest.empty() || rest.front() != '.') return 0;
    rest.remove_prefix(1);
    int64_t ns = 0, weight = 100'000'000;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), weight /= 10)
        ns += weight * (rest.front() - '0');
    return ns;
}

int64_t take_zone_s(std::string_view& rest) {
    if (rest.empty()) return 0;
    const char sign = rest.front();
    rest.remove_prefix(1);
    if (sign == 'Z') return 0;
    if (sign != '+' && sign != '-') throw user_error("no date");
    const int hours = take(rest, 2, ':'), minutes = take(rest, 2, 0);
    return (sign == '-' ? -60 : 60) * (60 * hours + minutes);
}

int64_t date_ns(std::string_view rest) {
    using namespace std::chrono;
    const int year_number = take(rest, 4, '-');  // nanoseconds of later years do not fit 64 bits
    const year y(year_number >= 1970 && year_number <= 2200 ? year_number : 0);
    const month m(unsigned(take(rest, 2, '-')));
    const day d(unsigned(take(rest, 2, ' ')));
    const int hour = take(rest, 2, ':'), minute = take(rest, 2, ':'), second = take(rest, 2, 0);
    const year_month_day date(y, m, d);
    if (int(y) == 0 || !date.ok() || hour > 23 || minute > 59 || second > 60) throw user_error("no date");
    const int64_t fraction = take_fraction_ns(rest), zone = take_zone_s(rest);
    if (!rest.empty()) throw user_error("no date");
    const int64_t days = sys_days(date).time_since_epoch().count();
    return (((days * 24 + hour) * 60 + minute) * 60 + second - zone) * 1'000'000'000 + fraction;
}

}  // namespace

void CsvRow::split(std::string_view line) {
    fields_.clear();
    bool quoted = false;
    size_t begin = 0;
    for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] != ',' || quoted) continue;
        fields_.push_back(trimmed(line.substr(begin, i - begin)));
        begin = i + 1;
    }
    if (quoted) throw user_error("a quote is not closed");
    fields_.push_back(trimmed(line.substr(begin)));
}

size_t CsvRow::find(std::string_view name) const {
    return size_t(std::find(fields_.begin(), fields_.end(), name) - fields_.begin());
}

int64_t parse_count(std::string_view text, int64_t low, int64_t high) { return parse(text, low, high, "whole number"); }

double parse_number(std::string_view text, double low, double high) { return parse(text, low, high, "number"); }

int64_t parse_date_ns(std::string_view text) {
    try {
        return date_ns(text);
    } catch (const UserError&) {
        throw user_error("'", text.substr(0, 40), "' is no date, as 2023-11-16 18:17:03.97");
    }
}

}  // namespace superlane::traces
