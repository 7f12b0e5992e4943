// SPDX-License-Identifier: Apache-2.0
// The parts that result files share.
#include "experiment/result.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {

extern const char* const source_digest;  // written by source_digest.cmake

const char* version() { return SUPERLANE_VERSION; }

std::string full_version() {
    constexpr size_t digits = 12;
    return std::string(version()) + " (sources " + std::string(source_digest, digits) + ")";
}

std::string plain_number(double value) {
    std::ostringstream text;
    text.precision(12);
    text << value;
    return text.str();
}

Json parameters_json(const models::Chip& chip) {
    Json all = Json::object();
    for (const models::ParameterRow& row : models::chip_parameters()) {
        if (!models::concerns(row, chip)) continue;
        const std::string key(row.key);
        const auto origin = chip.origins.find(key);
        const double value = row.get(chip);
        Json& entry = all[key] = Json::object();
        if (row.whole)
            entry["value"] = int64_t(std::llround(value));
        else
            entry["value"] = value;
        entry["origin"] = origin == chip.origins.end() ? "default" : origin->second;
        entry["unit"] = row.unit;
        entry["mark"] = row.mark;
        entry["source"] = row.source;
    }
    return all;
}

models::Chip chip_of(const nlohmann::json& result, const std::string& file) {
    models::Chip chip;
    chip.name = JsonObject(result, file).text("chip");
    const nlohmann::json& table = JsonObject(result, file).at("parameters");
    const JsonObject parameters(table, file + ": parameters");
    for (const models::ParameterRow& row : models::chip_parameters()) {
        const std::string key(row.key);
        if (row.key.starts_with("dram.") && !parameters.has(key)) continue;  // a chip without
        const JsonObject entry(parameters.at(key), file + ": parameters: " + key);
        const double value = entry.number("value", row.low, row.high);
        if (row.whole && value != std::floor(value)) entry.fail("value", "must be a whole number");
        row.set(chip, value);
        const std::string origin = entry.text("origin");
        if (origin != "default") chip.origins[key] = origin;
    }
    return chip;
}

Json hazards_json(const std::vector<sim::Hazard>& hazards) {
    Json list = Json::array();
    const auto instruction = [](const sim::InstructionRef& ref) {
        return Json{{"queue", ref.queue}, {"position", ref.position}, {"line", ref.line}, {"text", ref.text}};
    };
    for (const sim::Hazard& hazard : hazards) {
        Json one = {{"kind", sim::hazard_name(hazard.kind)},
                    {"cycle", hazard.cycle},
                    {"slice", hazard.slice},
                    {"stream", hazard.stream}};
        one["message"] = hazard.message();
        one["instructions"] = Json::array();
        for (const auto* ref : {&hazard.a, &hazard.b})
            if (!ref->queue.empty()) one["instructions"].push_back(instruction(*ref));
        list.push_back(std::move(one));
    }
    return list;
}

Json simulator_json(double wall_s, double compile_s, int64_t cycles) {
    return {{"wall_s", wall_s},
            {"chip_cycles_per_s", wall_s > 0 ? double(cycles) / wall_s : 0.0},
            {"compile_s", compile_s}};
}

void check_scheduler(const std::string& scheduler) {
    if (scheduler == "asap" || scheduler == "list" || scheduler == "random") return;
    const std::string seed = scheduler.starts_with("random:") ? scheduler.substr(7) : "";
    if (!seed.empty() && seed.size() <= 18 && seed.find_first_not_of("0123456789") == std::string::npos) return;
    throw user_error("--scheduler ", scheduler, ": must be asap, list or random:SEED",
                     nearest_hint(scheduler, {"asap", "list", "random"}));
}

sim::Engine engine_of(const std::string& name) {
    if (name == "fast") return sim::Engine::Fast;
    if (name == "kernel") return sim::Engine::Kernel;
    throw user_error("--engine ", name, ": must be fast or kernel", nearest_hint(name, {"fast", "kernel"}));
}

void check_vcd(const std::string& engine, const std::string& file) {
    if (file.empty()) return;
    if (engine_of(engine) != sim::Engine::Kernel)
        throw user_error("--vcd needs --engine kernel: only slices that are processes have waveforms");
    if (!file.ends_with(".vcd")) throw user_error("--vcd ", file, ": the name must end in .vcd");
}

bool is_half(const std::string& dtype) {
    if (dtype == "fp16") return true;
    if (dtype == "int8") return false;
    throw user_error("--dtype ", dtype, ": must be fp16 or int8", nearest_hint(dtype, {"fp16", "int8"}));
}

void check_run(const std::string& what, int64_t scheduled_cycles, const sim::RunResult& run) {
    if (!run.hazards.empty())
        throw InternalError(what + ": the compiled program has a hazard: " + run.hazards[0].message());
    SUPERLANE_CHECK(!run.stopped, what, "was stopped");
    SUPERLANE_CHECK(run.cycles == scheduled_cycles, what, "simulated cycles", run.cycles, "scheduled cycles",
                    scheduled_cycles);
}

}  // namespace superlane::experiment
