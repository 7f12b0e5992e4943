// SPDX-License-Identifier: Apache-2.0
// Chips, and the parameters of all tables.
#include <algorithm>
#include <iostream>

#include "base/error.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "experiment/result.hpp"
#include "experiment/usage.hpp"
#include "models/chip_cost.hpp"
#include "models/cost.hpp"
#include "models/gpu.hpp"
#include "models/system.hpp"

namespace superlane::cli {
namespace {

using experiment::plain_number;

std::string range(const models::ParameterRow& row) { return plain_number(row.low) + ".." + plain_number(row.high); }

void print_chip(const models::Chip& chip) {
    std::cout << chip.name << ": " << chip.description << '\n';
    Table facts;
    facts.row({"SRAM",
               grouped(chip.sram_bytes()) + " B, of which " + grouped(chip.text_bytes()) + " B for instruction text"});
    if (chip.has_dram())
        facts.row({"DRAM", grouped(chip.dram_bytes()) + " B, " + fixed(chip.dram_bytes_per_cycle(), 1) + " B/cycle, " +
                               fixed(chip.dram_bytes_per_cycle() * chip.clock_mhz * 1e-3, 1) + " GB/s"});
    facts.row({"SRAM bandwidth", grouped(chip.sram_bytes_per_cycle()) + " B/cycle"});
    facts.row({"stream bandwidth", grouped(chip.stream_bytes_per_cycle()) + " B/cycle, " +
                                       fixed(experiment::stream_bandwidth(chip) / 1e12, 2) +
                                       " TB/s: the bound of decoding"});
    facts.row(
        {"MXM peak", fixed(2e-12 * experiment::peak_macs(chip, false) * chip.clock_mhz * 1e6, 1) + " TOPS int8, " +
                         fixed(2e-12 * experiment::peak_macs(chip, true) * chip.clock_mhz * 1e6, 1) + " TFLOPS fp16"});
    facts.row({"die", fixed(models::die_mm2(chip), 1) + " mm2, " + fixed(models::sum(models::chip_power(chip)), 1) +
                          " W with every unit at full rate: `superlane cost chip` shows the parts"});
    facts.row({"digest", chip.digest()});
    facts.print(std::cout);
    Table table({false, true});
    table.row({"parameter", "value", "unit", "range", "origin", "mark", "source"});
    for (const models::ParameterRow& row : models::chip_parameters()) {
        if (!models::concerns(row, chip)) continue;
        const auto origin = chip.origins.find(std::string(row.key));
        table.row({std::string(row.key), plain_number(row.get(chip)), std::string(row.unit), range(row),
                   origin == chip.origins.end() ? "default" : origin->second, std::string(row.mark),
                   std::string(row.source)});
    }
    table.print(std::cout);
    std::cout << parameter_marks << '\n';
}

/// A row of any table of parameters, as users see it.
struct ShownRow {
    std::string key, owner, unit, mark, source, meaning, range, value;
    bool whole;
};

template <class Row>
ShownRow shown(const Row& row, const char* owner, double value, bool whole) {
    return {std::string(row.key),
            owner,
            std::string(row.unit),
            std::string(row.mark),
            std::string(row.source),
            std::string(row.meaning),
            plain_number(row.low) + ".." + plain_number(row.high),
            value < row.low ? "none" : plain_number(value),
            whole};
}

std::vector<ShownRow> all_parameters() {
    std::vector<ShownRow> rows;
    for (const models::ParameterRow& row : models::chip_parameters())
        rows.push_back(shown(row, "chip", row.get(models::Chip()), row.whole));
    for (const models::SystemParameterRow& row : models::system_parameters())
        rows.push_back(shown(row, "system", row.get(models::System()), row.whole));
    for (const models::GpuParameterRow& row : models::gpu_parameters())
        rows.push_back(shown(row, "GPU", models::Gpu().*row.member, false));
    for (const models::CostParameterRow& row : models::cost_parameters())
        rows.push_back(shown(row, "cost", models::CostParameters().*row.member, false));
    return rows;
}

ShownRow find_parameter(const std::string& key) {
    std::vector<std::string> keys;
    for (const ShownRow& row : all_parameters()) {
        if (row.key == key) return row;
        keys.push_back(row.key);
    }
    throw user_error("unknown parameter '", key, "'", nearest_hint(key, keys));
}

void print_parameter(const ShownRow& row) {
    Table table;
    table.row({"parameter", row.key});
    table.row({"of", row.owner});
    table.row({"meaning", row.meaning});
    table.row({"default", row.value + " " + row.unit});
    table.row({"range", row.range + (row.whole ? ", whole" : "")});
    table.row({"mark", row.mark});
    table.row({"source", row.source});
    table.print(std::cout, "");
}

}  // namespace

void describe_chips(const std::vector<std::string>& names, const std::vector<std::string>& overrides) {
    for (const std::string& name : names) print_chip(models::load_chip(name, overrides));
    if (!names.empty()) return;
    Table table({false, true, true, true});
    table.row({"chip", "SRAM", "streams", "clock", "description"});
    for (const std::string& name : models::chip_names()) {
        const models::Chip chip = models::load_chip(name);
        table.row({name, bytes_text(double(chip.sram_bytes())), grouped(chip.stream_bytes_per_cycle()) + " B/cycle",
                   plain_number(chip.clock_mhz) + " MHz", chip.description});
    }
    table.print(std::cout, "");
}

void describe_parameters(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) print_parameter(find_parameter(key));
    if (!keys.empty()) return;
    Table table({false, false, true});
    table.row({"parameter", "of", "default", "unit", "range", "mark", "meaning"});
    for (const ShownRow& row : all_parameters())
        table.row({row.key, row.owner, row.value, row.unit, row.range, row.mark, row.meaning});
    table.print(std::cout, "");
    std::cout << parameter_marks << '\n';
}

}  // namespace superlane::cli
