// SPDX-License-Identifier: Apache-2.0
// Plain text for people.
#include "cli/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

namespace superlane::cli {

std::string grouped(int64_t value) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    for (int at = int(digits.size()) - 3; at > 0; at -= 3) digits.insert(size_t(at), ",");
    return value < 0 ? "-" + digits : digits;
}

std::string counted(int64_t count, const std::string& noun) {
    return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string fixed(double value, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string percent(double share) { return fixed(100 * share, share < 0.1 ? 2 : 1) + " %"; }

std::string bytes_text(double bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    while (bytes >= 1000 && unit < 4) {
        bytes /= 1000;
        ++unit;
    }
    return fixed(bytes, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string joules_text(double joules) {
    constexpr const char* units[] = {"MJ", "kJ", "J", "mJ", "uJ", "nJ"};
    int unit = 2;
    for (; joules >= 1000 && unit > 0; --unit) joules /= 1000;
    for (; joules != 0 && joules < 1 && unit < 5; ++unit) joules *= 1000;
    return fixed(joules, 3) + " " + units[unit];
}

std::string duration_text(double seconds) {
    if (seconds < 60) return fixed(seconds, seconds < 10 ? 1 : 0) + " s";
    const int64_t minutes = int64_t(seconds) / 60;
    if (minutes < 60) return std::to_string(minutes) + " min " + std::to_string(int64_t(seconds) % 60) + " s";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

void Table::print(std::ostream& out, const std::string& indent) const {
    std::vector<size_t> widths;
    for (const auto& row : rows_)
        for (size_t c = 0; c < row.size(); ++c) {
            if (widths.size() <= c) widths.push_back(0);
            widths[c] = std::max(widths[c], row[c].size());
        }
    for (const auto& row : rows_) {
        std::string line = indent;
        for (size_t c = 0; c < row.size(); ++c) {
            const std::string pad(widths[c] - row[c].size(), ' ');
            const bool right = c < right_.size() && right_[c];
            line += (c == 0 ? "" : "  ") + (right ? pad + row[c] : row[c] + pad);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

void ProgressBar::show(double share, const std::string& label) {
    const int now = int(100 * std::clamp(share, 0.0, 1.0));
    if (!terminal_ || now == last_percent_) return;
    last_percent_ = now;
    shown_ = true;
    const std::string bar(size_t(now) * 30 / 100, '#');
    std::cerr << "\r\033[K[" << bar << std::string(30 - bar.size(), '.') << "] " << now << " %  " << label
              << std::flush;
}

void ProgressBar::clear() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
    shown_ = false;
}

}  // namespace superlane::cli
