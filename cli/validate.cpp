// SPDX-License-Identifier: Apache-2.0
// `superlane validate`: published numbers beside ours.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/validation.hpp"

namespace superlane::cli {
namespace {

std::string value_text(double value, std::string_view unit) {
    return (value == double(int64_t(value)) ? grouped(int64_t(value)) : fixed(value, 3)) + " " + std::string(unit);
}

struct Validate {
    std::string only;
    bool fast = false, markdown = false;
    JsonOutput json;

    static void print(const std::vector<experiment::ValidationOutcome>& outcomes) {
        using Verdict = experiment::ValidationOutcome::Verdict;
        Table table({false, true, true, true});
        table.row({"row", "published", "ours", "difference", "tolerance", "verdict", "source", "what; conditions"});
        for (const auto& one : outcomes) {
            const experiment::ValidationRow& row = *one.row;
            const bool ran = one.verdict != Verdict::NotRun;
            table.row({std::string(row.key), value_text(row.published, row.unit),
                       ran ? value_text(one.ours, row.unit) : "", ran ? one.error_text() : "", row.tolerance_text(),
                       std::string(experiment::verdict_name(one.verdict)),
                       std::string(row.source) + " " + std::string(row.mark),
                       std::string(row.what) + "; " + std::string(row.conditions)});
        }
        table.print(std::cout, "");
        for (const auto& one : outcomes)
            if (!one.reason.empty()) std::cout << "missed: " << one.row->key << ": " << one.reason << '\n';
    }

    static void demand_all(const std::vector<experiment::ValidationOutcome>& outcomes) {
        std::string missed;
        int count = 0;
        for (const auto& one : outcomes)
            if (one.verdict == experiment::ValidationOutcome::Verdict::Missed) {
                missed += (missed.empty() ? "" : ", ") + std::string(one.row->key);
                ++count;
            }
        if (count > 0)
            throw NotMet(std::to_string(count) + " of " + std::to_string(outcomes.size()) +
                         (count == 1 ? " rows missed its tolerance: " : " rows missed their tolerance: ") + missed);
    }

    void run() {
        json.open();
        const auto outcomes = experiment::validate(only, !fast);
        json.write(experiment::validation_json(outcomes, command_line()));
        if (markdown)
            std::cout << experiment::validation_markdown(outcomes);
        else if (!json.on_stdout())
            print(outcomes);
        demand_all(outcomes);
    }
};

}  // namespace

Action define_validate(CLI::App& app) {
    const auto command = std::make_shared<Validate>();
    app.add_option("--only", command->only, "rows whose key has this in it; * and ? as in file names")
        ->type_name("PATTERN");
    app.add_flag("--fast", command->fast, "leave out rows that take long");
    command->json.define(app);
    app.get_option("--json")->expected(0, 1)->default_str("-");
    app.add_flag("--markdown", command->markdown, "the tables of docs/validation.md")->excludes("--json");
    return [command] { command->run(); };
}

}  // namespace superlane::cli
