// SPDX-License-Identifier: Apache-2.0
// Steps on a system of chips: a program for each kind of stage, launched on every chip when its stage begins.
#include <algorithm>
#include <bit>
#include <climits>
#include <deque>
#include <iterator>
#include <utility>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/full_pipeline.hpp"
#include "experiment/stepper.hpp"
#include "experiment/stopwatch.hpp"
#include "sim/system.hpp"

namespace superlane::experiment {
namespace {

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
          pipeline_(system_, plan_),
          machine_(std::move(machine)),
          tokens_(setup.prompts.size()) {}

    int max_rows() const override {
        int rows = INT_MAX;
        for (const auto& kind : plan_.kinds) rows = std::min(rows, kind->max_rows());
        return rows;
    }
    compiler::MemoryUse memory_use() const override { return plan_.fullest(); }
    const compiler::KvPages& kv_pages() const override { return first().kv_pages(); }
    KvBytes kv_bytes_per_token() const override { return plan_.kv_bytes_per_token(setup_.model); }
    int64_t scheduled_cycles(const std::vector<compiler::StepRow>& rows) override {
        ahead_rows_ = rows;
        ahead_ = compile(rows);
        return ahead_->step.cycles;
    }
    int64_t instruction_bytes() const override { return instruction_bytes_; }

    void load(const LlmWeights& weights) override {
        for (const PlannedStage& stage : plan_.stages) {
            // Its own compiler: the plan's is that of the first stage of this kind, with other layers.
            const compiler::LlamaCompiler own(system_.chip, setup_.model, stage.options);
            for (size_t rank = 0; rank < stage.group.chips.size(); ++rank)
                write(stage.group.chips[rank], own.image(weights, int(rank)));
        }
    }

    void inject(const std::vector<StepLinkError>& errors) override { injected_ = errors; }

    std::vector<StepOutcome> run(const std::vector<StepInput>& steps, const std::string& what) override {
        SUPERLANE_CHECK(!steps.empty() && (injected_.empty() || steps.size() == 1), what, steps.size());
        outcomes_.assign(steps.size(), {});
        last_.clear();
        std::vector<const PreparedStep*> order;
        for (const StepInput& step : steps) order.push_back(&last_.emplace_back(compile(step.rows)));
        const bool waits = std::any_of(steps.begin(), steps.end(), [](const StepInput& step) {
            return std::any_of(step.rows.begin(), step.rows.end(), [](const auto& row) { return row.logits; });
        });
        const int64_t interval = pipeline_.interval(order, waits ? setup_.in_flight : 0,
                                                    host_cycles(options_, setup_, steps[0].rows.size()));
        std::vector<sim::Launch> launches;
        for (size_t k = 0; k < steps.size(); ++k) {
            outcomes_[k].entered = int64_t(k) * interval;
            for (sim::Launch& launch : pipeline_.launches(last_[k], outcomes_[k].entered))
                launches.push_back(std::move(launch));
            if (!steps[k].tokens.empty()) attach_host(steps[k], k, std::prev(launches.end(), plan_.chips()));
        }
        run_without_errors(launches, what);
        for (size_t k = 0; k < steps.size(); ++k) finish(k, interval);
        return std::move(outcomes_);
    }

    std::optional<SystemFigures> system_figures() override {
        if (last_.empty()) return std::nullopt;
        const size_t batches = size_t(setup_.in_flight);
        SUPERLANE_CHECK(last_.size() >= batches, last_.size(), "steps of", batches, "batches");
        std::vector<const PreparedStep*> round;
        for (size_t k = last_.size() - batches; k < last_.size(); ++k) round.push_back(&last_[k]);
        const Stopwatch watch(wall_s);
        SystemFigures figures = full_pipeline(options_, setup_, plan_, round, run_);
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            figures.sram_per_chip.push_back(plan_.memory_use(int(i)));
            const compiler::CompiledStep& compiled = last_.back().step.stage(i);
            figures.stage_cycles.push_back(compiled.cycles);
            int64_t text = 0;
            for (const auto& program : compiled.programs) text = std::max(text, int64_t(program.instruction_bytes()));
            figures.stage_instruction_bytes.push_back(text);
        }
        return figures;
    }

