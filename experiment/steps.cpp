// SPDX-License-Identifier: Apache-2.0
// Compiles and runs each step of a trace; programs of equal shape give equal cycles, so each shape runs once.
#include "experiment/steps.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/stepper.hpp"
#include "experiment/system_facts.hpp"

namespace superlane::experiment {
namespace {

using Rows = std::vector<compiler::StepRow>;
using Shape = std::vector<std::array<int, 3>>;

Shape shape_of(const Rows& rows) {
    Shape shape;
    for (const compiler::StepRow& row : rows) shape.push_back({row.request, row.position, row.logits});
    return shape;
}

Rows rows_of(const TraceStep& step, bool head) {
    Rows rows;
    for (size_t r = 0; r < step.contexts.size(); ++r)
        for (int i = 0; i < step.new_tokens[r]; ++i)
            rows.push_back(
                {.request = int(r), .position = step.contexts[r] + i, .logits = head && i == step.new_tokens[r] - 1});
    return rows;
}

void check_steps(const StepsOptions& options) {
    if (options.steps.empty()) throw user_error(options.steps_file, ": no steps");
    const int context = options.decode.context;
    const int64_t most = context != 0 ? context : find_llm(options.decode.model).max_position;
    for (const TraceStep& step : options.steps)
        if (step.longest() > most)
            throw user_error(options.steps_file, ": line ", step.line, ": a request takes ", step.longest(),
                             " positions, ", context != 0 ? "'context' is " : "the model has at most ", most);
}

/// The checks of a decode in which each request reaches its longest position.
DecodeOptions as_decode(const StepsOptions& options) {
    std::vector<int> longest;
    for (const TraceStep& step : options.steps) {
        longest.resize(std::max(longest.size(), step.contexts.size()), 0);
        for (size_t r = 0; r < step.contexts.size(); ++r)
            longest[r] = std::max(longest[r], step.contexts[r] + step.new_tokens[r]);
    }
    DecodeOptions decode = options.decode;
    for (const int length : longest) decode.prompt_ids.emplace_back(size_t(length), 0);
    decode.tokens = 1;
    if (decode.context == 0) decode.contexts = longest;
    decode.batch = int(longest.size());
    decode.timing_only = true;
    return decode;
}

class StepsSession {
public:
    explicit StepsSession(const StepsOptions& options)
        : options_(options),
          decode_(as_decode(options)),
          setup_(set_up(decode_, {})),
          stepper_(decode_.system ? system_stepper(decode_, setup_) : one_chip_stepper(decode_, setup_)) {
        result_.model = setup_.model;
        result_.context = setup_.context;
        result_.batch = setup_.batch();
        result_.weight_bytes = step_weight_bytes(setup_);
        result_.memory = stepper_->memory_use();
        digest_.text("superlane steps")
            .text(parameters_json(decode_.chip).dump())
            .text(superlane::to_json(setup_.model).dump())
            .text(decode_.dtype)
            .number(setup_.context)
            .number(setup_.batch())
            .number(int(setup_.partial));
        if (decode_.system) digest_.text(system_parameters_json(*decode_.system).dump()).number(decode_.wide_exchange);
    }

    StepsResult run(const std::function<void(int, int)>& progress) {
        for (const TraceStep& step : options_.steps) {
            run_step(step);
            if (progress) progress(int(result_.steps.size()), int(options_.steps.size()));
        }
        if (const auto system = stepper_->system_figures()) {
            result_.chips = system->chips;
            result_.split = system->split;
        }
        result_.distinct_programs = int(known_.size());
        result_.wall_s = stepper_->wall_s;
        result_.compile_s = stepper_->compile_s;
        result_.digest = digest_.hex();
        return std::move(result_);
    }

private:
    void run_step(const TraceStep& step) {
        const Rows all = rows_of(step, !setup_.partial);
        const auto most = size_t(stepper_->max_rows());
        result_.new_tokens += int64_t(all.size());
        StepsResult::Step figures;
        for (size_t first = 0; first < all.size(); first += most) {
            const Rows rows(all.begin() + long(first), all.begin() + long(std::min(all.size(), first + most)));
            const StepOutcome& outcome = outcome_of(rows, step.line);
            figures.cycles += outcome.cycles;
            figures.host_us += stepper_->host_us(int(rows.size()));
            ++figures.programs;
            result_.usage.add(outcome.usage);
            result_.instruction_bytes = std::max(result_.instruction_bytes, outcome.instruction_bytes);
            add_operators(result_.operators, outcome.operators);
            digest_.text(outcome.digest).number(outcome.cycles);
        }
        result_.cycles += figures.cycles;
        result_.host_us += figures.host_us;
        result_.steps.push_back(figures);
    }

    const StepOutcome& outcome_of(const Rows& rows, int line) {
        const auto [known, fresh] = known_.try_emplace(shape_of(rows));
        if (!fresh) return known->second;
        try {
            known->second = stepper_->run({{.rows = rows}}, "step of line " + std::to_string(line))[0];
        } catch (const UserError& error) {
            throw user_error(options_.steps_file, ": line ", line, ": ", error.what());
        }
        return known->second;
    }

    const StepsOptions& options_;
    const DecodeOptions decode_;
    const DecodeSetup setup_;
    std::unique_ptr<Stepper> stepper_;
    std::map<Shape, StepOutcome> known_;
    StepsResult result_;
    Digest digest_;
};

}  // namespace

int64_t TraceStep::rows() const { return std::accumulate(new_tokens.begin(), new_tokens.end(), int64_t(0)); }

int TraceStep::longest() const {
    int longest = 0;
    for (size_t r = 0; r < contexts.size(); ++r) longest = std::max(longest, contexts[r] + new_tokens[r]);
    return longest;
}

StepsResult run_steps(const StepsOptions& options, const std::function<void(int, int)>& progress) {
    check_steps(options);
    return StepsSession(options).run(progress);
}

}  // namespace superlane::experiment
