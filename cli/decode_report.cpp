// SPDX-License-Identifier: Apache-2.0
// Cycles, speed, bounds, memory, operators, energy and the comparison of a decode, each with its unit.
#include "cli/decode_report.hpp"

#include <algorithm>
#include <iostream>
#include <numeric>

#include "cli/speculation.hpp"
#include "cli/text.hpp"
#include "experiment/prefill_rows.hpp"
#include "experiment/usage.hpp"

namespace superlane::cli {
namespace {

using experiment::DecodeOptions;
using experiment::DecodeResult;
using experiment::plain_number;

void add_speed(Table& table, const DecodeOptions& options, const DecodeResult& result) {
    const models::Chip& chip = options.chip;
    const double mean = result.mean_cycles();
    const bool fewer = options.prefill_rows == 0 && result.prefill_rows < experiment::usual_prefill_rows;
    table.row({"prefill", grouped(result.prefill_cycles) + " cycles" +
                              (fewer ? ", at most " + counted(result.prefill_rows, "token") + " a step" : "")});
    if (result.cycles_per_token.empty()) return;
    const auto [least, most] = std::minmax_element(result.cycles_per_token.begin(), result.cycles_per_token.end());
    table.row({"decode", grouped(int64_t(mean + 0.5)) + " cycles a token (" + grouped(*least) + " to " +
                             grouped(*most) + "), " + fixed(1e6 * experiment::chip_seconds(chip, mean), 2) + " us"});
    const double speed = result.tokens_per_second(chip);
    table.row({"speed", (result.memory.dram > 0 ? fixed(speed, 2) : grouped(int64_t(speed + 0.5))) + " tokens/s at " +
                            plain_number(chip.clock_mhz) + " MHz" +
                            (result.batch > 1 ? ", " + std::to_string(result.batch) + " requests" : "")});
}

/// Apart from the scheduled speed, and called what it is.
void add_calibrated(Table& table, const DecodeResult& result) {
    if (!result.calibrated) return;
    table.row({"calibrated",
               grouped(int64_t(result.calibrated->tokens_per_second + 0.5)) +
                   " tokens/s, fitted, not simulated: " + plain_number(result.calibrated->overhead_us_per_layer) +
                   " us added to each layer, fitted on " + result.calibrated->fitted_on});
}

void add_bounds(Table& table, const DecodeOptions& options, const DecodeResult& result) {
    const models::Chip& chip = options.chip;
    const auto& usage = result.measured();
    const double bound = result.weight_bound(chip);
    const std::string groups =
        result.system && result.system->split.tp > 1 ? " x " + std::to_string(result.system->split.tp) + " chips" : "";
    table.row({"weight bound",
               grouped(int64_t(bound + 0.5)) + " cycles = " + grouped(result.weight_bytes) + " B of weights / " +
                   (result.memory.dram > 0 ? fixed(chip.dram_bytes_per_cycle(), 1) + " B/cycle of DRAM"
                                           : grouped(chip.stream_bytes_per_cycle()) + " B/cycle of streams") +
                   groups + "; decode takes " + fixed(bound > 0 ? result.mean_cycles() / bound : 0, 2) +
                   " times that"});
    if (result.memory.dram > 0)
        table.row({"DRAM", percent(usage.dram_utilisation(chip)) + " of " +
                               fixed(chip.dram_bytes_per_cycle() * chip.clock_mhz * 1e-3, 1) + " GB/s; " +
                               grouped(usage.dram_read_bytes(chip)) + " B read"});
    table.row({"streams", percent(usage.stream_utilisation(chip)) + " of " +
                              fixed(experiment::stream_bandwidth(chip) / 1e12, 2) + " TB/s filled from SRAM"});
    table.row({"SRAM ports", percent(usage.sram_utilisation(chip)) + " of " + grouped(chip.sram_bytes_per_cycle()) +
                                 " B/cycle; " + grouped(usage.sram_read_bytes(chip)) + " B read"});
    table.row({"MXM", percent(usage.mxm_utilisation(chip)) + " of its " + options.dtype + " multiply-accumulates"});
}

void add_memory(Table& table, const DecodeOptions& options, const DecodeResult& result) {
    const compiler::MemoryUse& use = result.memory;
    table.row({"SRAM use", bytes_text(double(use.weights)) + " weights, " + bytes_text(double(use.kv)) +
                               " keys and values (" + counted(result.kv_pages.all(), "page") + " of " +
                               std::to_string(result.kv_pages.page_tokens()) + " tokens), " +
                               bytes_text(double(use.tables)) + " tables, " + bytes_text(double(use.scratch)) +
                               " scratch of " + bytes_text(double(options.chip.sram_bytes()))});
    if (use.dram > 0)
        table.row({"DRAM use",
                   bytes_text(double(use.dram)) + " weights of " + bytes_text(double(options.chip.dram_bytes()))});
    table.row({"instructions", bytes_text(double(result.instruction_bytes)) + " in the longest program of " +
                                   bytes_text(double(options.chip.text_limit()))});
    table.row({"energy", joules_text(result.prefill.joules + result.decode.joules) + ", " +
                             joules_text(result.energy_per_token()) + " a token (proxy, rows marked A)"});
}

void add_distance(Table& table, const std::string& name, const experiment::Distance& distance) {
    std::string tokens = distance.tokens_equal()
                             ? "all " + std::to_string(distance.positions) + " tokens equal"
                             : percent(distance.top1_share()) + " of " + std::to_string(distance.positions) +
                                   " tokens equal, first other at " + std::to_string(distance.first_difference);
    table.row({name, tokens + "; logits: largest difference " + plain_number(distance.max_relative_difference) +
                         " of the largest, cosine " + fixed(distance.cosine, 6)});
}

void print_operators(const DecodeResult& result) {
    if (result.operators.empty()) return;
    Table table({false, true, true, false});
    table.row({"operator", "cycles a token", "share", "kind"});
    const double all =
        double(std::accumulate(result.cycles_per_token.begin(), result.cycles_per_token.end(), int64_t(0)));
    for (const auto& one : result.operators)
        table.row({one.name, grouped(int64_t(double(one.cycles) / double(result.cycles_per_token.size()) + 0.5)),
                   percent(double(one.cycles) / all), std::string(experiment::operator_kind(one.name))});
    table.print(std::cout);
    std::string totals;
    for (const auto& kind : experiment::kind_totals(result.operators))
        totals += (totals.empty() ? "  " : ", ") + kind.name + " " + percent(double(kind.cycles) / all);
    std::cout << totals << '\n';
}

/// What takes the largest part of the time.
std::string bound_line(const DecodeResult& result) {
    const auto kinds = experiment::kind_totals(result.operators);
    const auto largest =
        std::max_element(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.cycles < b.cycles; });
    const std::string bound = largest->name == "memory"    ? "the streams that bring the weights"
                              : largest->name == "network" ? "the network: chips wait for each other's results"
                                                           : "latency: operations on the chip wait for each other";
    if (largest->name == "memory" && result.memory.dram > 0) return "Bound by the DRAM that brings the weights.\n";
    return "Bound by " + bound +
           ". `superlane explain stream_bandwidth`: why the streams, not the advertised 80 TB/s, are the bound of "
           "decoding.\n";
}

std::string dead_nodes_text(const DecodeOptions& options) {
    std::string text = options.dead_nodes.size() == 1 ? "node " : "nodes ";
    for (const int node : options.dead_nodes)
        text += (node == options.dead_nodes[0] ? "" : ", ") + std::to_string(node);
    return text + ", with a dead chip each; " + counted(options.system->chips, "chip") +
           (options.system->chips == 1 ? " is left" : " are left");
}

void add_system(Table& table, const DecodeOptions& options, const experiment::SystemFigures& figures) {
    table.row({"split", std::to_string(figures.chips) + " of " + counted(options.system->chips, "chip") + ": " +
                            counted(figures.split.pp, "stage") + " of " + std::to_string(figures.split.tp)});
    table.row({"latency", fixed(figures.latency_us, 2) + " us a token, " + fixed(figures.host_us, 2) +
                              " us of it for the host's link"});
    table.row({"throughput", grouped(int64_t(figures.throughput_tokens_per_second + 0.5)) + " tokens/s with " +
                                 std::to_string(figures.requests_in_flight) + " in flight, a batch each " +
                                 grouped(figures.interval_cycles) + " cycles; the longest stage takes " +
                                 grouped(figures.longest_stage_cycles) + ", " +
                                 std::to_string(figures.batches_that_fill) + " batches fill the pipeline"});
    table.row({"network", bytes_text(double(figures.c2c_bytes)) + " a token; links in use are busy " +
                              percent(figures.link_utilisation) + ", the fullest " +
                              percent(figures.fullest_link_utilisation)});
    table.row({"programs", std::to_string(figures.distinct_programs) + " distinct"});
    if (!options.dead_nodes.empty()) table.row({"mapped out", dead_nodes_text(options)});
    if (figures.replayed_steps > 0)
        table.row({"replayed",
                   counted(figures.replayed_steps, "step") + " after an uncorrectable link error, which cost " +
                       grouped(figures.replay_cycles) + " cycles, " +
                       fixed(1e6 * experiment::chip_seconds(options.chip, double(figures.replay_cycles)), 2) + " us"});
}

}  // namespace