    double host_us(int rows) const override { return experiment::host_us(options_, setup_, size_t(rows)); }

    std::unique_ptr<Stepper> beside(const DecodeOptions& options, const DecodeSetup& setup) const override {
        std::vector<int> taken = plan_.used_chips();
        taken.insert(taken.end(), taken_.begin(), taken_.end());
        return std::make_unique<SystemStepper>(options, setup, machine_, taken);
    }

    std::string place() const override {
        return std::to_string(plan_.chips()) + " of " + std::to_string(system_.chips) + " chips";
    }

private:
    /// The host writes a step's inputs before the first stage begins; it reads logits when a stage with a part of the
    /// head ends, and tokens when the last does.
    /// `launches`: of the step, by stage and rank.
    void attach_host(const StepInput& step, size_t number, std::vector<sim::Launch>::iterator launches) {
        StepOutcome& outcome = outcomes_[number];
        for (const compiler::StepRow& row : step.rows)
            if (row.logits)
                outcome.results.push_back({row.request, 0, std::vector<float>(size_t(setup_.model.vocabulary))});
        const int tp = plan_.split.tp;
        for (int rank = 0; rank < tp; ++rank) launches[rank].before = [this, step, rank] { write_inputs(step, rank); };
        for (int stage = 0; stage < int(plan_.stages.size()); ++stage)
            for (int rank = 0; plan_.stages[size_t(stage)].options.head && rank < tp; ++rank)
                launches[stage * tp + rank].after = [this, &step, &outcome, stage, rank] {
                    read_results(step.rows, outcome, stage, rank);
                };
    }

    void write_inputs(const StepInput& step, int rank) {
        const int chip = plan_.stages.front().group.chips[size_t(rank)];
        for (size_t r = 0; r < step.rows.size(); ++r) {
            const compiler::StepRow& row = step.rows[r];
            const int token = row.feed_back ? tokens_[size_t(row.request)] : step.tokens[r];
            write(chip, options_.host_embedding
                            ? first().embedding_input(int(r), token, row.position, *setup_.weights, rank)
                            : first().token_input(int(r), token));
        }
    }

    /// Results come in the order of the rows that want them; the last of a request is its token.
    void read_results(const std::vector<compiler::StepRow>& rows, StepOutcome& outcome, int stage, int rank) {
        const int chip = plan_.stages[size_t(stage)].group.chips[size_t(rank)];
        const compiler::LlamaCompiler& compiler = plan_.compiler(stage);
        const bool chooses = rank == 0 && stage + 1 == int(plan_.stages.size());
        int index = 0;
        for (int row = 0; row < int(rows.size()); ++row) {
            if (!rows[size_t(row)].logits) continue;
            StepOutcome::Result& result = outcome.results[size_t(index)];
            if (chooses)
                result.token = tokens_[size_t(result.request)] =
                    int(read_row(chip, compiler.token_region(), compiler.choice_row(rows, row))[0]);
            for (const auto& part : compiler.logits(index++, rank)) {
                const std::vector<uint32_t> lanes = read_row(chip, part.region, part.row);
                for (size_t lane = 0; lane < part.columns.size(); ++lane)
                    if (part.columns[lane] >= 0)
                        result.logits[size_t(part.columns[lane])] = std::bit_cast<float>(lanes[lane]);
            }
        }
    }

