// SPDX-License-Identifier: Apache-2.0
// Each kind of machine: its step times, room for keys and values, power and price.
#include "experiment/step_times.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "base/error.hpp"
#include "experiment/cost_report.hpp"
#include "experiment/pair.hpp"
#include "experiment/prefill_rows.hpp"
#include "experiment/simulated_steps.hpp"
#include "models/chip_cost.hpp"
#include "serving/gpu_step_time.hpp"

namespace superlane::experiment {
namespace {

constexpr int served_prefill_rows =
    4;  ///< of longer prompts too: the text of more would not fit at contexts of a thousand tokens

/// What is not about cost.
std::vector<std::string> device_overrides(const MachineOptions& options) {
    std::vector<std::string> others;
    for (const std::string& text : options.overrides)
        if (!models::is_cost_parameter(models::parse_override(text).first)) others.push_back(text);
    return others;
}

double hourly(const MachineOptions& options, const char* what, const std::string& name, int64_t count) {
    return cost_of(
               {.what = what, .name = name, .prices = options.prices, .overrides = options.overrides, .count = count})
        .usd_per_hour;
}

ServingMachine gpus(const MachineOptions& options, const std::string& model) {
    const auto [count, name] = device_count(options.gpu);
    const models::Gpu gpu = models::load_gpu(name, device_overrides(options));
    const models::GpuWork work = models::gpu_work(gpu, find_llm(model), options.dtype, count);
    const int64_t room = models::kv_capacity_tokens(gpu, work);
    if (room <= 0)
        throw user_error("model '", work.model, "' does not fit ", count, " x ", gpu.name, ": ",
                         plain_number(1e-9 * work.weight_bytes), " GB of ", options.dtype,
                         " weights a device, which has ", plain_number(gpu.memory_gb * gpu.memory_usable),
                         " GB usable");
    ServingMachine machine{.description = std::to_string(count) + " x " + gpu.name + ", " + options.dtype,
                           .error_meaning = "of the published points kept aside, root mean square",
                           .time = std::make_unique<serving::GpuStepTime>(gpu, work)};
    machine.kv_element_bytes = work.dtype.kv_bytes;
    machine.kv_tokens = room;
    machine.page_tokens = int64_t(gpu.page_tokens);
    machine.idle_watts = serving::idle_watts(gpu, count);
    machine.devices = count;
    if (!options.prices.empty()) machine.usd_per_hour = hourly(options, "gpu", name, count);
    return machine;
}

/// Middles of pages, since attention goes by whole pages and a mean of contexts lies anywhere in one; each twice as far
/// as the one before. The last position in any case.
std::vector<int64_t> contexts(int64_t page, int64_t last) {
    std::vector<int64_t> positions;
    for (int64_t first = 0; first + page / 2 < last; first = 2 * first + page) positions.push_back(first + page / 2);
    positions.push_back(last);
    return positions;
}

std::vector<int64_t> powers_of_two(int64_t most) {
    std::vector<int64_t> values;
    for (int64_t value = 1; value < most; value *= 2) values.push_back(value);
    values.push_back(most);
    return values;
}

DecodeOptions simulated_options(const MachineOptions& options, const std::string& model,
                                const std::function<int64_t()>& longest) {
    constexpr int usual_batch = 4;
    DecodeOptions decode;
    decode.model = model;
    decode.dtype = options.dtype;
    decode.take_system({.name = options.system, .overrides = device_overrides(options)});
    if (!decode.system) decode.chip = models::load_system(options.system, device_overrides(options)).chip;
    decode.split = options.split;
    decode.batch = options.batch > 0 ? options.batch : usual_batch;
    decode.prefill_rows = options.prefill_rows > 0 ? options.prefill_rows : std::max(served_prefill_rows, decode.batch);
    decode.context = int(std::max<int64_t>(2, options.context > 0 ? options.context : longest()));
    decode.threads = options.threads;
    return decode;
}

ServingMachine simulated(const MachineOptions& options, const std::string& model,
                         const std::function<int64_t()>& longest) {
    const DecodeOptions decode = simulated_options(options, model, longest);
    const auto steps =
        std::make_shared<SimulatedSteps>(decode, std::make_shared<PointCache>(options.cache), options.note);
    const SimulatedLayout& layout = steps->layout();
    const std::vector<int64_t> places = contexts(layout.page_tokens, decode.context - 1);
    const std::string where = "simulated steps";
    serving::Grid decoding(
        powers_of_two(decode.batch), places,
        [steps](int64_t batch, int64_t context) { return steps->decode(batch, context); }, where, "batch", "context");
    const int64_t rows = std::min<int64_t>(layout.rows, decode.context);
    serving::Grid prefill(
        {rows}, places,
        [steps, last = decode.context - rows](int64_t tokens, int64_t context) {
            return steps->prefill(tokens, std::min(context, last));
        },
        where, "new_tokens", "context");
    const serving::StepCost full = steps->decode(decode.batch, decode.context - 1);
    const int64_t chips = decode.system ? decode.system->chips : 1;
    ServingMachine machine{.description = std::to_string(chips) +
                                          (chips == 1 ? " chip, " : " chips of " + decode.system->name + ", ") + "tp " +
                                          std::to_string(layout.split.tp) + ", pp " + std::to_string(layout.split.pp) +
                                          ", " + options.dtype,
                           .error_meaning = "found by simulating the middles of the intervals that were used",
                           .time = std::make_unique<serving::StepTable>(std::move(decoding), std::move(prefill))};
    machine.kv_tokens = layout.kv_tokens;
    machine.page_tokens = layout.page_tokens;
    machine.pipeline_steps = int64_t(std::ceil(full.latency_s / full.interval_s));
    machine.max_requests = machine.pipeline_steps * decode.batch;
    machine.step_tokens = machine.pipeline_steps * rows;
    machine.max_tokens = decode.context;
    machine.idle_watts = double(chips) * models::static_watts(decode.chip);
    machine.devices = chips;
    machine.usd_per_hour = hourly(options, "system", options.system, 1);
    return machine;
}

ServingMachine given(const MachineOptions& options) {
    const StepFile& steps = *options.steps;
    auto table = std::make_unique<serving::StepTable>(steps.points, "step times");
    ServingMachine machine{.description = steps.description, .error_meaning = "interpolated, at most about"};
    machine.pipeline_steps = std::max<int64_t>(1, steps.pipeline_steps);
    machine.max_requests = steps.max_requests > 0 ? steps.max_requests : table->most_batch() * machine.pipeline_steps;
    machine.step_tokens = steps.step_tokens;
    machine.kv_tokens = steps.kv_tokens;
    machine.idle_watts = steps.idle_watts;
    machine.usd_per_hour = steps.usd_per_hour;
    machine.time = std::move(table);
    return machine;
}

}  // namespace

std::pair<int, std::string> device_count(const std::string& text) {
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || *end != 'x') return {1, text};
    if (count < 1) throw user_error("gpu ", text, ": must be a device or a number of them, as 4xh100");
    return {count, end + 1};
}

ServingMachine make_machine(const MachineOptions& options, const std::string& model,
                            const std::function<int64_t()>& longest) {
    const int kinds = int(!options.gpu.empty()) + int(!options.system.empty()) + int(options.steps.has_value());
    if (kinds != 1) throw user_error("a machine is given by one of gpu, system and step_time; ", kinds, " given");
    if (!options.memory.empty() && options.steps)
        throw user_error("memory: the weights of a pair are on a gpu or a system, not given by step times");
    ServingMachine machine = !options.memory.empty() ? make_pair(options, model)
                             : options.steps         ? given(options)
                             : options.gpu.empty()   ? simulated(options, model, longest)
                                                     : gpus(options, model);
    if (options.idle_watts > 0) machine.idle_watts = options.idle_watts;
    if (options.usd_per_hour > 0) machine.usd_per_hour = options.usd_per_hour;
    return machine;
}

}  // namespace superlane::experiment
