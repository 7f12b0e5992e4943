// SPDX-License-Identifier: Apache-2.0
// Rows of validation.def about many chips: diameters, hops, collectives, whole models.
#include "base/error.hpp"
#include "experiment/collective.hpp"
#include "experiment/decode.hpp"
#include "experiment/measured.hpp"
#include "models/network.hpp"

namespace superlane::experiment::measured {

double diameter(const std::string& system, const std::vector<std::string>& overrides) {
    const models::System loaded = models::load_system(system, overrides);
    return models::Network(loaded).uniform_traffic().diameter;
}

double hop_cycles() {
    CollectiveRun run{.system = models::load_system("tsp-v1-node")};
    run.options.kind = compiler::CollectiveKind::Send;
    run.options.from = 0;
    run.options.to = 1;
    // The least that is sent is a row of fp16, two vectors: the second is one interval behind.
    return double(run_collective(run, 2 * run.system.chip.lanes()).cycles - run.system.chip.timing.c2c_vector_interval);
}

double all_reduce_percent(int64_t bytes) {
    CollectiveRun run{.system = models::load_system("tsp-v1-node")};
    run.options.kind = compiler::CollectiveKind::AllReduce;
    return 100 * run_collective(run, bytes).share_of_peak();
}

namespace {

DecodeOptions one_token(const std::string& model, const std::string& system, int context, const std::string& dtype) {
    DecodeOptions options{.model = model, .tokens = 1, .context = context, .dtype = dtype};
    options.system = models::load_system(system);
    options.chip = options.system->chip;
    options.timing_only = true;
    options.position = context - 1;
    options.prefill_rows = 1;
    options.calibrated = true;
    return options;
}

}  // namespace

double calibrated_tokens_per_second(const std::string& model, const std::string& system, int context) {
    return run_decode(one_token(model, system, context, "int8")).calibrated->tokens_per_second;
}

double refused(const std::string& model, const std::string& system, const std::string& dtype) {
    try {
        run_decode(one_token(model, system, 4096, dtype));
        return 0;
    } catch (const UserError& error) {
        if (std::string(error.what()).find("does not fit") == std::string::npos) throw;  // refused for another reason
        return 1;
    }
}

}  // namespace superlane::experiment::measured