    /// A vector that could not be corrected is flagged when the step has ended. The step is then run again from its
    /// inputs: it writes the same keys and values to the same places, and reads nothing else that it wrote.
    void run_without_errors(const std::vector<sim::Launch>& launches, const std::string& what) {
        std::vector<sim::LinkError> errors;
        for (const StepLinkError& error : injected_) errors.push_back(error.at);
        machine_->inject(errors);
        const std::vector<int> before = tokens_;
        run_ = timed(launches, what);
        machine_->inject({});
        for (const StepLinkError& error : std::exchange(injected_, {}))
            if (std::find(run_.link_errors.begin(), run_.link_errors.end(), error.at) == run_.link_errors.end())
                throw user_error("--link-error ", error.text, ": in that step the link carries no such vector");
        if (run_.link_errors.empty()) return;
        ++outcomes_[0].replays;
        outcomes_[0].replay_cycles += run_.cycles;
        tokens_ = before;
        run_ = timed(launches, what);
    }

    sim::SystemResult timed(const std::vector<sim::Launch>& launches, const std::string& what) {
        const Stopwatch watch(wall_s);
        return simulate(*machine_, launches, what);
    }

    /// What the run says of a step.
    void finish(size_t number, int64_t interval) {
        const SystemStep& step = last_[number].step;
        StepOutcome& outcome = outcomes_[number];
        const size_t chips = size_t(plan_.chips());
        sim::Counters counters;
        for (size_t i = 0; i < chips; ++i) {
            counters += run_.by_launch[number * chips + i];
            outcome.cycles = std::max(outcome.cycles, run_.ends[number * chips + i] - outcome.entered);
        }
        SUPERLANE_CHECK(outcome.cycles == step.cycles, "step", number, "simulated cycles", outcome.cycles,
                        "scheduled cycles", step.cycles);
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            const int64_t end = i + 1 < plan_.stages.size() ? step.start[i + 1] : step.cycles;
            add_operators(outcome.operators, exclusive_cycles(step.stage(i).operations, end - step.start[i]));
            for (const int64_t cycles : step.stage(i).rank_cycles) outcome.busy_cycles += cycles;
        }
        outcome.usage.add(outcome.busy_cycles, counters);
        outcome.instruction_bytes = instruction_bytes_;
        outcome.digest = digest(step, number > 0 ? interval : 0);
    }

    const compiler::LlamaCompiler& first() const { return plan_.compiler(0); }
    PreparedStep compile(const std::vector<compiler::StepRow>& rows) {
        if (ahead_ && ahead_rows_ == rows) {  // asked for its cycles before it runs
            PreparedStep prepared = std::move(*ahead_);
            ahead_.reset();
            return prepared;
        }
        const Stopwatch watch(compile_s);
        std::vector<compiler::StepRow> fed = rows;  // the host brings a token from the last stage to the first
        for (compiler::StepRow& row : fed) row.feed_back = false;
        PreparedStep prepared = pipeline_.compile(fed, options_.scheduler);
        for (const auto& own : prepared.step.compiled)
            for (const auto& program : own.programs)
                instruction_bytes_ = std::max(instruction_bytes_, int64_t(program.instruction_bytes()));
        return prepared;
    }

    std::string digest(const SystemStep& step, int64_t interval) const {
        Digest digest;
        for (size_t i = 0; i < plan_.stages.size(); ++i) {
            digest.number(step.start[i] + interval);
            for (const int chip : plan_.stages[i].group.chips) digest.number(chip);
        }
        for (const auto& own : step.compiled)
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
    Pipeline pipeline_;
    std::shared_ptr<sim::SystemMachine> machine_;
    sim::SystemResult run_;
    std::deque<PreparedStep> last_;  ///< of the last run
    std::vector<compiler::StepRow> ahead_rows_;
    std::optional<PreparedStep> ahead_;  ///< compiled for those, not run yet
    std::vector<StepOutcome> outcomes_;
    int64_t instruction_bytes_ = 0;
    std::vector<int> tokens_;  ///< the last one of each request
    std::vector<StepLinkError> injected_;
};

}  // namespace

std::unique_ptr<Stepper> system_stepper(const DecodeOptions& options, const DecodeSetup& setup) {
    return std::make_unique<SystemStepper>(
        options, setup, std::make_shared<sim::SystemMachine>(*options.system, machine_options(options, setup)));
}

}  // namespace superlane::experiment
