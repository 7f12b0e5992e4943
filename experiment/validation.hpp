// SPDX-License-Identifier: Apache-2.0
// Published numbers beside ours: the rows of validation.def, computed and judged.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/result.hpp"

namespace superlane::experiment {

/// What must hold between ours and the published value.
enum class Relation { Equal, Percent, Units, AtMost, AtLeast, Below, Refused, UpTo, Shown };
enum class Cost { Fast, Slow };

struct ValidationSection {
    std::string_view key, title, remark;
};

struct ValidationRow {
    std::string_view key, section, what;
    double published;
    std::string_view unit, source, mark;
    Relation relation;
    double tolerance;
    std::string_view conditions;
    Cost cost;
    double (*ours)();

    std::string tolerance_text() const;  ///< "within 0.5 %"
};

struct ValidationOutcome {
    enum class Verdict { Pass, Missed, Shown, NotRun };
    const ValidationRow* row = nullptr;
    Verdict verdict = Verdict::NotRun;
    double ours = 0;
    std::string reason;  ///< of a miss

    double error_percent() const { return 100 * (ours - row->published) / row->published; }
    std::string error_text() const;
};

std::span<const ValidationSection> validation_sections();
std::span<const ValidationRow> validation_rows();
/// "pass", "missed", "shown", "not run".
std::string_view verdict_name(ValidationOutcome::Verdict verdict);

/// A row against a value of ours.
ValidationOutcome judge(const ValidationRow& row, double ours);
/// Rows whose key fits the pattern ("" = all; * and ? as in file names, else a part of the key). UserError when none
/// does. Without `slow` rows marked so are not run.
std::vector<ValidationOutcome> validate(const std::string& pattern, bool slow);

bool all_met(const std::vector<ValidationOutcome>& outcomes);
Json validation_json(const std::vector<ValidationOutcome>& outcomes, const std::vector<std::string>& command);
/// The tables of docs/validation.md.
std::string validation_markdown(const std::vector<ValidationOutcome>& outcomes);

}  // namespace superlane::experiment
