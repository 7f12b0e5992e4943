// SPDX-License-Identifier: Apache-2.0
// The table of validation.def and its verdicts.
#include "experiment/validation.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"
#include "experiment/measured.hpp"

namespace superlane::experiment {
namespace {

using Verdict = ValidationOutcome::Verdict;
using namespace measured;

constexpr ValidationSection sections[] = {
#define SECTION(key, title, remark) ValidationSection{#key, title, remark},
#define ROW(...)
#include "experiment/validation.def"
#undef SECTION
#undef ROW
};

constexpr ValidationRow rows[] = {
#define SECTION(...)
#define ROW(key, section, what, published, unit, source, mark, relation, tolerance, conditions, cost, ours) \
    ValidationRow{#key, #section,           what,      published,  unit,       source,                      \
                  mark, Relation::relation, tolerance, conditions, Cost::cost, [] { return double(ours); }},
#include "experiment/validation.def"
#undef SECTION
#undef ROW
};

bool met(const ValidationRow& row, double ours) {
    const double difference = std::fabs(ours - row.published);
    switch (row.relation) {
        case Relation::Equal:
            return ours == row.published;
        case Relation::Percent:
            return 100 * difference <= row.tolerance * std::fabs(row.published);
        case Relation::Units:
            return difference <= row.tolerance;
        case Relation::AtMost:
            return ours <= row.published;
        case Relation::AtLeast:
            return ours >= row.published;
        case Relation::Below:
            return ours < row.published;
        case Relation::Refused:
            return ours > row.published;
        case Relation::UpTo:
            return ours >= row.published && ours <= row.tolerance;
        case Relation::Shown:
            return true;
    }
    throw InternalError("validation: unknown relation");
}

bool fits(const ValidationRow& row, const std::string& pattern) {
    if (pattern.empty()) return true;
    const bool wild = pattern.find_first_of("*?[") != std::string::npos;
    return fnmatch(wild ? pattern.c_str() : ("*" + pattern + "*").c_str(), std::string(row.key).c_str(), 0) == 0;
}

ValidationOutcome run_row(const ValidationRow& row) {
    try {
        return judge(row, row.ours());
    } catch (const UserError& error) {  // a figure that cannot be had is a miss, and the others are still wanted
        return {&row, Verdict::Missed, 0, error.what()};
    }
}

}  // namespace

std::span<const ValidationSection> validation_sections() { return sections; }
std::span<const ValidationRow> validation_rows() { return rows; }

std::string_view verdict_name(Verdict verdict) {
    constexpr std::string_view names[] = {"pass", "missed", "shown", "not run"};
    return names[size_t(verdict)];
}

std::string ValidationRow::tolerance_text() const {
    switch (relation) {
        case Relation::Equal:
            return "equal";
        case Relation::Percent:
            return "within " + plain_number(tolerance) + " %";
        case Relation::Units:
            return "within " + plain_number(tolerance) + " " + std::string(unit);
        case Relation::AtMost:
            return "at most";
        case Relation::AtLeast:
            return "at least";
        case Relation::Below:
            return "below";
        case Relation::Refused:
            return "must exceed";
        case Relation::UpTo:
            return "up to " + plain_number(tolerance) + " " + std::string(unit);
        case Relation::Shown:
            return "no claim";
    }
    throw InternalError("validation: unknown relation");
}

std::string ValidationOutcome::error_text() const {
    if (ours == row->published) return "0";
    std::ostringstream text;
    text.precision(2);
    text << std::fixed << std::showpos << error_percent() << " %";
    return text.str();
}

ValidationOutcome judge(const ValidationRow& row, double ours) {
    if (row.relation == Relation::Shown) return {&row, Verdict::Shown, ours, ""};
    ValidationOutcome outcome{&row, Verdict::Pass, ours, ""};
    if (met(row, ours)) return outcome;
    outcome.verdict = Verdict::Missed;
    outcome.reason = "ours is " + plain_number(ours) + " " + std::string(row.unit) + ", " + outcome.error_text() +
                     " from the published " + plain_number(row.published) + "; tolerance: " + row.tolerance_text();
    return outcome;
}

std::vector<ValidationOutcome> validate(const std::string& pattern, bool slow) {
    std::vector<ValidationOutcome> outcomes;
    std::vector<std::string> keys;
    for (const ValidationRow& row : rows) {
        keys.emplace_back(row.key);
        if (!fits(row, pattern)) continue;
        if (row.cost == Cost::Slow && !slow)
            outcomes.push_back({&row});
        else
            outcomes.push_back(run_row(row));
    }
    if (outcomes.empty())
        throw user_error("--only ", pattern, ": no row has such a key", nearest_hint(pattern, keys),
                         "; `superlane validate` lists them");
    return outcomes;
}

bool all_met(const std::vector<ValidationOutcome>& outcomes) {
    return std::none_of(outcomes.begin(), outcomes.end(),
                        [](const ValidationOutcome& one) { return one.verdict == Verdict::Missed; });
}

}  // namespace superlane::experiment
