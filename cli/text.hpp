// SPDX-License-Identifier: Apache-2.0
// How numbers and tables look, and the progress bar.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace superlane::cli {

std::string grouped(int64_t value);                           ///< 1,234,567
std::string counted(int64_t count, const std::string& noun);  ///< 1 step, 1,234 steps
std::string fixed(double value, int digits);                  ///< 3.14
std::string percent(double share);                            ///< 12.3 %
std::string bytes_text(double bytes);                         ///< 202.4 MB (decimal)
std::string joules_text(double joules);                       ///< 1.23 mJ
std::string duration_text(double seconds);                    ///< 2 min 05 s

/// Columns aligned; the first to the left, numbers (and what follows them) to the right where `right` says so.
class Table {
public:
    explicit Table(std::vector<bool> right = {}) : right_(std::move(right)) {}
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void print(std::ostream& out, const std::string& indent = "  ") const;

private:
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// On a terminal's standard error only; nothing otherwise.
class ProgressBar {
public:
    ProgressBar();
    void show(double share, const std::string& label);
    void clear();
    ~ProgressBar() { clear(); }

private:
    bool terminal_;
    bool shown_ = false;
    int last_percent_ = -1;
};

}  // namespace superlane::cli
