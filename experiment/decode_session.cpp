// SPDX-License-Identifier: Apache-2.0
// Prefill steps of many rows, then a decode step a token; memory stays on the chip from step to step.
#include "experiment/decode_session.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/calibrated.hpp"
#include "experiment/estimate.hpp"
#include "experiment/system_facts.hpp"

namespace superlane::experiment {
namespace {

constexpr size_t steps_a_run = 32;  // of which the simulator holds the programs at once

void feed_tensor(Digest& digest, const Tensor& tensor) {
    digest.text(tensor.name).number(int(tensor.dtype)).bytes(tensor.bytes.data(), tensor.bytes.size());
}

}  // namespace

DecodeSession::DecodeSession(const DecodeOptions& options, DecodeSetup setup, const DecodeWatcher& watcher)
    : options_(options),
      setup_(std::move(setup)),
      watcher_(watcher),
      stepper_(options.system ? system_stepper(options, setup_) : one_chip_stepper(options, setup_)),
      ended_(setup_.prompts.size(), false) {
    result_.model = setup_.model;
    result_.timing_only = setup_.timing_only;
    result_.context = setup_.context;
    result_.batch = setup_.batch();
    result_.tokens.resize(setup_.prompts.size());
    result_.weight_bytes = step_weight_bytes(setup_);
    result_.memory = stepper_->memory_use();
    result_.kv_pages = stepper_->kv_pages();
    if (setup_.tokenizer && !setup_.timing_only) stream_.emplace(*setup_.tokenizer);
}

/// All that decides the result and is not in the programs; no path and no engine.
void DecodeSession::feed_identity() {
    digest_.text("superlane decode")
        .text(parameters_json(options_.chip).dump())
        .text(superlane::to_json(setup_.model).dump());
    digest_.text(options_.dtype)
        .numbers(std::span<const int>(setup_.contexts))
        .number(setup_.batch())
        .number(setup_.in_flight)
        .number(int(setup_.partial))
        .number(int(setup_.timing_only));
    if (options_.system) digest_.text(system_parameters_json(*options_.system).dump()).number(options_.wide_exchange);
    if (options_.kv_from_host > 0) digest_.number(options_.kv_from_host);
    for (const auto& prompt : setup_.prompts) digest_.numbers(std::span<const int>(prompt));
    if (setup_.weights)
        for_each_tensor(setup_.model, *setup_.weights, [&](const Tensor& tensor) { feed_tensor(digest_, tensor); });
}

std::vector<StepOutcome> DecodeSession::run(const std::vector<StepInput>& steps, bool prefill) {
    const std::string what =
        std::string(prefill ? "prefill" : "decode") + " step at position " + std::to_string(steps[0].rows[0].position);
    std::vector<StepOutcome> outcomes = stepper_->run(steps, what);
    for (const StepOutcome& outcome : outcomes) {
        digest_.text(outcome.digest).number(outcome.cycles);
        if (outcome.replays > 0) digest_.number(outcome.replays).number(outcome.replay_cycles);
        replays_ += outcome.replays;
        replay_cycles_ += outcome.replay_cycles;
        (prefill ? result_.prefill : result_.decode).add(outcome.usage);
        result_.instruction_bytes = std::max(result_.instruction_bytes, outcome.instruction_bytes);
        progress_.cycles += outcome.busy_cycles;
        tell(prefill);
    }
    return outcomes;
}

void DecodeSession::tell(bool prefill) {
    ++progress_.done;
    progress_.prefill = prefill;
    if (watcher_.progress) watcher_.progress(progress_);
}

/// Token `index` of every request of a batch.
StepInput DecodeSession::decode_step(int index, int batch) const {
    StepInput step;
    for (int i = 0; i < setup_.batch(); ++i) {
        const int r = batch * setup_.batch() + i;
        step.rows.push_back({.request = r,
                             .position = setup_.first_position(r) + index,
                             .feed_back = index > 0 && !setup_.partial,
                             .logits = !setup_.partial});
        if (!setup_.timing_only) step.tokens.push_back(setup_.prompts[size_t(r)].back());
    }
    return step;
}

/// Every prompt token but the last and those that come from host memory, with its place.
std::vector<std::pair<compiler::StepRow, int>> DecodeSession::prefill_rows() const {
    std::vector<std::pair<compiler::StepRow, int>> rows;
    if (options_.position > 0) return rows;
    for (int r = 0; r < setup_.requests(); ++r)
        for (int p = options_.kv_from_host; p < setup_.first_position(r); ++p)
            rows.push_back({{.request = r, .position = p}, setup_.prompts[size_t(r)][size_t(p)]});
    return rows;
}

/// The longest step is compiled once ahead: it tells how long the run will be, and finds what does not fit.
void DecodeSession::announce() {
    const int prefill_steps =
        int((prefill_rows().size() + size_t(stepper_->max_rows()) - 1) / size_t(stepper_->max_rows()));
    progress_.steps = prefill_steps + options_.tokens * setup_.in_flight;
    if (!watcher_.estimate) return;
    const double before = stepper_->compile_s;
    const int64_t cycles = stepper_->scheduled_cycles(decode_step(options_.tokens - 1, 0).rows);
    watcher_.estimate(estimate_decode(options_, setup_, {cycles, stepper_->instruction_bytes()}, result_.memory,
                                      progress_.steps, stepper_->compile_s - before));
}

void DecodeSession::prefill() {
    result_.prefill_rows = stepper_->max_rows();
    const auto all = prefill_rows();
    std::vector<StepInput> steps;
    for (size_t i = 0; i < all.size(); ++i) {
        if (i % size_t(stepper_->max_rows()) == 0) steps.emplace_back();
        steps.back().rows.push_back(all[i].first);
        if (!setup_.timing_only) steps.back().tokens.push_back(all[i].second);
    }
    for (size_t first = 0; first < steps.size(); first += steps_a_run) {
        const auto begin = steps.begin() + long(first);
        const auto outcomes = run({begin, begin + long(std::min(steps_a_run, steps.size() - first))}, true);
        result_.prefill_cycles += outcomes.back().entered + outcomes.back().cycles;
    }
}

/// Takes one token of every request of a batch; true when all requests have ended.
bool DecodeSession::finish_token(int index, const std::vector<StepOutcome::Result>& results) {
    for (const StepOutcome::Result& result : results) {
        const int r = result.request;
        if (ended_[size_t(r)]) continue;
        auto& tokens = result_.tokens[size_t(r)];
        const int fed = tokens.empty() ? setup_.prompts[size_t(r)].back() : tokens.back();
        SUPERLANE_CHECK(result.token == greedy_token(result.logits), "request", r, "token", index, "is", result.token,
                        "but the largest logit is", greedy_token(result.logits));
        digest_.number(result.token).numbers(std::span<const float>(result.logits));
        if (comparer_) comparer_->step(r, index, fed, result.logits);
        if (options_.keep_logits)
            result_.logits.insert(result_.logits.end(), result.logits.begin(), result.logits.end());
        tokens.push_back(result.token);
        if (r == 0 && watcher_.text) watcher_.text(stream_->push(result.token));
        const auto& ends = setup_.model.eos_tokens;
        ended_[size_t(r)] = std::find(ends.begin(), ends.end(), result.token) != ends.end();
    }
    return std::all_of(ended_.begin(), ended_.end(), [](bool ended) { return ended; });
}

void DecodeSession::inject(int index) {
    std::vector<StepLinkError> errors;
    for (const StepLinkError& error : setup_.link_errors)
        if (error.step == index) errors.push_back(error);
    stepper_->inject(errors);
}

/// One batch: a run a token. Several: runs of as many tokens as programs of a run should be kept.
void DecodeSession::decode() {
    const int batches = setup_.in_flight;
    const int at_once = batches == 1 ? 1 : std::max(1, int(steps_a_run) / batches);
    bool ended = false;
    for (int first = 0; first < options_.tokens && !ended; first += at_once) {
        std::vector<StepInput> steps;
        for (int index = first; index < std::min(options_.tokens, first + at_once); ++index)
            for (int batch = 0; batch < batches; ++batch) steps.push_back(decode_step(index, batch));
        inject(first);
        const auto outcomes = run(steps, false);
        for (size_t i = 0; i < outcomes.size(); ++i) {
            const int index = first + int(i) / batches;
            if (!setup_.timing_only) ended = finish_token(index, outcomes[i].results);
            if (int(i) % batches != 0) continue;
            result_.cycles_per_token.push_back(outcomes[i].cycles);
            add_operators(result_.operators, outcomes[i].operators);
        }
    }
    if (stream_ && watcher_.text) watcher_.text(stream_->finish());
}

DecodeResult DecodeSession::run() {
    feed_identity();
    announce();
    if (setup_.weights) stepper_->load(*setup_.weights);
    if (options_.compare) comparer_.emplace(setup_.model, *setup_.weights, setup_.half, setup_.prompts);
    prefill();
    decode();
    for (const auto& tokens : result_.tokens)
        result_.texts.push_back(setup_.timing_only ? "" : setup_.tokenizer->decode(tokens));
    if (comparer_) result_.comparison = comparer_->result();
    if (options_.kv_from_host > 0)
        result_.prefix = prefix_from_host(options_.system ? *options_.system : models::single_chip(options_.chip),
                                          stepper_->kv_bytes_per_token(), options_.kv_from_host, setup_.requests());
    if (options_.calibrated) result_.calibrated = calibrated_speed(result_, options_.chip);
    result_.wall_s = stepper_->wall_s;
    result_.compile_s = stepper_->compile_s;
    result_.system = stepper_->system_figures();
    if (result_.system) {
        result_.system->replayed_steps = replays_;
        result_.system->replay_cycles = replay_cycles_;
    }
    result_.digest = digest_.hex();
    return std::move(result_);
}

DecodeResult run_decode(const DecodeOptions& options, const DecodeWatcher& watcher) {
    if (options.speculation != SpeculationOptions{}) return run_speculative(options, watcher);
    return DecodeSession(options, set_up(options, watcher.note), watcher).run();
}

}  // namespace superlane::experiment
