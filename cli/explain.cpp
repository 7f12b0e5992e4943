// SPDX-License-Identifier: Apache-2.0
// `superlane explain`: what a figure means.
#include <iostream>

#include "cli/command.hpp"
#include "cli/text.hpp"
#include "experiment/metrics.hpp"

namespace superlane::cli {
namespace {

void print_metric(const experiment::Metric& metric) {
    Table table;
    table.row({"metric", std::string(metric.key)});
    table.row({"unit", std::string(metric.unit)});
    table.row({"meaning", std::string(metric.definition)});
    table.row({"formula", std::string(metric.formula)});
    table.print(std::cout, "");
}

void print_list() {
    Table table;
    for (const experiment::Metric& metric : experiment::metrics())
        table.row({std::string(metric.key), std::string(metric.unit), std::string(metric.definition)});
    table.print(std::cout, "");
}

void print_markdown() {
    std::cout << "# Metrics\n\nWritten by `superlane explain --markdown`; shares are of 1.\n\n| metric | unit | "
                 "meaning | formula |\n|---|---|---|---|\n";
    for (const experiment::Metric& metric : experiment::metrics())
        std::cout << "| `" << metric.key << "` | " << metric.unit << " | " << metric.definition << " | "
                  << metric.formula << " |\n";
}

}  // namespace

Action define_explain(CLI::App& app) {
    const auto names = std::make_shared<std::vector<std::string>>();
    const auto markdown = std::make_shared<bool>(false);
    app.add_option("METRIC", *names, "figures to explain; all when left out");
    app.add_flag("--markdown", *markdown, "the reference page docs/reference/metrics.md");
    return [names, markdown] {
        if (*markdown) return print_markdown();
        if (names->empty()) return print_list();
        for (const std::string& name : *names) print_metric(experiment::find_metric(name));
    };
}

}  // namespace superlane::cli
