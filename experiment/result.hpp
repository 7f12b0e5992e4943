// SPDX-License-Identifier: Apache-2.0
// What every result file has: version, command, configuration, chip parameters with origins; and reading it back.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "models/chip.hpp"
#include "sim/hazards.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {

using Json = nlohmann::ordered_json;  ///< keys in the order they are written: equal runs give equal bytes

const char* version();
/// "0.1.0 (sources 1a2b3c4d5e6f)", with a digest of the sources that decide results: what is kept from run to run is
/// kept under it.
std::string full_version();

/// {key: {value, origin, unit, mark, source}} of every parameter; origin "default" when nothing set it.
Json parameters_json(const models::Chip& chip);
/// The chip that parameters_json() described, from any machine: `file` heads the messages.
models::Chip chip_of(const nlohmann::json& result, const std::string& file);
/// A parameter's value without a tail of zeros: "900", "0.6".
std::string plain_number(double value);

Json hazards_json(const std::vector<sim::Hazard>& hazards);
/// {wall_s, chip_cycles_per_s, compile_s}
Json simulator_json(double wall_s, double compile_s, int64_t cycles);

/// UserError unless asap, list, random or random:SEED.
void check_scheduler(const std::string& scheduler);
/// "fast" or "kernel"; UserError for others.
sim::Engine engine_of(const std::string& name);
/// UserError unless the engine can write this waveform ("" = none).
void check_vcd(const std::string& engine, const std::string& file);
/// UserError unless fp16 or int8; true for fp16.
bool is_half(const std::string& dtype);

/// Throws InternalError when the compiler's cycles are not the simulator's, or the program has hazards: both are ours
/// to mend.
void check_run(const std::string& what, int64_t scheduled_cycles, const sim::RunResult& run);

}  // namespace superlane::experiment
