// SPDX-License-Identifier: Apache-2.0
// Systems: figures, parameters with their origin, and a drawing.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "experiment/output_file.hpp"
#include "experiment/system_drawing.hpp"
#include "experiment/system_facts.hpp"
#include "models/topology.hpp"

namespace superlane::cli {
namespace {

using experiment::SystemFacts;

std::string gigabytes(double bytes_per_s) {
    if (bytes_per_s >= 1e16) return fixed(bytes_per_s / 1e15, 2) + " PB/s";
    return bytes_per_s >= 1e12 ? fixed(bytes_per_s / 1e12, 2) + " TB/s" : fixed(bytes_per_s / 1e9, 2) + " GB/s";
}

std::string operations(double per_s, const char* unit) {
    return per_s >= 1e16 ? fixed(per_s / 1e15, 1) + " P" + unit : fixed(per_s / 1e12, 1) + " T" + unit;
}

std::string bisection_text(const SystemFacts& facts) {
    const models::Bisection& b = facts.bisection;
    std::string text = counted(b.cables, "cable") + ", " + gigabytes(facts.bisection_bytes_per_s) +
                       " each way: " + std::to_string(b.half) + " of " + std::to_string(b.units) + " " + b.unit + "s; ";
    text += b.method == "all halves" ? "least of all halves" : "least of all halves of neighbours, an upper bound";
    if (b.formula < 0) return text;
    return text + (b.formula == b.cables ? "; equal to" : "; not") + " the closed form for this kind, " +
           grouped(b.formula);
}

void print_hops(const SystemFacts& facts, Table& table) {
    std::string hops;
    for (size_t i = 1; i < facts.traffic.pairs_by_hops.size(); ++i)
        hops += (i == 1 ? "" : ", ") + std::to_string(i) + ": " +
                percent(double(facts.traffic.pairs_by_hops[i]) / facts.traffic.chips / (facts.traffic.chips - 1));
    table.row({"diameter", std::to_string(facts.traffic.diameter) +
                               (facts.traffic.diameter == 1 ? " hop, mean " : " hops, mean ") +
                               fixed(facts.traffic.mean_hops, 3)});
    if (facts.traffic.diameter <= 8) table.row({"pairs by hops", hops});
}

void print_facts(const models::System& system, const SystemFacts& facts) {
    std::cout << system.name << ": " << system.description << '\n';
    Table table;
    table.row({"chips", grouped(system.chips) + " of " + system.chip.name + ", " + counted(system.nodes(), "node") +
                            ", " + counted(system.racks(), "rack")});
    table.row({"SRAM", bytes_text(double(facts.sram_bytes))});
    table.row({"MXM peak",
               operations(facts.int8_ops_per_s, "OPS int8, ") + operations(facts.fp16_flops_per_s, "FLOPS fp16")});
    table.row({"stream bandwidth", gigabytes(facts.stream_bytes_per_s)});
    if (!system.cables.empty()) {
        const int few = facts.fewest_links, most = facts.most_links;
        table.row({"topology", system.topology.kind + ", " + counted(int64_t(system.cables.size()), "cable") + ", " +
                                   (few == most ? "" : std::to_string(few) + " to ") + std::to_string(most) + " of " +
                                   std::to_string(system.chip.geometry.links) + " links a chip"});
        table.row({"link", gigabytes(facts.link_bytes_per_s) + " each way; all links of a chip both ways " +
                               gigabytes(2 * most * facts.link_bytes_per_s)});
        print_hops(facts, table);
        table.row({"bisection", bisection_text(facts)});
        table.row({"uniform traffic", gigabytes(facts.global_bytes_per_s_per_chip) +
                                          " from each chip to all others, until the fullest link is full; shortest "
                                          "paths, each pair spread evenly over all of its own"});
        table.row({"cable latency", std::to_string(facts.least_latency) + " to " + std::to_string(facts.most_latency) +
                                        " cycles, mean " + fixed(facts.mean_latency, 2) + "; schedules allow for " +
                                        std::to_string(system.scheduled_latency_cycles())});
    }
    table.print(std::cout);
}

void print_parameters(const models::System& system) {
    Table table({false, true});
    table.row({"parameter", "value", "unit", "origin", "mark", "source"});
    const auto& read = system.topology.kind;
    for (const models::SystemParameterRow& row : models::system_parameters()) {
        const auto origin = system.origins.find(std::string(row.key));
        if (row.key.starts_with("topology.") && !models::reads_parameter(read, row.key)) continue;
        table.row({std::string(row.key), experiment::plain_number(row.get(system)), std::string(row.unit),
                   origin == system.origins.end() ? "default" : origin->second, std::string(row.mark),
                   std::string(row.source)});
    }
    for (const models::ParameterRow& row : models::chip_parameters()) {  // the others: `describe chips`
        const auto origin = system.chip.origins.find(std::string(row.key));
        if (row.key.starts_with("c2c.") || origin != system.chip.origins.end())
            table.row({std::string(row.key), experiment::plain_number(row.get(system.chip)), std::string(row.unit),
                       origin == system.chip.origins.end() ? "default" : origin->second, std::string(row.mark),
                       std::string(row.source)});
    }
    table.print(std::cout);
    std::cout << parameter_marks << '\n';
}

void list_systems() {
    Table table({false, true, true, true});
    table.row({"system", "chips", "nodes", "racks", "chip", "topology", "description"});
    for (const std::string& name : models::system_names()) {
        const models::System system = models::load_system(name);
        table.row({name, grouped(system.chips), grouped(system.nodes()), grouped(system.racks()), system.chip.name,
                   system.topology.kind, system.description});
    }
    table.print(std::cout, "");
    std::cout << "A number N is N chips of tsp-v1: the first N of the smallest of these that has them.\n";
}

}  // namespace

void describe_systems(const std::vector<std::string>& names, const std::vector<std::string>& overrides,
                      const std::string& svg, JsonOutput& json) {
    if (names.empty()) return list_systems();
    for (const std::string& name : names) {
        const models::System system = models::load_system(name, overrides);
        std::unique_ptr<experiment::OutputFile> picture;
        if (!svg.empty()) picture = std::make_unique<experiment::OutputFile>(svg);
        json.open();
        const SystemFacts facts = experiment::facts_of(system);
        if (picture) {
            picture->write(experiment::drawing_svg(system));
            picture->commit();
        }
        json.write(experiment::system_json(system, facts, command_line()));
        if (json.on_stdout()) continue;
        print_facts(system, facts);
        if (!system.cables.empty()) std::cout << experiment::drawing_text(system);
        print_parameters(system);
    }
}

}  // namespace superlane::cli
