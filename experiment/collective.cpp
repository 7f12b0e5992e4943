// SPDX-License-Identifier: Apache-2.0
// Compiles, runs on every chip, compares; figures from what was simulated.
#include "experiment/collective.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/collective_values.hpp"
#include "experiment/stopwatch.hpp"

namespace superlane::experiment {
namespace {

using compiler::Collective;
using compiler::CollectiveKind;

/// nccl-tests, doc/PERFORMANCE.md.
double bus_factor(CollectiveKind kind, double members) {
    switch (kind) {
        case CollectiveKind::AllReduce:
            return 2 * (members - 1) / members;
        case CollectiveKind::AllGather:
        case CollectiveKind::ReduceScatter:
            return (members - 1) / members;
        default:
            return 1;
    }
}

/// Programs are given up as soon as they are prepared: thousands of chips have as many.
std::vector<sim::Launch> launches(Collective& collective, const models::Chip& chip) {
    std::vector<std::shared_ptr<const sim::PreparedProgram>> prepared;
    for (isa::Program& program : collective.programs) {
        prepared.push_back(sim::prepare(chip, program));
        program = {};
    }
    std::vector<sim::Launch> result;
    for (int m = 0; m < collective.graph.members(); ++m)
        result.push_back({.chip = collective.graph.chip(m),
                          .program = prepared[size_t(collective.program_of[size_t(m)])],
                          .links = collective.links[size_t(m)],
                          .name = "collective"});
    return result;
}

void rates(const CollectiveRun& run, const Collective& collective, CollectivePoint& point) {
    const models::Chip& chip = run.system.chip;
    const compiler::CableGraph& graph = collective.graph;
    const double seconds = double(point.cycles) / (chip.clock_mhz * 1e6);
    point.us = 1e6 * seconds;
    point.algorithm_gbytes_per_s = double(point.bytes) / seconds / 1e9;
    point.bus_gbytes_per_s = point.algorithm_gbytes_per_s * bus_factor(collective.options.kind, graph.members());
    double links = double(graph.edges().size()) / graph.members();
    if (collective.options.kind == CollectiveKind::Send || collective.options.kind == CollectiveKind::Broadcast)
        for (int m = 0; m < graph.members(); ++m)
            if (graph.chip(m) == collective.options.from) links = double(graph.out(m).size());
    point.peak_gbytes_per_s = links * run.system.link_bytes_per_s() / 1e9;
    int64_t vectors = 0, busiest = 0;
    for (const int64_t sent : collective.sent) {
        vectors += sent;
        busiest = std::max(busiest, sent);
    }
    point.c2c_bytes = vectors * chip.lanes();
    const double interval = chip.timing.c2c_vector_interval;
    point.link_utilisation = double(vectors) * interval / double(graph.edges().size()) / double(point.cycles);
    point.busiest_link_utilisation = double(busiest) * interval / double(point.cycles);
}

void simulate(const CollectiveRun& run, Collective& collective, CollectivePoint& point) {
    sim::SystemOptions options;
    options.chip.engine = engine_of(run.engine);
    options.chip.data = run.timing_only ? sim::Data::TimingOnly : sim::Data::Functional;
    options.threads = run.threads;
    options.share = run.share;
    sim::SystemMachine machine(run.system, options);
    if (!run.timing_only) write_inputs(machine, collective, run.seed);
    sim::SystemResult result;
    {
        const Stopwatch watch(point.wall_s);
        result = machine.run(launches(collective, run.system.chip));
    }
    SUPERLANE_CHECK(result.hazards.empty(), "collective:", result.hazards.empty() ? "" : result.hazards[0].message());
    SUPERLANE_CHECK(result.cycles == collective.cycles, "collective: simulated", result.cycles, "scheduled",
                    collective.cycles);
    for (const sim::SystemResult::LinkUse& link : result.links)
        point.deepest_fifo = std::max(point.deepest_fifo, link.deepest_fifo);
    point.links = link_loads(result, run.system, 1);
    point.cycles = result.cycles;
    if (!run.timing_only) point.checked = check_outputs(machine, collective, run.seed) > 0;
}

Json point_json(const CollectivePoint& p) {
    return {{"bytes", p.bytes},
            {"algorithm", p.algorithm},
            {"paths", p.paths},
            {"cycles", p.cycles},
            {"us", p.us},
            {"algorithm_gbytes_per_s", p.algorithm_gbytes_per_s},
            {"bus_gbytes_per_s", p.bus_gbytes_per_s},
            {"peak_gbytes_per_s", p.peak_gbytes_per_s},
            {"share_of_peak", p.share_of_peak()},
            {"estimate_cycles", p.estimate_cycles},
            {"bound_cycles", p.bound_cycles},
            {"link_utilisation", p.link_utilisation},
            {"busiest_link_utilisation", p.busiest_link_utilisation},
            {"c2c_bytes", p.c2c_bytes},
            {"links", to_json(p.links)},
            {"slack_cycles", p.slack_cycles},
            {"distinct_programs", p.distinct_programs},
            {"deepest_fifo", p.deepest_fifo},
            {"instruction_bytes", p.instruction_bytes},
            {"checked", p.checked},
            {"digest", p.digest},
            {"simulator", simulator_json(p.wall_s, p.compile_s, p.cycles)}};
}

}  // namespace

CollectivePoint run_collective(const CollectiveRun& run, int64_t bytes) {
    compiler::CollectiveOptions options = run.options;
    options.bytes = bytes;
    CollectivePoint point;
    point.bytes = bytes;
    auto collective = [&] {
        const Stopwatch watch(point.compile_s);
        return compiler::compile_collective(run.system, options);
    }();
    point.algorithm = collective.plan.algorithm;
    point.paths = int(collective.plan.jobs.size()) * collective.plan.parts.count;
    point.estimate_cycles = collective.plan.estimate;
    point.bound_cycles = collective.plan.bound;
    point.slack_cycles = collective.slack;
    point.distinct_programs = int(collective.programs.size());
    point.instruction_bytes = collective.instruction_bytes;
    Digest digest;
    digest.text("superlane collective").number(bytes);
    for (const isa::Program& program : collective.programs) digest.text(program.digest());
    for (const int program : collective.program_of) digest.number(program);
    simulate(run, collective, point);
    rates(run, collective, point);
    digest.number(point.cycles).number(int(point.checked));
    point.digest = digest.hex();
    return point;
}

int64_t parse_size(const std::string& option, const std::string& text) {
    static const std::map<char, int64_t> units{{'K', 1024}, {'k', 1024}, {'M', 1 << 20}, {'G', 1 << 30}};
    std::string digits = text;
    int64_t unit = 1;
    if (!digits.empty() && units.contains(digits.back())) {
        unit = units.at(digits.back());
        digits.pop_back();
    }
    const bool number = !digits.empty() && digits.size() <= 9 &&
                        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!number || std::stoll(digits) == 0)
        throw user_error(option, ": '", text,
                         "' is no size: a positive number of bytes, with K, M or G (of 1024) if wanted");
    return std::stoll(digits) * unit;
}

