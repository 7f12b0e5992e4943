// SPDX-License-Identifier: Apache-2.0
// Reads a program, runs it, keeps what was asked for.
#include "experiment/program_run.hpp"

#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/faults.hpp"
#include "experiment/shown_region.hpp"
#include "experiment/stopwatch.hpp"
#include "experiment/usage.hpp"
#include "isa/assembler.hpp"
#include "isa/program_file.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

Json shown_json(const std::vector<ShownRegion>& shown) {
    Json list = Json::array();
    for (const ShownRegion& region : shown)
        list.push_back({{"name", region.name}, {"type", region.type}, {"words", region.words}});
    return list;
}

void feed_shown(Digest& digest, const std::vector<ShownRegion>& shown) {
    for (const ShownRegion& region : shown) {
        digest.text(region.name).text(region.type);
        for (const auto& word : region.words) digest.numbers(std::span<const double>(word));
    }
}

}  // namespace

bool is_assembly(const std::string& file) { return file.ends_with(".asm") || file.ends_with(".s"); }

std::string chip_named_in(const std::string& file) {
    if (!is_assembly(file)) return isa::load_program(file).chip;
    std::ifstream text(file);
    for (std::string line; std::getline(text, line);) {
        std::istringstream words(line);
        std::string directive, name;
        if (words >> directive >> name && directive == ".chip") return name;
    }
    return "";
}

isa::Program read_program(const std::string& file, const models::Chip& chip) {
    if (is_assembly(file)) return isa::assemble_file(file, {chip.name, chip.digest(), chip.geometry});
    isa::Program program = isa::load_program(file);
    if (program.chip_digest != chip.digest())
        throw user_error(file, ": the program is for chip '", program.chip, "' (digest ",
                         program.chip_digest.substr(0, 12), "), not for '", chip.name, "' as set here (digest ",
                         chip.digest().substr(0, 12), "): a static schedule is right for one geometry and timing only");
    return program;
}

ProgramRunResult run_program(const ProgramRunOptions& options) {
    const isa::Program program = read_program(options.program, options.chip);
    if (options.timing_only && !options.show.empty()) throw user_error("--show needs values; leave out --timing-only");
    for (const std::string& request : options.show) check_shown(request, program);
    const auto prepared = sim::prepare(options.chip, program);
    sim::Machine machine(options.chip, {.engine = engine_of(options.engine),
                                        .data = options.timing_only ? sim::Data::TimingOnly : sim::Data::Functional,
                                        .chrome_trace_file = options.trace_file,
                                        .vcd_file = options.vcd_file,
                                        .faults = parse_faults(options.faults, options.chip)});
    machine.load(program);
    ProgramRunResult result;
    {
        const Stopwatch watch(result.wall_s);
        result.run = machine.run(prepared);
    }
    result.program_digest = program.digest();
    result.instruction_bytes = program.instruction_bytes();
    for (const std::string& request : options.show) result.shown.push_back(read_shown(request, program, machine));
    Digest digest;
    digest.text("superlane run").text(options.chip.digest()).text(result.program_digest).number(result.run.cycles);
    digest.number(int(options.timing_only)).number(result.run.corrected_ecc);
    for (const sim::Hazard& hazard : result.run.hazards) digest.text(hazard.message());
    feed_shown(digest, result.shown);
    result.digest = digest.hex();
    return result;
}

Json to_json(const ProgramRunOptions& options) {
    return {{"program", options.program},
            {"engine", options.engine},
            {"timing_only", options.timing_only},
            {"show", options.show},
            {"faults", options.faults}};
}

ProgramRunOptions program_run_options(const nlohmann::json& result, const std::string& file) {
    const nlohmann::json& configuration = JsonObject(result, file).at("configuration");
    const JsonObject from(configuration, file + ": configuration");
    ProgramRunOptions options{.program = from.text("program"),
                              .chip = chip_of(result, file),
                              .engine = from.text("engine"),
                              .timing_only = from.boolean_or("timing_only", false)};
    const auto read_list = [&](const char* key, std::vector<std::string>& list) {
        for (const auto& request : from.at(key)) {
            if (!request.is_string()) from.fail(key, "must be a list of strings");
            list.push_back(request);
        }
    };
    read_list("show", options.show);
    read_list("faults", options.faults);
    return options;
}

Json result_json(const ProgramRunOptions& options, const ProgramRunResult& result,
                 const std::vector<std::string>& command) {
    Usage usage;
    usage.add(result.run.cycles, result.run.counters);
    Json json;
    json["version"] = version();
    json["command"] = command;
    json["chip"] = options.chip.name;
    json["program_digest"] = result.program_digest;
    json["cycles"] = result.run.cycles;
    json["last_tile_cycles"] = result.run.last_tile_cycles;
    json["stopped"] = result.run.stopped;
    json["sram_read_bytes"] = usage.sram_read_bytes(options.chip);
    json["stream_utilisation"] = usage.stream_utilisation(options.chip);
    json["mxm_utilisation"] = usage.mxm_utilisation(options.chip);
    json["instruction_bytes"] = result.instruction_bytes;
    json["energy_j"] = usage.joules;
    json["corrected_ecc"] = result.run.corrected_ecc;
    json["hazards"] = hazards_json(result.run.hazards);
    json["shown"] = shown_json(result.shown);
    json["digest"] = result.digest;
    json["simulator"] = simulator_json(result.wall_s, 0, result.run.cycles);
    json["configuration"] = to_json(options);
    json["parameters"] = parameters_json(options.chip);
    return json;
}

}  // namespace superlane::experiment
