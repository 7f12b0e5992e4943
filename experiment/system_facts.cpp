// SPDX-License-Identifier: Apache-2.0
// Figures of a system from its chip, its cables and its network.
#include "experiment/system_facts.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/usage.hpp"

namespace superlane::experiment {
namespace {

void count_cables(const models::System& system, SystemFacts& facts) {
    std::vector<int> links(size_t(system.chips), 0);
    int64_t sum = 0;
    if (!system.cables.empty()) facts.least_latency = facts.most_latency = system.cables[0].latency_cycles[0];
    for (const models::Cable& cable : system.cables)
        for (size_t end = 0; end < 2; ++end) {
            const int latency = cable.latency_cycles[end];
            ++links[size_t(cable.ends[end].chip)];
            facts.least_latency = std::min(facts.least_latency, latency);
            facts.most_latency = std::max(facts.most_latency, latency);
            sum += latency;
        }
    if (!system.cables.empty()) facts.mean_latency = double(sum) / (2 * double(system.cables.size()));
    facts.fewest_links = *std::min_element(links.begin(), links.end());
    facts.most_links = *std::max_element(links.begin(), links.end());
}

}  // namespace

Json system_parameters_json(const models::System& system) {
    Json all = Json::object();
    for (const models::SystemParameterRow& row : models::system_parameters()) {
        const auto origin = system.origins.find(std::string(row.key));
        const double value = row.get(system);
        Json& entry = all[std::string(row.key)] = Json::object();
        if (row.whole)
            entry["value"] = int64_t(std::llround(value));
        else
            entry["value"] = value;
        entry["origin"] = origin == system.origins.end() ? "default" : origin->second;
        entry["unit"] = row.unit;
        entry["mark"] = row.mark;
        entry["source"] = row.source;
    }
    return all;
}

SystemFacts facts_of(const models::System& system) {
    SystemFacts facts;
    facts.traffic = models::Network(system).uniform_traffic();
    facts.bisection = models::bisection(system);
    count_cables(system, facts);
    const double chips = system.chips, hertz = system.chip.clock_mhz * 1e6;
    facts.sram_bytes = system.chips * system.chip.sram_bytes();
    facts.stream_bytes_per_s = chips * stream_bandwidth(system.chip);
    facts.int8_ops_per_s = chips * 2 * peak_macs(system.chip, false) * hertz;
    facts.fp16_flops_per_s = chips * 2 * peak_macs(system.chip, true) * hertz;
    facts.link_bytes_per_s = system.link_bytes_per_s();
    facts.global_bytes_per_s_per_chip = facts.traffic.bytes_per_s_per_chip(facts.link_bytes_per_s);
    facts.bisection_bytes_per_s = double(facts.bisection.cables) * facts.link_bytes_per_s;
    return facts;
}

Json system_json(const models::System& system, const SystemFacts& facts, const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["system"] = system.name;
    json["description"] = system.description;
    json["chip"] = system.chip.name;
    json["topology"] = system.topology.kind;
    json["chips"] = system.chips;
    json["nodes"] = system.nodes();
    json["racks"] = system.racks();
    json["cables"] = system.cables.size();
    json["links_per_chip"] = {{"min", facts.fewest_links}, {"max", facts.most_links}};
    json["diameter_hops"] = facts.traffic.diameter;
    json["mean_hops"] = facts.traffic.mean_hops;
    json["pairs_by_hops"] = facts.traffic.pairs_by_hops;
    json["bisection"] = {{"cables", facts.bisection.cables},
                         {"gbytes_per_s", facts.bisection_bytes_per_s / 1e9},
                         {"unit", facts.bisection.unit},
                         {"units", facts.bisection.units},
                         {"units_on_one_side", facts.bisection.half},
                         {"method", facts.bisection.method}};
    if (facts.bisection.formula >= 0) json["bisection"]["formula_cables"] = facts.bisection.formula;
    json["link_gbytes_per_s"] = facts.link_bytes_per_s / 1e9;
    json["global_gbytes_per_s_per_chip"] = facts.global_bytes_per_s_per_chip / 1e9;
    json["cable_latency_cycles"] = {
        {"min", facts.least_latency}, {"mean", facts.mean_latency}, {"max", facts.most_latency}};
    json["scheduled_latency_cycles"] = system.scheduled_latency_cycles();
    json["sram_bytes"] = facts.sram_bytes;
    json["stream_tbytes_per_s"] = facts.stream_bytes_per_s / 1e12;
    json["int8_tops"] = facts.int8_ops_per_s / 1e12;
    json["fp16_tflops"] = facts.fp16_flops_per_s / 1e12;
    json["system_parameters"] = system_parameters_json(system);
    json["parameters"] = parameters_json(system.chip);
    return json;
}

}  // namespace superlane::experiment