std::vector<int64_t> parse_sizes(const std::string& option, const std::string& text) {
    std::vector<int64_t> sizes;
    if (const size_t colon = text.find(':'); colon != std::string::npos) {
        const int64_t first = parse_size(option, text.substr(0, colon)),
                      last = parse_size(option, text.substr(colon + 1));
        if (first > last) throw user_error(option, ": '", text, "': the first size is larger than the last");
        for (int64_t size = first; size <= last; size *= 2) sizes.push_back(size);
        return sizes;
    }
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        sizes.push_back(parse_size(option, text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return sizes;
}

Json result_json(const CollectiveRun& run, const std::vector<CollectivePoint>& points,
                 const std::vector<std::string>& command) {
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["collective"] = compiler::collective_names()[size_t(run.options.kind)];
    json["system"] = run.system.name;
    json["chips"] = run.options.chips.empty() ? run.system.chips : int(run.options.chips.size());
    json["chips_per_node"] = run.system.chips_per_node;
    json["dtype"] = compiler::adds(run.options.kind) ? Json(run.options.dtype) : Json();
    json["timing_only"] = run.timing_only;
    json["engine"] = run.engine;
    json["sizes"] = Json::array();
    for (const CollectivePoint& point : points) json["sizes"].push_back(point_json(point));
    json["parameters"] = parameters_json(run.system.chip);
    return json;
}

}  // namespace superlane::experiment
