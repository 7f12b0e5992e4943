// SPDX-License-Identifier: Apache-2.0
// Chips and their parameters.
#include <algorithm>
#include <iostream>

#include "base/error.hpp"
#include "cli/describe.hpp"
#include "cli/text.hpp"
#include "experiment/result.hpp"
#include "experiment/usage.hpp"
#include "models/chip.hpp"

namespace superlane::cli {
namespace {

using experiment::plain_number;

std::string range(const models::ParameterRow& row) { return plain_number(row.low) + ".." + plain_number(row.high); }

constexpr const char* marks =
    "Marks: P published by the maker, T told by practitioners' public programs, D derived, A assumed.";

void print_chip(const models::Chip& chip) {
    std::cout << chip.name << ": " << chip.description << '\n';
    Table facts;
    facts.row({"SRAM",
               grouped(chip.sram_bytes()) + " B, of which " + grouped(chip.text_bytes()) + " B for instruction text"});
    facts.row({"SRAM bandwidth", grouped(chip.sram_bytes_per_cycle()) + " B/cycle"});
    facts.row({"stream bandwidth", grouped(chip.stream_bytes_per_cycle()) + " B/cycle, " +
                                       fixed(experiment::stream_bandwidth(chip) / 1e12, 2) +
                                       " TB/s: the bound of decoding"});
    facts.row(
        {"MXM peak", fixed(2e-12 * experiment::peak_macs(chip, false) * chip.clock_mhz * 1e6, 1) + " TOPS int8, " +
                         fixed(2e-12 * experiment::peak_macs(chip, true) * chip.clock_mhz * 1e6, 1) + " TFLOPS fp16"});
    facts.row({"digest", chip.digest()});
    facts.print(std::cout);
    Table table({false, true});
    table.row({"parameter", "value", "unit", "range", "origin", "mark", "source"});
    for (const models::ParameterRow& row : models::chip_parameters()) {
        const auto origin = chip.origins.find(std::string(row.key));
        table.row({std::string(row.key), plain_number(row.get(chip)), std::string(row.unit), range(row),
                   origin == chip.origins.end() ? "default" : origin->second, std::string(row.mark),
                   std::string(row.source)});
    }
    table.print(std::cout);
    std::cout << marks << '\n';
}

const models::ParameterRow& find_parameter(const std::string& key) {
    std::vector<std::string> keys;
    for (const models::ParameterRow& row : models::chip_parameters()) {
        if (row.key == key) return row;
        keys.emplace_back(row.key);
    }
    throw user_error("unknown parameter '", key, "'", nearest_hint(key, keys));
}

void print_parameter(const models::ParameterRow& row) {
    Table table;
    table.row({"parameter", std::string(row.key)});
    table.row({"meaning", std::string(row.meaning)});
    table.row({"default", plain_number(row.get(models::Chip())) + " " + std::string(row.unit)});
    table.row({"range", range(row) + (row.whole ? ", whole" : "")});
    table.row({"mark", std::string(row.mark)});
    table.row({"source", std::string(row.source)});
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
    Table table({false, true});
    table.row({"parameter", "default", "unit", "range", "mark", "meaning"});
    for (const models::ParameterRow& row : models::chip_parameters())
        table.row({std::string(row.key), plain_number(row.get(models::Chip())), std::string(row.unit), range(row),
                   std::string(row.mark), std::string(row.meaning)});
    table.print(std::cout, "");
    std::cout << marks << '\n';
}

}  // namespace superlane::cli