void print_decode(const DecodeOptions& options, const DecodeResult& result) {
    Table table;
    table.row({"model", result.model.name + ", " + counted(result.model.layers, "layer") + ", " + options.dtype +
                            " on " + (options.system ? options.system->name : options.chip.name) + ", context " +
                            std::to_string(result.context) + (result.timing_only ? ", timing only" : "")});
    add_speed(table, options, result);
    if (options.system) add_system(table, options, *result.system);
    if (result.prefix)
        table.row({"prefix", grouped(result.prefix->tokens) + " tokens' keys and values from host memory: " +
                                 bytes_text(double(result.prefix->bytes)) + ", at most " +
                                 bytes_text(double(result.prefix->bytes_fullest_chip)) + " a chip, " +
                                 fixed(result.prefix->us, 2) + " us before the first token"});
    if (result.speculation) add_speculation(table, *result.speculation);
    add_calibrated(table, result);
    add_bounds(table, options, result);
    add_memory(table, options, result);
    if (result.comparison) {
        add_distance(table, "reference", result.comparison->rounded);
        add_distance(table, "in float32", result.comparison->exact);
    }
    const double cycles = double(result.prefill.cycles + result.decode.cycles);
    table.row({"simulator", duration_text(result.wall_s) + ", " +
                                grouped(int64_t(result.wall_s > 0 ? cycles / result.wall_s : 0)) +
                                " chip cycles/s; compiling " + duration_text(result.compile_s)});
    table.row({"digest", result.digest});
    table.print(std::cout, "");
    print_operators(result);
    std::cout << bound_line(result);
}

}  // namespace superlane::cli
