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
#include "experiment/decode_setup.hpp"
#include "experiment/stopwatch.hpp"

namespace superlane::experiment {
namespace {

using Rows = std::vector<compiler::StepRow>;
using Shape = std::vector<std::array<int, 3>>;

/// What one program costs.
struct ProgramCost {
    int64_t cycles = 0;
    Usage usage;
    std::vector<OperatorCycles> operators;
    std::string digest;
};

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
    const int64_t most = options.context != 0 ? options.context : find_llm(options.model).max_position;
    for (const TraceStep& step : options.steps)
        if (step.longest() > most)
            throw user_error(options.steps_file, ": line ", step.line, ": a request takes ", step.longest(),
                             " positions, ", options.context != 0 ? "'context' is " : "the model has at most ", most);
}

/// The checks of a decode in which each request reaches its longest position.
DecodeOptions as_decode(const StepsOptions& options) {
    std::vector<int> longest;
    for (const TraceStep& step : options.steps) {
        longest.resize(std::max(longest.size(), step.contexts.size()), 0);
        for (size_t r = 0; r < step.contexts.size(); ++r)
            longest[r] = std::max(longest[r], step.contexts[r] + step.new_tokens[r]);
    }
    DecodeOptions decode{.model = options.model,
                         .tokens = 1,
                         .context = options.context,
                         .batch = int(longest.size()),
                         .dtype = options.dtype,
                         .chip = options.chip,
                         .engine = options.engine,
                         .scheduler = options.scheduler,
                         .timing_only = true};
    for (const int length : longest) decode.prompt_ids.emplace_back(size_t(length), 0);
    if (options.context == 0) decode.contexts = longest;
    decode.layers = options.layers;
    decode.prefill_rows = options.prefill_rows;
    decode.vcd_file = options.vcd_file;
    return decode;
}

class StepsSession {
public:
    StepsSession(const StepsOptions& options, const DecodeOptions& decode)
        : options_(options),
          setup_(set_up(decode, {})),
          compiler_(options.chip, setup_.model, setup_.compiler_options(decode)),
          machine_(options.chip, {.engine = engine_of(options.engine),
                                  .data = sim::Data::TimingOnly,
                                  .chrome_trace_file = options.trace_file,
                                  .vcd_file = options.vcd_file}) {
        result_.model = setup_.model;
        result_.context = setup_.context;
        result_.batch = setup_.batch();
        result_.weight_bytes = step_weight_bytes(setup_);
        result_.memory = compiler_.memory_use();
        digest_.text("superlane steps")
            .text(parameters_json(options.chip).dump())
            .text(superlane::to_json(setup_.model).dump())
            .text(options.dtype)
            .number(setup_.context)
            .number(setup_.batch())
            .number(int(setup_.partial));
    }

    StepsResult run(const std::function<void(int, int)>& progress) {
        for (const TraceStep& step : options_.steps) {
            run_step(step);
            if (progress) progress(int(result_.steps.size()), int(options_.steps.size()));
        }
        result_.distinct_programs = int(known_.size());
        result_.digest = digest_.hex();
        return std::move(result_);
    }

private:
    void run_step(const TraceStep& step) {
        const Rows all = rows_of(step, !setup_.partial);
        result_.new_tokens += int64_t(all.size());
        StepsResult::Step figures;
        for (size_t first = 0; first < all.size(); first += size_t(compiler_.max_rows())) {
            const size_t last = std::min(all.size(), first + size_t(compiler_.max_rows()));
            const ProgramCost& cost = cost_of(Rows(all.begin() + long(first), all.begin() + long(last)), step.line);
            figures.cycles += cost.cycles;
            ++figures.programs;
            result_.usage.add(cost.usage);
            add_operators(result_.operators, cost.operators);
            digest_.text(cost.digest).number(cost.cycles);
        }
        result_.steps.push_back(figures);
    }

    const ProgramCost& cost_of(const Rows& rows, int line) {
        const auto [known, fresh] = known_.try_emplace(shape_of(rows));
        if (fresh) known->second = simulate(rows, line);
        return known->second;
    }

    compiler::CompiledStep compile(const Rows& rows, int line) {
        const Stopwatch watch(result_.compile_s);
        try {
            return compiler_.compile(rows, options_.scheduler);
        } catch (const UserError& error) {
            throw user_error(options_.steps_file, ": line ", line, ": ", error.what());
        }
    }

    ProgramCost simulate(const Rows& rows, int line) {
        const compiler::CompiledStep compiled = compile(rows, line);
        const auto program = sim::prepare(options_.chip, compiled.program());
        const sim::RunResult run = [&] {
            const Stopwatch watch(result_.wall_s);
            return machine_.run(program);
        }();
        check_run("step of line " + std::to_string(line), compiled.cycles, run);
        result_.instruction_bytes =
            std::max(result_.instruction_bytes, int64_t(compiled.program().instruction_bytes()));
        ProgramCost cost{
            run.cycles, {}, exclusive_cycles(compiled.operations, run.cycles), compiled.program().digest()};
        cost.usage.add(run.cycles, run.counters);
        return cost;
    }

    const StepsOptions& options_;
    DecodeSetup setup_;
    compiler::LlamaCompiler compiler_;
    sim::Machine machine_;
    std::map<Shape, ProgramCost> known_;
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
    return StepsSession(options, as_decode(options)).run(progress);
}

}  // namespace superlane::experiment
