// SPDX-License-Identifier: Apache-2.0
// Error lines joined from their parts; the nearest known name for their tail.
#include "base/error.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace superlane {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row[b.size()];
}

}  // namespace

void LinePart::append_to(std::string& line) const {
    char digits[32];
    switch (kind_) {
        case Kind::text:
            line += text_;
            return;
        case Kind::character:
            line += char(integer_);
            return;
        case Kind::integer:
            line += std::to_string(integer_);
            return;
        case Kind::natural:
            line += std::to_string(uint64_t(integer_));
            return;
        case Kind::real:
            line.append(digits, size_t(std::snprintf(digits, sizeof digits, "%g", real_)));
    }
}

UserError joined_user_error(std::initializer_list<LinePart> parts) {
    std::string line;
    for (const LinePart& part : parts) part.append_to(line);
    return UserError(line);
}

void joined_check_failed(const char* file, int line, const char* condition, std::initializer_list<LinePart> values) {
    std::string text = std::string(file) + ":" + std::to_string(line) + ": check failed: " + condition;
    for (const LinePart& value : values) {
        text += ' ';
        value.append_to(text);
    }
    throw InternalError(text);
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
    const std::string* best = nullptr;
    size_t best_distance = name.size() / 2 + 2;  // farther than this is not a slip of the pen
    for (const std::string& candidate : candidates) {
        const size_t distance = edit_distance(name, candidate);
        if (distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best ? *best : std::string();
}

std::string nearest_hint(std::string_view name, const std::vector<std::string>& candidates) {
    const std::string near = nearest_name(name, candidates);
    return near.empty() ? near : " (nearest: '" + near + "')";
}

}  // namespace superlane
