// SPDX-License-Identifier: Apache-2.0
// Steps on one chip: compile, run, compare cycles.
#include <bit>
#include <utility>

#include "experiment/memory_io.hpp"
#include "experiment/prefill_rows.hpp"
#include "experiment/stepper.hpp"
#include "experiment/stopwatch.hpp"
#include "sim/machine.hpp"

namespace superlane::experiment {
namespace {

std::shared_ptr<sim::Machine> make_machine(const DecodeOptions& options, const DecodeSetup& setup) {
    return std::make_shared<sim::Machine>(
        options.chip, sim::Options{.engine = engine_of(options.engine),
                                   .data = setup.timing_only ? sim::Data::TimingOnly : sim::Data::Functional,
                                   .chrome_trace_file = options.trace_file,
                                   .vcd_file = options.vcd_file});
}

class ChipStepper final : public Stepper {
public:
    ChipStepper(const DecodeOptions& options, const DecodeSetup& setup, std::shared_ptr<sim::Machine> machine,
                const compiler::LlamaCompiler* beside = nullptr)
        : options_(options),
          setup_(setup),
          compiler_(with_rows_that_fit(
              setup.compiler_options(options),
              [&](const auto& some) { return compiler::LlamaCompiler(options.chip, setup.model, some, beside); })),
          machine_(std::move(machine)),
          tokens_(size_t(setup.requests())) {}

    int max_rows() const override { return compiler_.max_rows(); }
    compiler::MemoryUse memory_use() const override { return compiler_.memory_use(); }
    const compiler::KvPages& kv_pages() const override { return compiler_.kv_pages(); }
    KvBytes kv_bytes_per_token() const override {
        const double bytes = superlane::kv_bytes_per_token(compiler_.config(), 2);
        return {bytes, bytes};
    }
    int64_t scheduled_cycles(const std::vector<compiler::StepRow>& rows) override { return compile(rows).cycles; }
    int64_t instruction_bytes() const override { return instruction_bytes_; }
    void load(const LlmWeights& weights) override { write_image(*machine_, compiler_.image(weights)); }

    std::vector<StepOutcome> run(const std::vector<StepInput>& steps, const std::string& what) override {
        std::vector<StepOutcome> outcomes;
        int64_t now = 0;
        for (const StepInput& step : steps) {
            outcomes.push_back(run(step, what));
            now += std::exchange(outcomes.back().entered, now) + outcomes.back().cycles;
        }
        return outcomes;
    }

    /// The host is not waited for: the chip feeds its token back and has the embedding table. With weights in DRAM the
    /// host looks the row up, whose time is left out.
    std::optional<SystemFigures> system_figures() override {
        if (rows_ == 0) return std::nullopt;
        const double seconds = chip_seconds(options_.chip, double(last_.cycles));
        return SystemFigures{.chips = 1,
                             .split = {1, 1, 1, 1, 1},
                             .latency_us = 1e6 * seconds,
                             .requests_in_flight = 1,
                             .throughput_tokens_per_second = rows_ / seconds,
                             .distinct_programs = 1,
                             .sram_per_chip = {memory_use()},
                             .stage_cycles = {last_.cycles},
                             .stage_instruction_bytes = {last_.instruction_bytes}};
    }

    std::unique_ptr<Stepper> beside(const DecodeOptions& options, const DecodeSetup& setup) const override {
        return std::make_unique<ChipStepper>(options, setup, machine_, &compiler_);
    }

    std::string place() const override {
        return std::to_string(memory_use().total()) + " B of " + std::to_string(options_.chip.sram_bytes()) +
               " B of SRAM";
    }

private:
    StepOutcome run(const StepInput& step, const std::string& what) {
        give_tokens(step);
        const compiler::CompiledStep compiled = compile(step.rows);
        const auto program = sim::prepare(options_.chip, compiled.program());
        sim::RunResult run;
        {
            const Stopwatch watch(wall_s);
            machine_->load(compiled.program());
            run = machine_->run(program);
        }
        check_run(what, compiled.cycles, run);
        StepOutcome outcome{.cycles = run.cycles,
                            .busy_cycles = run.cycles,
                            .operators = exclusive_cycles(compiled.operations, run.cycles),
                            .instruction_bytes = int64_t(compiled.program().instruction_bytes()),
                            .digest = compiled.program().digest()};
        outcome.usage.add(run.cycles, run.counters);
        last_ = outcome;
        rows_ = int(step.rows.size());
        if (!step.tokens.empty()) take_results(step, outcome);
        return outcome;
    }

    /// The chip feeds its tokens back itself, unless the host has the embedding table.
    void give_tokens(const StepInput& step) {
        for (size_t r = 0; r < step.tokens.size(); ++r) {
            const compiler::StepRow& row = step.rows[r];
            const int token = row.feed_back ? tokens_[size_t(row.request)] : step.tokens[r];
            if (setup_.dram)
                write_image(*machine_, compiler_.embedding_input(int(r), token, row.position, *setup_.weights, 0));
            else if (!row.feed_back)
                write_image(*machine_, compiler_.token_input(int(r), token));
        }
    }

    void take_results(const StepInput& step, StepOutcome& outcome) {
        for (int row = 0; row < int(step.rows.size()); ++row) {
            if (!step.rows[size_t(row)].logits) continue;
            const int choice = compiler_.choice_row(step.rows, row);
            outcome.results.push_back({step.rows[size_t(row)].request,
                                       int(read_row(*machine_, compiler_.token_region(), choice)[0]),
                                       logits(int(outcome.results.size()))});
            tokens_[size_t(step.rows[size_t(row)].request)] = outcome.results.back().token;
        }
    }

    std::vector<float> logits(int row) const {
        std::vector<float> logits(size_t(compiler_.config().vocabulary));
        for (const auto& part : compiler_.logits(row)) {
            const std::vector<uint32_t> lanes = read_row(*machine_, part.region, part.row);
            for (size_t lane = 0; lane < part.columns.size(); ++lane)
                if (part.columns[lane] >= 0) logits[size_t(part.columns[lane])] = std::bit_cast<float>(lanes[lane]);
        }
        return logits;
    }

    compiler::CompiledStep compile(const std::vector<compiler::StepRow>& rows) {
        const Stopwatch watch(compile_s);
        compiler::CompiledStep compiled = compiler_.compile(rows, options_.scheduler);
        instruction_bytes_ = std::max(instruction_bytes_, int64_t(compiled.program().instruction_bytes()));
        return compiled;
    }

    const DecodeOptions& options_;
    const DecodeSetup& setup_;
    compiler::LlamaCompiler compiler_;
    std::shared_ptr<sim::Machine> machine_;
    int64_t instruction_bytes_ = 0;
    std::vector<int> tokens_;  ///< last token by request
    StepOutcome last_;         ///< of the last step
    int rows_ = 0;
};

}  // namespace

std::unique_ptr<Stepper> one_chip_stepper(const DecodeOptions& options, const DecodeSetup& setup) {
    return std::make_unique<ChipStepper>(options, setup, make_machine(options, setup));
}

}  // namespace superlane::experiment
