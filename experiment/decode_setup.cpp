// SPDX-License-Identifier: Apache-2.0
// Checks the options of a decode against model and chip.
#include "experiment/decode_setup.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "experiment/full_pipeline.hpp"

namespace superlane::experiment {
namespace {

constexpr std::string_view weight_places[] = {"auto", "sram", "dram"};

void check_numbers(const DecodeOptions& options) {
    const auto within = [](const char* name, int64_t value, int64_t low, int64_t high) {
        if (value < low || value > high) throw user_error(name, " ", value, ": must be from ", low, " to ", high);
    };
    within("--tokens", options.tokens, 1, 1'000'000);
    within("--context", options.context, 0, 10'000'000);
    within("--batch", options.batch, 0, 4096);
    within("--layers", options.layers, 0, 100'000);
    within("--position", options.position, 0, 10'000'000);
    within("--in-flight", options.in_flight, 0, 4096);
    within("--prefill-rows", options.prefill_rows, 0, 4096);
    within("--kv-from-host", options.kv_from_host, 0, 10'000'000);
    check_scheduler(options.scheduler);
    check_vcd(options.engine, options.vcd_file);
    if (!options.prompts.empty() && !options.prompt_ids.empty())
        throw user_error("--prompt and --prompt-ids exclude each other");
}

/// What timing alone cannot give, and what a run with values cannot do.
void check_mode(const DecodeOptions& options, const DecodeSetup& setup, bool has_weights) {
    const std::string why = has_weights ? "--timing-only computes no values"
                                        : "model '" + setup.model.name + "' is a shape without weights";
    if (setup.timing_only && options.compare) throw user_error("--compare needs values: ", why);
    if (setup.timing_only && options.keep_logits) throw user_error("--logits needs values: ", why);
    if (!setup.timing_only && options.layers != 0)
        throw user_error("--layers needs --timing-only: a part of a model decodes no text");
    if (!setup.timing_only && options.position != 0)
        throw user_error("--position needs --timing-only: without the tokens before it there are no values");
}

void take_layers(const DecodeOptions& options, DecodeSetup& setup) {
    if (options.layers > setup.model.layers)
        throw user_error("--layers ", options.layers, ": model '", setup.model.name, "' has ", setup.model.layers,
                         " layers");
    setup.partial = options.layers != 0 && options.layers < setup.model.layers;
    if (options.layers != 0) setup.model.layers = options.layers;
}

std::vector<std::vector<int>> prompt_tokens(const DecodeOptions& options, const DecodeSetup& setup) {
    if (!options.prompt_ids.empty()) return options.prompt_ids;
    std::vector<std::vector<int>> all;
    const std::vector<std::string> standard = {std::string(default_prompt)};
    for (const std::string& text : options.prompts.empty() ? standard : options.prompts)
        all.push_back(setup.tokenizer->encode(text));
    return all;
}

void check_prompt(const std::vector<int>& prompt, const LlmConfig& model) {
    if (prompt.empty()) throw user_error("the prompt has no tokens");
    for (const int token : prompt)
        if (token < 0 || token >= model.vocabulary)
            throw user_error("prompt token ", token, " is not in the vocabulary of ", model.vocabulary,
                             " tokens of model '", model.name, "'");
}

void check_contexts(const DecodeOptions& options, size_t requests) {
    if (options.contexts.empty()) return;
    if (options.context != 0) throw user_error("--context and --contexts exclude each other");
    if (options.contexts.size() != requests)
        throw user_error("--contexts: ", options.contexts.size(), " given for ", requests,
                         requests == 1 ? " request" : " requests", "; one each is needed");
    for (const int context : options.contexts)
        if (context < 1 || context > 10'000'000)
            throw user_error("--contexts ", context, ": must be from 1 to 10000000");
}

void give_prompts(const DecodeOptions& options, DecodeSetup& setup) {
    if (options.position > 0) {  // nothing is prefilled: only how many positions are taken matters
        const size_t requests = size_t(std::max(1, options.batch) * setup.in_flight);
        check_contexts(options, requests);
        for (size_t r = 0; r < requests; ++r) {  // the shorter ones stand at their ends
            const int own = options.contexts.empty()
                                ? options.position
                                : std::clamp(options.contexts[r] - options.tokens, 0, options.position);
            setup.prompts.emplace_back(size_t(own) + 1, 0);
        }
        return;
    }
    setup.prompts = prompt_tokens(options, setup);
    for (const auto& prompt : setup.prompts) check_prompt(prompt, setup.model);
    const size_t flights = size_t(setup.in_flight);
    const size_t batch = options.batch == 0 ? (setup.prompts.size() + flights - 1) / flights : size_t(options.batch);
    const size_t requests = batch * size_t(setup.in_flight);
    if (setup.prompts.size() != 1 && setup.prompts.size() != requests)
        throw user_error("--batch ", batch, setup.in_flight > 1 ? " in flight " + std::to_string(setup.in_flight) : "",
                         " needs one prompt for all requests, or ", requests, "; ", setup.prompts.size(), " given");
    if (requests > 1 && options.keep_logits) throw user_error("--logits takes one request; ", requests, " given");
    const std::vector<int> first = setup.prompts[0];
    setup.prompts.resize(requests, first);
    check_contexts(options, requests);
}

/// The last token of a prompt is always taken in: its keys and values are not cached, since its logits are wanted.
void check_prefix(const DecodeOptions& options, const DecodeSetup& setup) {
    if (options.kv_from_host == 0) return;
    if (!setup.timing_only)
        throw user_error("--kv-from-host needs --timing-only: there are no values of a cached prefix");
    for (int r = 0; r < setup.requests(); ++r)
        if (options.kv_from_host > setup.first_position(r))
            throw user_error("--kv-from-host ", options.kv_from_host, ": request ", r, " has ", setup.first_position(r),
                             " tokens before the one it decodes from");
}

void choose_context(const DecodeOptions& options, DecodeSetup& setup) {
    const int64_t most = setup.model.max_position;
    for (size_t r = 0; r < setup.prompts.size(); ++r) {
        const int64_t given = options.contexts.empty() ? options.context : options.contexts[r];
        const char* option = options.contexts.empty() ? "--context" : "--contexts";
        const auto length = int64_t(setup.prompts[r].size());
        const int64_t needed = length + options.tokens - 1;  // the last token is not fed
        const int64_t context = given != 0 ? given : std::max(needed, std::min<int64_t>(256, most));
        if (needed > context)
            throw user_error("prompt too long: ", length, " tokens and ", options.tokens, " to generate take ", needed,
                             " positions, ", option, " is ", context);
        if (context > most)
            throw user_error(given != 0 ? std::string(option) + " too long: " : "prompt too long: ", context,
                             " positions, model '", setup.model.name, "' has at most ", most);
        setup.contexts.push_back(int(context));
        setup.context = std::max(setup.context, int(context));
    }
}

/// With the weights in DRAM: keys and values must fit SRAM.
void check_fits_beside_dram(const DecodeOptions& options, const DecodeSetup& setup, int64_t kv, int64_t tokens) {
    const int64_t chip = options.chip.sram_bytes();
    if (kv <= chip) return;
    throw user_error("model '", setup.model.name, "': keys and values of ", tokens, " tokens take ", kv, " B, ",
                     kv - chip, " B more than chip '", options.chip.name, "' has SRAM (", chip, " B); at most ",
                     chip / (kv / tokens), " tokens fit: lower --context");
}

/// Sums what must lie in SRAM at the least, before the compiler lays it out slice by slice.
void check_fits(const DecodeOptions& options, DecodeSetup& setup) {
    if (std::find(std::begin(weight_places), std::end(weight_places), options.weights) == std::end(weight_places))
        throw user_error("--weights ", options.weights, ": must be auto, sram or dram");
    if (options.weights == "dram" && options.system)
        throw user_error("--weights dram: a system keeps its weights in SRAM; leave out --system");
    if (options.weights == "dram" && !options.chip.has_dram())
        throw user_error("--weights dram: chip '", options.chip.name,
                         "' has no DRAM (dram.channels_per_hemisphere and dram.mib are 0)");
    if (options.system) return;  // the plan of stages says what fits
    const int64_t weights = step_weight_bytes(setup);
    const int64_t table = setup.partial ? 0 : int64_t(setup.model.vocabulary) * setup.model.hidden * 2;
    const int64_t tokens = std::accumulate(setup.contexts.begin(), setup.contexts.end(), int64_t(0));
    const int64_t kv = int64_t(kv_bytes_per_token(setup.model, 2)) * tokens;
    const int64_t chip = options.chip.sram_bytes();
    const bool fits = weights + table + kv <= chip;
    setup.dram = options.weights == "dram" || (options.weights == "auto" && options.chip.has_dram() && !fits);
    if (setup.dram) return check_fits_beside_dram(options, setup, kv, tokens);
    if (fits) return;
    throw user_error("model '", setup.model.name, "' does not fit: ", weights, " B of ", options.dtype, " weights + ",
                     table, " B of embedding + ", kv, " B of keys and values (", tokens, " tokens of ",
                     setup.requests(), setup.requests() == 1 ? " request" : " requests", ") = ", weights + table + kv,
                     " B, chip '", options.chip.name, "' has ", chip, " B of SRAM",
                     setup.half ? "; --dtype int8 takes half" : "");
}

/// Link errors name chips as they are numbered in the whole system.
void take_link_errors(const DecodeOptions& options, DecodeSetup& setup) {
    for (const std::string& text : options.link_errors) {
        if (!options.system) throw user_error("--link-error ", text, ": one chip has no links in use; give --system");
        StepLinkError error = parse_link_error(text, options.tokens, options.chip);
        std::vector<int> numbers = options.chip_numbers;
        for (int chip = int(numbers.size()); chip < options.system->chips; ++chip) numbers.push_back(chip);
        const auto found = std::find(numbers.begin(), numbers.end(), error.at.chip);
        if (found == numbers.end())
            throw user_error("--link-error ", text, ": system '", options.system->name, "' has no usable chip ",
                             error.at.chip, " (allowed: 0 to ", numbers.back(), ", without dead nodes)");
        error.at.chip = int(found - numbers.begin());
        setup.link_errors.push_back(error);
    }
}

void check_in_flight(const DecodeOptions& options) {
    if (options.in_flight == 1) return;
    const std::string given = options.in_flight == 0 ? "auto" : std::to_string(options.in_flight);
    if (!options.system)
        throw user_error("--in-flight ", given, ": one chip has no pipeline; name a system (--system)");
    if (!options.link_errors.empty())
        throw user_error("--in-flight ", given, ": a step with a --link-error is run again, alone; leave one out");
    const size_t prompts = options.prompt_ids.empty() ? options.prompts.size() : options.prompt_ids.size();
    if (options.in_flight == 0 && prompts > 1)
        throw user_error("--in-flight auto takes one prompt for all requests; ", prompts,
                         " given, so say how many batches they are");
}

/// As many batches of the first one's prompts as fill the pipeline and fit its SRAM.
void fill_pipeline(const DecodeOptions& options, DecodeSetup& setup) {
    setup.in_flight = batches_that_fit(options, setup);
    const std::vector<std::vector<int>> prompts = setup.prompts;
    const std::vector<int> contexts = setup.contexts;
    for (int i = 1; i < setup.in_flight; ++i) {
        setup.prompts.insert(setup.prompts.end(), prompts.begin(), prompts.end());
        setup.contexts.insert(setup.contexts.end(), contexts.begin(), contexts.end());
    }
}

void check_split(const DecodeOptions& options) {
    const Split& split = options.split;
    for (const SplitMember& member : split_members)
        if (const int ways = split.*member.value;
            !options.system && ways > 1 && member.value != &Split::tp && member.value != &Split::pp)
            throw user_error(member.name, " ", ways, " needs a system of several chips (--system)");
    if (!options.system && (split.tp > 1 || split.pp > 1))
        throw user_error("tp ", std::max(1, split.tp), " x pp ", std::max(1, split.pp), " need ",
                         std::max(1, split.tp) * std::max(1, split.pp), " chips: name a system of so many (--system)");
}

}  // namespace

compiler::LlamaOptions DecodeSetup::compiler_options(const DecodeOptions& options) const {
    return {.int8 = !half,
            .context = context,
            .batch = batch(),
            .contexts = contexts,
            .prefill_rows = options.prefill_rows,
            .weights_in_dram = dram,
            .embedding = !partial && !dram && !(options.system && options.host_embedding),
            .head = !partial,
            .wide_exchange = options.wide_exchange};
}

DecodeSetup set_up(const DecodeOptions& options, const std::function<void(const std::string&)>& note) {
    check_numbers(options);
    check_split(options);
    check_in_flight(options);
    DecodeSetup setup;
    setup.in_flight = std::max(1, options.in_flight);
    take_link_errors(options, setup);
    setup.half = is_half(options.dtype);
    setup.model = find_llm(options.model);
    const bool has_weights = !setup.model.directory.empty();
    setup.timing_only = options.timing_only || !has_weights;
    check_mode(options, setup, has_weights);
    if (!options.timing_only && !has_weights && note)
        note("model '" + setup.model.name + "' is a shape without weights: timing only, no text");
    take_layers(options, setup);
    if (options.prompt_ids.empty() && options.position == 0) setup.tokenizer = Tokenizer::of(setup.model);
    give_prompts(options, setup);
    check_prefix(options, setup);
    choose_context(options, setup);
    check_fits(options, setup);
    if (options.in_flight == 0) fill_pipeline(options, setup);
    if (!setup.timing_only) {
        if (!setup.tokenizer) setup.tokenizer = Tokenizer::of(setup.model);
        setup.weights = load_weights(setup.model);
    }
    return setup;
}

int64_t step_weight_bytes(const DecodeSetup& setup) {
    int64_t parameters = projection_parameters(setup.model);
    if (setup.partial) parameters -= int64_t(setup.model.vocabulary) * setup.model.hidden;
    return parameters * (setup.half ? 2 : 1);
}

}  // namespace superlane::experiment
