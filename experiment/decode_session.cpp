// SPDX-License-Identifier: Apache-2.0
// Prefill steps of many rows, then a decode step a token; memory stays on the chip from step to step.
#include "experiment/decode_session.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "experiment/calibrated.hpp"
#include "experiment/estimate.hpp"
#include "experiment/system_facts.hpp"

namespace superlane::experiment {
namespace {

void feed_tensor(Digest& digest, const Tensor& tensor) {
    digest.text(tensor.name).number(int(tensor.dtype)).bytes(tensor.bytes.data(), tensor.bytes.size());
}

}  // namespace

DecodeSession::DecodeSession(const DecodeOptions& options, DecodeSetup setup, const DecodeWatcher& watcher)
    : options_(options),
      setup_(std::move(setup)),
      watcher_(watcher),
      stepper_(options.system ? system_stepper(options, setup_) : one_chip_stepper(options, setup_)),
      ended_(size_t(setup_.batch()), false) {
    result_.model = setup_.model;
    result_.timing_only = setup_.timing_only;
    result_.context = setup_.context;
    result_.batch = setup_.batch();
    result_.tokens.resize(setup_.prompts.size());
    result_.weight_bytes = step_weight_bytes(setup_);
    result_.memory = stepper_->memory_use();
    if (setup_.tokenizer && !setup_.timing_only) stream_.emplace(*setup_.tokenizer);
}

/// All that decides the result and is not in the programs; no path and no engine.
void DecodeSession::feed_identity() {
    digest_.text("superlane decode")
        .text(parameters_json(options_.chip).dump())
        .text(superlane::to_json(setup_.model).dump());
    digest_.text(options_.dtype)
        .number(setup_.context)
        .number(setup_.batch())
        .number(int(setup_.partial))
        .number(int(setup_.timing_only));
    if (options_.system) digest_.text(system_parameters_json(*options_.system).dump()).number(options_.wide_exchange);
    if (options_.kv_from_host > 0) digest_.number(options_.kv_from_host);
    for (const auto& prompt : setup_.prompts) digest_.numbers(std::span<const int>(prompt));
    if (setup_.weights)
        for_each_tensor(setup_.model, *setup_.weights, [&](const Tensor& tensor) { feed_tensor(digest_, tensor); });
}

int64_t DecodeSession::step(const std::vector<compiler::StepRow>& rows, bool prefill) {
    const std::string what =
        std::string(prefill ? "prefill" : "decode") + " step at position " + std::to_string(rows[0].position);
    const StepOutcome outcome = stepper_->run(rows, what);
    digest_.text(outcome.digest).number(outcome.cycles);
    if (outcome.replays > 0) digest_.number(outcome.replays).number(outcome.replay_cycles);
    replays_ += outcome.replays;
    replay_cycles_ += outcome.replay_cycles;
    (prefill ? result_.prefill : result_.decode).add(outcome.usage);
    result_.instruction_bytes = std::max(result_.instruction_bytes, outcome.instruction_bytes);
    if (!prefill) add_operators(result_.operators, outcome.operators);
    progress_.cycles += outcome.busy_cycles;
    tell(prefill);
    return outcome.cycles;
}

void DecodeSession::tell(bool prefill) {
    ++progress_.done;
    progress_.prefill = prefill;
    if (watcher_.progress) watcher_.progress(progress_);
}

std::vector<compiler::StepRow> DecodeSession::decode_rows(int index) const {
    std::vector<compiler::StepRow> rows;
    for (int r = 0; r < setup_.batch(); ++r)
        rows.push_back({.request = r,
                        .position = setup_.first_position(r) + index,
                        .feed_back = index > 0 && !setup_.partial,
                        .logits = !setup_.partial});
    return rows;
}

/// Every prompt token but the last and those that come from host memory, with its place.
std::vector<std::pair<compiler::StepRow, int>> DecodeSession::prefill_rows() const {
    std::vector<std::pair<compiler::StepRow, int>> rows;
    if (options_.position > 0) return rows;
    for (int r = 0; r < setup_.batch(); ++r)
        for (int p = options_.kv_from_host; p < setup_.first_position(r); ++p)
            rows.push_back({{.request = r, .position = p}, setup_.prompts[size_t(r)][size_t(p)]});
    return rows;
}

/// The longest step is compiled once ahead: it tells how long the run will be, and finds what does not fit.
void DecodeSession::announce() {
    const int prefill_steps =
        int((prefill_rows().size() + size_t(stepper_->max_rows()) - 1) / size_t(stepper_->max_rows()));
    progress_.steps = prefill_steps + options_.tokens;
    if (!watcher_.estimate) return;
    const double before = stepper_->compile_s;
    const int64_t cycles = stepper_->scheduled_cycles(decode_rows(options_.tokens - 1));
    watcher_.estimate(estimate_decode(options_, setup_, {cycles, stepper_->instruction_bytes()}, result_.memory,
                                      progress_.steps, stepper_->compile_s - before));
}

void DecodeSession::prefill() {
    const auto all = prefill_rows();
    for (size_t first = 0; first < all.size(); first += size_t(stepper_->max_rows())) {
        std::vector<compiler::StepRow> rows;
        for (size_t i = first; i < std::min(all.size(), first + size_t(stepper_->max_rows())); ++i) {
            if (!setup_.timing_only) stepper_->feed(int(i - first), all[i].second);
            rows.push_back(all[i].first);
        }
        result_.prefill_cycles += step(rows, true);
    }
}

/// Takes one token of every request; true when all have ended.
bool DecodeSession::finish_token(int index) {
    for (int r = 0; r < setup_.batch(); ++r) {
        if (ended_[size_t(r)]) continue;
        auto& tokens = result_.tokens[size_t(r)];
        const int fed = tokens.empty() ? setup_.prompts[size_t(r)].back() : tokens.back();
        const int token = stepper_->token(r);
        const std::vector<float> logits = stepper_->logits(r);
        SUPERLANE_CHECK(token == greedy_token(logits), "request", r, "token", index, "is", token,
                        "but the largest logit is", greedy_token(logits));
        digest_.number(token).numbers(std::span<const float>(logits));
        if (comparer_) comparer_->step(r, index, fed, logits);
        if (options_.keep_logits) result_.logits.insert(result_.logits.end(), logits.begin(), logits.end());
        tokens.push_back(token);
        if (r == 0 && watcher_.text) watcher_.text(stream_->push(token));
        const auto& ends = setup_.model.eos_tokens;
        ended_[size_t(r)] = std::find(ends.begin(), ends.end(), token) != ends.end();
    }
    return std::all_of(ended_.begin(), ended_.end(), [](bool ended) { return ended; });
}

void DecodeSession::decode() {
    if (!setup_.timing_only && !setup_.partial)
        for (int r = 0; r < setup_.batch(); ++r) stepper_->feed(r, setup_.prompts[size_t(r)].back());
    for (int index = 0; index < options_.tokens; ++index) {
        std::vector<StepLinkError> errors;
        for (const StepLinkError& error : setup_.link_errors)
            if (error.step == index) errors.push_back(error);
        stepper_->inject(errors);
        result_.cycles_per_token.push_back(step(decode_rows(index), false));
        if (!setup_.timing_only && finish_token(index)) break;
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
                                          stepper_->kv_bytes_per_token(), options_.kv_from_host, setup_.batch());
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
