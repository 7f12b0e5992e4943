// SPDX-License-Identifier: Apache-2.0
// Machines that serve a model, by what they are called: GPUs, chips and systems of chips, or given step times.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/result.hpp"
#include "experiment/step_file.hpp"
#include "experiment/system_choice.hpp"
#include "experiment/system_plan.hpp"
#include "serving/step_time.hpp"

namespace superlane::experiment {

/// One of `gpu`, `system` and `steps` is given. Values of 0 are chosen, or as the machine says.
struct MachineOptions {
    std::string name;                    ///< in tables; empty = its description
    std::string gpu;                     ///< "4xh100": so many share every layer
    std::string system;                  ///< as SystemChoice::name
    std::optional<StepFile> steps;       ///< points
    std::string memory;                  ///< "4xh20": they hold the KV cache and do attention, the others the weights
    std::string network = "host-bypassed";  ///< between the two
    int batches = 2;                        ///< of a pair: in flight
    bool overlap = true;                    ///< of a pair: queries leave before keys and values
    std::vector<std::string> overrides;  ///< KEY=VALUE of GPU, system, chip and cost
    std::string dtype = "fp16";
    Split split;                              ///< of a system
    int batch = 0;                            ///< of a system: most requests of one step
    int prefill_rows = 0;                     ///< of a system: most tokens of a prompt in one step
    int64_t context = 0;                      ///< of a system: positions of a request; else the longest request
    std::string prices;                       ///< price set; empty: a GPU has no price, a chip what the parameters give
    double usd_per_hour = 0, idle_watts = 0;  ///< instead of what the machine says
    /// Where and how, which no result depends on: not in to_json().
    std::string cache;                             ///< directory of simulated steps, see PointCache
    int threads = 1;                               ///< of the simulator
    std::function<void(const std::string&)> note;  ///< hears of each step that is simulated, before it is
};

/// Step times, and what they say of the machine; 0 = nothing.
struct ServingMachine {
    std::string description;
    std::string error_meaning;  ///< what time->error_bound() is
    std::shared_ptr<const serving::StepTime> time;
    double kv_element_bytes = 2;
    int64_t kv_tokens = 0;  ///< room for keys and values
    int64_t max_requests = 0, step_tokens = 0, pipeline_steps = 0, page_tokens = 0;
    int64_t max_tokens = 0;  ///< of a request
    double idle_watts = 0, usd_per_hour = 0;
    int64_t devices = 0;
    bool even_steps = false;  ///< see ServerOptions
};

/// "4xh100": how many, and of which device. UserError when less than one.
std::pair<int, std::string> device_count(const std::string& text);

/// `longest` is called where the machine must know the most tokens of a request. UserError for what is unknown, does
/// not fit or has no price.
ServingMachine make_machine(const MachineOptions& options, const std::string& model,
                            const std::function<int64_t()>& longest);

/// {"gpu": "4xh100", "dtype": ..., "prices": ...}, {"system": "tsp-v1-576", "tp": 8, ...} or {"step_time": FILE, list
/// of files, or what step_json() writes}. UserError names unknown keys.
MachineOptions parse_machine(const nlohmann::json& value, const std::string& where);
Json to_json(const MachineOptions& options);

}  // namespace superlane::experiment
