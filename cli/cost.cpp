// SPDX-License-Identifier: Apache-2.0
// `superlane cost`: area, power and price of a chip by contributor, price of GPUs, price of tokens.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "experiment/cost_report.hpp"

namespace superlane::cli {
namespace {

using experiment::CostReport;
using experiment::plain_number;

std::string usd(double amount) { return fixed(amount, amount < 1 ? 4 : 2) + " USD"; }

void print_contributors(const char* title, const char* unit, const std::vector<models::Contributor>& contributors) {
    const double total = models::sum(contributors);
    std::cout << title << '\n';
    Table table({false, true, true});
    for (const models::Contributor& one : contributors)
        table.row({std::string(one.name), fixed(one.amount, 1) + " " + unit, percent(one.amount / total)});
    table.row({"total", fixed(total, 1) + " " + unit, ""});
    table.print(std::cout);
}

void print_chip(const CostReport& report) {
    const models::ChipCost& cost = report.cost;
    print_contributors("Area of one chip", "mm2", report.area);
    print_contributors("Power of one chip, every unit at full rate", "W", report.power);
    std::cout << "Cost of one chip\n";
    Table table({false, true});
    table.row({"die", usd(cost.die_usd),
               grouped(int64_t(cost.dies)) + " dies a wafer, " + percent(cost.yield) + " of them good"});
    table.row({"package, test", usd(cost.package_usd)});
    if (cost.dram_usd > 0) table.row({"DRAM", usd(cost.dram_usd)});
    table.row({"rest of the system", usd(cost.board_usd)});
    table.row({"owning, an hour", usd(cost.owning_usd_per_hour)});
    table.row({"power, an hour", usd(cost.power_usd_per_hour)});
    table.print(std::cout);
    if (cost.beyond_reticle)
        std::cout << "The die is larger than what a scanner exposes at once, "
                  << plain_number(report.prices.parameters.reticle_mm2) << " mm2: it could not be made so.\n";
    Table parameters({false, true});
    parameters.row({"parameter", "value", "unit", "origin", "mark", "source"});
    for (const models::CostParameterRow& row : models::cost_parameters()) {
        const auto origin = report.prices.origins.find(std::string(row.key));
        parameters.row({std::string(row.key), plain_number(report.prices.parameters.*row.member), std::string(row.unit),
                        origin == report.prices.origins.end() ? "default" : origin->second, std::string(row.mark),
                        std::string(row.source)});
    }
    parameters.print(std::cout);
}

void print(const CostReport& report) {
    if (!report.priced_by_set) print_chip(report);
    Table table({false, true});
    table.row({grouped(report.devices) + " x " + report.device, usd(report.usd_per_hour) + " an hour"});
    if (report.usd_per_million_tokens > 0) table.row({"tokens", usd(report.usd_per_million_tokens) + " a million"});
    table.print(std::cout, "");
    if (!report.prices.name.empty())
        std::cout << "Prices: " << report.prices.name << ", " << report.prices.date << ", " << report.prices.source
                  << " (" << report.prices.mark << ")\n";
}

struct Cost {
    experiment::CostOptions options;
    JsonOutput json;

    void run() {
        json.open();
        const CostReport report = experiment::cost_of(options);
        json.write(experiment::cost_json(report, command_line()));
        if (!json.on_stdout()) print(report);
    }
};

}  // namespace

Action define_cost(CLI::App& app) {
    const auto command = std::make_shared<Cost>();
    experiment::CostOptions& options = command->options;
    app.add_option("WHAT", options.what, "chip, system or gpu")->required();
    app.add_option("NAME", options.name, "which, by name or JSON file")->required();
    app.add_option("--prices", options.prices, "a price set that ships (models/prices) or a JSON file")
        ->type_name("NAME|FILE");
    app.add_option("--count", options.count, "how many of it")->capture_default_str()->type_name("N");
    app.add_option("--tokens-per-second", options.tokens_per_second, "their speed: gives the price of a million tokens")
        ->type_name("X");
    add_repeatable(app, "--set", options.overrides, "set a parameter of the cost, chip or system, as wafer.usd=5000")
        ->type_name("KEY=VALUE");
    command->json.define(app);
    return [command] { command->run(); };
}

}  // namespace superlane::cli
