// SPDX-License-Identifier: Apache-2.0
// Speculation's options and figures as JSON.
#include <nlohmann/json.hpp>

#include "experiment/json_keys.hpp"
#include "experiment/speculation.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {

Json to_json(const SpeculationOptions& options) {
    Json json = {{"draft", options.draft}, {"tokens", options.tokens}};
    if (!options.dtype.empty()) json["dtype"] = options.dtype;
    if (options.acceptance) {
        json["acceptance"] = *options.acceptance;
        json["seed"] = options.seed;
    }
    return json;
}

SpeculationOptions speculation_options(const nlohmann::json& object, const std::string& where) {
    const JsonObject from(object, where);
    check_keys(object, where, {"draft", "tokens", "dtype", "acceptance", "seed"});
    SpeculationOptions options{.draft = from.text("draft"), .tokens = int(from.integer("tokens", 1, most_speculated))};
    if (from.has("dtype")) options.dtype = from.choice("dtype", {"fp16", "int8"});
    if (from.has("acceptance")) options.acceptance = from.number("acceptance", 0, 1);
    options.seed = from.integer_or("seed", options.seed, 0, INT64_MAX);
    return options;
}

Json to_json(const SpeculationFigures& figures) {
    const auto by_token = [&](double all) { return all / double(figures.tokens); };
    return {{"draft", figures.draft},
            {"draft_layers", figures.draft_layers},
            {"draft_chips", figures.draft_chips},
            {"draft_tp", figures.draft_tp},
            {"draft_pp", figures.draft_pp},
            {"tokens", figures.tokens},
            {"proposed", figures.proposed},
            {"accepted", figures.accepted},
            {"acceptance_rate", figures.acceptance_rate()},
            {"verifications", figures.verifications()},
            {"accepted_by_verification", figures.accepted_by_verification},
            {"tokens_per_verification", figures.tokens_per_verification()},
            {"draft_steps", figures.draft_steps},
            {"draft_prefill_cycles", figures.draft_prefill_cycles},
            {"draft_cycles", figures.draft_cycles},
            {"verify_cycles", figures.verify_cycles},
            {"draft_us_per_token", by_token(figures.draft_us)},
            {"verify_us_per_token", by_token(figures.verify_us)},
            {"speculative_us_per_token", figures.us_per_token()},
            {"plain_us_per_token", by_token(figures.plain_us)},
            {"speedup", figures.speedup()},
            {"simulator", {{"wall_s", figures.wall_s}, {"compile_s", figures.compile_s}}}};
}

}  // namespace superlane::experiment
