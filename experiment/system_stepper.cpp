// SPDX-License-Identifier: Apache-2.0
// Steps on a system of chips: a program for each kind of stage, launched on every chip when its stage begins.
#include <algorithm>
#include <bit>
#include <climits>
#include <map>
#include <utility>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "compiler/shard.hpp"
#include "experiment/stepper.hpp"
#include "experiment/stopwatch.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {
namespace {

sim::SystemOptions machine_options(const DecodeOptions& options, const DecodeSetup& setup) {
    return {.chip = {.engine = engine_of(options.engine),
                     .data = setup.timing_only ? sim::Data::TimingOnly : sim::Data::Functional,
                     .chrome_trace_file = options.trace_file,
                     .vcd_file = options.vcd_file},
            .threads = options.threads,
            .share = options.share};
}

class SystemStepper final : public Stepper {
public:
    /// `taken`: chips of the machine on which another model stands.
    SystemStepper(const DecodeOptions& options, const DecodeSetup& setup, std::shared_ptr<sim::SystemMachine> machine,
                  const std::vector<int>& taken = {})
        : options_(options),
          setup_(setup),
          system_(*options.system),
          plan_(plan_system(system_, setup.model, setup.compiler_options(options), options.split, taken)),
          taken_(taken),
          machine_(std::move(machine)) {}

    int max_rows() const override {
        int rows = INT_MAX;
        for (const auto& kind : plan_.kinds) rows = std::min(rows, kind->max_rows());
        return rows;
    }
    compiler::MemoryUse memory_use() const override { return plan_.fullest(); }
    KvBytes kv_bytes_per_token() const override { return plan_.kv_bytes_per_token(setup_.model); }
    int64_t scheduled_cycles(const std::vector<compiler::StepRow>& rows) override { return compile(rows).cycles; }
    int64_t instruction_bytes() const override { return instruction_bytes_; }

    void load(const LlmWeights& weights) override {
        for (const PlannedStage& stage : plan_.stages) {
            // Its own compiler: the plan's is that of the first stage of this kind, with other layers.
            const compiler::LlamaCompiler own(system_.chip, setup_.model, stage.options);
            for (size_t rank = 0; rank < stage.group.chips.size(); ++rank)
                write(stage.group.chips[rank], own.image(weights, int(rank)));
        }
    }

    void feed(int row, int token) override { fed_[row] = token; }

    void inject(const std::vector<StepLinkError>& errors) override { injected_ = errors; }

    StepOutcome run(const std::vector<compiler::StepRow>& rows, const std::string& what) override {
        std::vector<compiler::StepRow> fed = rows;
        for (size_t r = 0; r < fed.size(); ++r) {  // the host brings a token from the last stage to the first
            if (!fed[r].feed_back) continue;
            if (!setup_.timing_only) feed(int(r), token(fed[r].request));
            fed[r].feed_back = false;
        }
        rows_ = fed;
        step_ = compile(fed);
        StepOutcome outcome;
        run_without_errors(what, outcome);
        fed_.clear();
        outcome.cycles = run_.cycles;
        outcome.instruction_bytes = instruction_bytes_;
        outcome.digest = digest();
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            const compiler::CompiledStep& own = compiled(i);
            const int64_t end = i + 1 < plan_.stages.size() ? step_.start[i + 1] : step_.cycles;
            add_operators(outcome.operators, exclusive_cycles(own.operations, end - step_.start[i]));
            for (const int64_t cycles : own.rank_cycles) outcome.busy_cycles += cycles;
        }
        outcome.usage.add(outcome.busy_cycles, run_.counters);
        return outcome;
    }

    int token(int request) const override { return int(read_row(last_chips()[0], last().token_region(), request)[0]); }

    int choice(int row) const override {
        return int(read_row(last_chips()[0], last().token_region(), last().choice_row(rows_, row))[0]);
    }

