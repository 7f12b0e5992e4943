// SPDX-License-Identifier: Apache-2.0
// Outcomes of validation as JSON and as the tables of docs/validation.md.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "experiment/validation.hpp"

namespace superlane::experiment {
namespace {

using Verdict = ValidationOutcome::Verdict;

std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    return escaped;
}

/// Six digits are more than any source gives; whole numbers are shown whole.
std::string rounded(double value) {
    if (value == std::floor(value)) return plain_number(value);
    std::ostringstream text;
    text.precision(6);
    text << value;
    return text.str();
}

std::string table_line(const ValidationOutcome& outcome) {
    const ValidationRow& row = *outcome.row;
    std::string line = "| `" + std::string(row.key) + "` | " + cell(row.what) + " | " + rounded(row.published) + " " +
                       cell(row.unit) + " | " + cell(row.source) + " | " + std::string(row.mark) + " | " +
                       cell(row.conditions) + " | " + row.tolerance_text() + " | ";
    if (outcome.verdict == Verdict::NotRun) return line + "not run | | |\n";
    line += rounded(outcome.ours) + " " + cell(row.unit) + " | " + outcome.error_text() + " | ";
    line += verdict_name(outcome.verdict);
    if (!outcome.reason.empty()) line += ": " + cell(outcome.reason);
    return line + " |\n";
}

}  // namespace

Json validation_json(const std::vector<ValidationOutcome>& outcomes, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["all_met"] = all_met(outcomes);
    json["rows"] = Json::array();
    for (const ValidationOutcome& outcome : outcomes) {
        const ValidationRow& row = *outcome.row;
        Json one = {{"key", row.key},
                    {"section", row.section},
                    {"what", row.what},
                    {"published", row.published},
                    {"unit", row.unit},
                    {"source", row.source},
                    {"mark", row.mark},
                    {"conditions", row.conditions},
                    {"tolerance", row.tolerance_text()}};
        const bool ran = outcome.verdict != Verdict::NotRun;
        one["ours"] = ran ? Json(outcome.ours) : Json();
        one["error_percent"] = ran ? Json(outcome.error_percent()) : Json();
        one["verdict"] = verdict_name(outcome.verdict);
        if (!outcome.reason.empty()) one["reason"] = outcome.reason;
        json["rows"].push_back(std::move(one));
    }
    return json;
}

std::string validation_markdown(const std::vector<ValidationOutcome>& outcomes) {
    std::string page;
    for (const ValidationSection& section : validation_sections()) {
        std::string lines;
        for (const ValidationOutcome& outcome : outcomes)
            if (outcome.row->section == section.key) lines += table_line(outcome);
        if (lines.empty()) continue;
        page +=
            "### " + std::string(section.title) + "\n\n" + std::string(section.remark) +
            "\n\n| row | what | published | source | mark | conditions | tolerance | ours | difference | verdict |\n"
            "|---|---|---|---|---|---|---|---|---|---|\n" +
            lines + "\n";
    }
    return page;
}

}  // namespace superlane::experiment
