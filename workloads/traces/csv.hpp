// SPDX-License-Identifier: Apache-2.0
// Rows of comma-separated values with a header, column by column, with errors that name file, line and column.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace superlane::traces {

/// The fields of one line; quotes around a field and blanks are left out, a comma within quotes stays.
class CsvRow {
public:
    /// UserError when a quote is not closed. The line must outlive the row.
    void split(std::string_view line);
    size_t size() const { return fields_.size(); }
    std::string_view operator[](size_t column) const { return fields_[column]; }
    /// Place of the column of this name; size() when there is none.
    size_t find(std::string_view name) const;

private:
    std::vector<std::string_view> fields_;
};

/// UserError "'text' is no whole number" or "... must be from low to high".
int64_t parse_count(std::string_view text, int64_t low, int64_t high);
/// The same for finite decimal numbers.
double parse_number(std::string_view text, double low, double high);
/// Nanoseconds since 1970 of "2023-11-16 18:17:03.9799600" (a T between, and a zone as +00:00 or Z, may be there).
int64_t parse_date_ns(std::string_view text);

}  // namespace superlane::traces