    std::vector<float> logits(int row) const override {
        std::vector<float> logits(size_t(setup_.model.vocabulary));
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            const PlannedStage& stage = plan_.stages[i];
            for (size_t rank = 0; stage.options.head && rank < stage.group.chips.size(); ++rank)
                for (const auto& part : plan_.compiler(int(i)).logits(row, int(rank))) {
                    const std::vector<uint32_t> lanes = read_row(stage.group.chips[rank], part.region, part.row);
                    for (size_t lane = 0; lane < part.columns.size(); ++lane)
                        if (part.columns[lane] >= 0)
                            logits[size_t(part.columns[lane])] = std::bit_cast<float>(lanes[lane]);
                }
        }
        return logits;
    }

    /// In: the token's number or its embedding; out: its number. Over one link, as if the chips had no more.
    double host_us(int rows) const override {
        const double in = options_.host_embedding ? setup_.model.hidden * (options_.wide_exchange ? 4.0 : 2.0) : 4.0;
        return 2 * system_.pcie_latency_us + rows * (in + 4.0) / (system_.pcie_gbytes_per_s * 1e3);
    }

    std::unique_ptr<Stepper> beside(const DecodeOptions& options, const DecodeSetup& setup) const override {
        std::vector<int> taken = plan_.used_chips();
        taken.insert(taken.end(), taken_.begin(), taken_.end());
        return std::make_unique<SystemStepper>(options, setup, machine_, taken);
    }

    std::string place() const override {
        return std::to_string(plan_.chips()) + " of " + std::to_string(system_.chips) + " chips";
    }

    std::optional<SystemFigures> system_figures() const override {
        if (step_.start.empty()) return std::nullopt;
        const models::Chip& chip = system_.chip;
        const int rows = setup_.batch();
        SystemFigures figures{.chips = plan_.chips(), .split = plan_.split};
        figures.host_us = host_us(rows);
        figures.latency_us = 1e6 * chip_seconds(chip, double(run_.cycles)) + figures.host_us;
        const int64_t interval = step_.longest_stage + chip.geometry.superlanes - 1;
        figures.throughput_tokens_per_second = rows / chip_seconds(chip, double(interval));
        figures.requests_in_flight = int((run_.cycles + interval - 1) / interval);
        int64_t vectors = 0, most = 0;
        for (const auto& link : run_.links) {
            vectors += link.vectors;
            most = std::max(most, link.vectors);
        }
        figures.c2c_bytes = vectors * chip.lanes();
        const double slots = double(run_.cycles) / chip.timing.c2c_vector_interval;
        if (!run_.links.empty()) figures.link_utilisation = double(vectors) / double(run_.links.size()) / slots;
        figures.fullest_link_utilisation = double(most) / slots;
        figures.distinct_programs = run_.distinct_programs;
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            figures.sram_per_chip.push_back(plan_.memory_use(int(i)));
            figures.stage_cycles.push_back(compiled(i).cycles);
        }
        return figures;
    }

