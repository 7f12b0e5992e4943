// SPDX-License-Identifier: Apache-2.0
// Step times as rows of columns.
#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "experiment/step_file.hpp"
#include "workloads/traces/csv.hpp"

namespace superlane::experiment {
namespace {

/// The named columns of one row.
class Columns {
public:
    Columns(const std::string& header, const std::string& where) {
        header_.split(header);
        const auto& known = step_point_keys();
        for (const char* name : {"batch", "context", "latency_s"})
            if (!has(name))
                throw user_error(where, ": no column '", name,
                                 "'; expected batch,context,latency_s and, where known, new_tokens,interval_s,joules");
        for (size_t i = 0; i < header_.size(); ++i)
            if (std::find(known.begin(), known.end(), header_[i]) == known.end())
                throw user_error(where, ": unknown column '", header_[i], "'", nearest_hint(header_[i], known));
    }

    void split(const std::string& line) {
        row_.split(line);
        if (row_.size() != header_.size()) throw user_error(row_.size(), " fields, the header has ", header_.size());
    }
    bool has(std::string_view name) const { return header_.find(name) < header_.size(); }
    int64_t count(const char* name, int64_t low) const {
        return value(name, low, [&](auto text) { return traces::parse_count(text, low, most_count); });
    }
    double number(const char* name, double otherwise, double low, double high) const {
        return value(name, otherwise, [&](auto text) { return traces::parse_number(text, low, high); });
    }

private:
    /// `otherwise` where there is no such column.
    template <class Value, class Parse>
    Value value(const char* name, Value otherwise, const Parse& parse) const {
        if (!has(name)) return otherwise;
        try {
            return parse(row_[header_.find(name)]);
        } catch (const UserError& error) {
            throw user_error("column '", name, "': ", error.what());
        }
    }

    traces::CsvRow header_, row_;
};

serving::StepPoint point(const Columns& row) {
    serving::StepPoint point{
        .batch = row.count("batch", 1), .context = row.count("context", 0), .new_tokens = row.count("new_tokens", 1)};
    point.cost.latency_s = row.number("latency_s", 0, least_step_s, most_step_s);
    point.cost.interval_s = row.number("interval_s", point.cost.latency_s, least_step_s, most_step_s);
    point.cost.joules = row.number("joules", 0, 0, most_joules);
    check_point(point, "row");
    return point;
}

}  // namespace

StepFile parse_step_csv(const std::string& text, const std::string& where) {
    std::istringstream lines(text);
    std::string header, line;
    std::getline(lines, header);
    Columns columns(header, where);
    StepFile steps;
    for (int number = 2; std::getline(lines, line); ++number) {
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        try {
            columns.split(line);
            steps.points.push_back(point(columns));
            steps.points.back().line = number;
        } catch (const UserError& error) {
            throw user_error(where, ": line ", number, ": ", error.what());
        }
    }
    return steps;
}

}  // namespace superlane::experiment