private:
    void write_inputs() {
        for (const auto& [row, token] : fed_) write_input(row, token, rows_[size_t(row)].position);
    }

    void write_input(int row, int token, int position) {
        const std::vector<int>& chips = plan_.stages.front().group.chips;
        for (size_t rank = 0; rank < chips.size(); ++rank)
            write(chips[rank], options_.host_embedding
                                   ? first().embedding_input(row, token, position, *setup_.weights, int(rank))
                                   : first().token_input(row, token));
    }

    /// A vector that could not be corrected is flagged when the step has ended. The step is then run again from its
    /// inputs: it writes the same keys and values to the same places, and reads nothing else that it wrote.
    void run_without_errors(const std::string& what, StepOutcome& outcome) {
        std::vector<sim::LinkError> errors;
        for (const StepLinkError& error : injected_) errors.push_back(error.at);
        machine_->inject(errors);
        write_inputs();
        run_ = simulate(what);
        machine_->inject({});
        for (const StepLinkError& error : std::exchange(injected_, {}))
            if (std::find(run_.link_errors.begin(), run_.link_errors.end(), error.at) == run_.link_errors.end())
                throw user_error("--link-error ", error.text, ": in that step the link carries no such vector");
        if (run_.link_errors.empty()) return;
        ++outcome.replays;
        outcome.replay_cycles += run_.cycles;
        write_inputs();
        run_ = simulate(what);
    }

    const compiler::LlamaCompiler& first() const { return plan_.compiler(0); }
    const compiler::LlamaCompiler& last() const { return plan_.compiler(int(plan_.stages.size()) - 1); }
    const std::vector<int>& last_chips() const { return plan_.stages.back().group.chips; }
    const compiler::CompiledStep& compiled(size_t stage) const { return step_.stage(stage); }

    SystemStep compile(const std::vector<compiler::StepRow>& rows) {
        const Stopwatch watch(compile_s);
        SystemStep step = compile_step(plan_, system_, rows, options_.scheduler);
        for (const auto& own : step.compiled)
            for (const auto& program : own.programs)
                instruction_bytes_ = std::max(instruction_bytes_, int64_t(program.instruction_bytes()));
        return step;
    }

    sim::SystemResult simulate(const std::string& what) {
        std::vector<std::vector<std::shared_ptr<const sim::PreparedProgram>>> prepared;
        {
            const Stopwatch watch(compile_s);
            for (const auto& own : step_.compiled) {
                auto& programs = prepared.emplace_back();
                for (const auto& program : own.programs) programs.push_back(sim::prepare(system_.chip, program));
            }
        }
        std::vector<sim::Launch> launches;
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            const PlannedStage& stage = plan_.stages[i];
            for (size_t rank = 0; rank < stage.group.chips.size(); ++rank)
                launches.push_back(
                    {.chip = stage.group.chips[rank],
                     .start_cycle = step_.start[i],
                     .program = prepared[size_t(step_.of_stage[i])][size_t(compiled(i).program_of_rank[rank])],
                     .links = stage.group.links[rank],
                     .name = "stage " + std::to_string(i)});
        }
        const Stopwatch watch(wall_s);
        sim::SystemResult run = machine_->run(launches);
        if (!run.hazards.empty())
            throw InternalError(what + ": the compiled programs have a hazard: " + run.hazards[0].message());
        SUPERLANE_CHECK(!run.stopped, what, "was stopped");
        SUPERLANE_CHECK(run.cycles == step_.cycles, what, "simulated cycles", run.cycles, "scheduled cycles",
                        step_.cycles);
        return run;
    }

    std::string digest() const {
        Digest digest;
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            digest.number(step_.start[i]);
            for (const int chip : plan_.stages[i].group.chips) digest.number(chip);
        }
        for (const auto& own : step_.compiled)
            for (const auto& program : own.programs) digest.text(program.digest());
        return digest.hex();
    }

    void write(int chip, const compiler::Image& image) {
        for (const compiler::ImageBlock& block : image)
            machine_->write(chip, block.side, block.slice, block.address, block.bytes);
    }

    std::vector<uint32_t> read_row(int chip, const compiler::VectorRegion& region, int row) const {
        const size_t lanes = size_t(system_.chip.lanes());
        std::vector<uint32_t> values(lanes);
        std::vector<uint8_t> plane(lanes);
        for (int k = 0; k < region.width; ++k) {
            machine_->read(chip, region.side, region.slices[size_t(k)], region.address + row, plane);
            for (size_t lane = 0; lane < lanes; ++lane) values[lane] |= uint32_t(plane[lane]) << (8 * k);
        }
        return values;
    }

    const DecodeOptions& options_;
    const DecodeSetup& setup_;
    const models::System& system_;
    SystemPlan plan_;
    std::vector<int> taken_;
    std::shared_ptr<sim::SystemMachine> machine_;
    SystemStep step_;
    sim::SystemResult run_;
    int64_t instruction_bytes_ = 0;
    std::map<int, int> fed_;               ///< row -> token: the host's part of the step under way
    std::vector<compiler::StepRow> rows_;  ///< of the step under way
    std::vector<StepLinkError> injected_;
};

}  // namespace

std::unique_ptr<Stepper> system_stepper(const DecodeOptions& options, const DecodeSetup& setup) {
    return std::make_unique<SystemStepper>(
        options, setup, std::make_shared<sim::SystemMachine>(*options.system, machine_options(options, setup)));
}

}  // namespace superlane::experiment
