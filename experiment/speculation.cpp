// SPDX-License-Identifier: Apache-2.0
// The rounds of speculative decoding: the draft's steps, one verification, what is kept. Keys and values of refused
// tokens stay behind until the next round writes over them; no row sees them, since each sees positions up to its own.
#include "experiment/speculation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "experiment/decode_session.hpp"
#include "experiment/prefill_rows.hpp"

namespace superlane::experiment {
namespace {

using Rows = std::vector<compiler::StepRow>;

/// The model's own steps: its verification takes in one token more than is proposed.
DecodeOptions target_options(const DecodeOptions& options) {
    DecodeOptions target = options;
    target.speculation = {};
    if (const int rows = options.speculation.tokens + 1; target.prefill_rows > 0 || rows > usual_prefill_rows)
        target.prefill_rows = std::max(target.prefill_rows, rows);
    target.compare = target.keep_logits = target.calibrated = false;
    target.trace_file = target.vcd_file = "";  // those are of plain decoding
    return target;
}

DecodeOptions draft_options(const DecodeOptions& target, const SpeculationOptions& speculation,
                            const DecodeSetup& setup) {
    DecodeOptions draft = target;
    draft.model = speculation.draft;
    if (!speculation.dtype.empty()) draft.dtype = speculation.dtype;
    draft.prompts.clear();
    draft.prompt_ids.clear();
    if (target.position == 0) draft.prompt_ids = setup.prompts;
    draft.context = setup.context;
    draft.contexts.clear();
    draft.timing_only = setup.timing_only;
    draft.split = {};
    return draft;
}

void check(const DecodeOptions& options, const DecodeSetup& setup) {
    const SpeculationOptions& speculation = options.speculation;
    if (setup.requests() != 1)
        throw user_error("--draft ", speculation.draft, ": speculation takes one request, not ", setup.requests());
    if (setup.partial) throw user_error("--draft ", speculation.draft, " needs the whole model; leave out --layers");
    if (options.kv_from_host > 0) throw user_error("--draft and --kv-from-host exclude each other");
    if (!options.link_errors.empty()) throw user_error("--draft and --link-error exclude each other");
    if (setup.timing_only && !speculation.acceptance)
        throw user_error("--draft ", speculation.draft,
                         " in timing mode needs --acceptance P: without values no proposal can be judged");
    if (!setup.timing_only && speculation.acceptance)
        throw user_error("--acceptance ", *speculation.acceptance, " needs --timing-only: with values it is measured");
}

void check_draft(const DecodeOptions& draft, const DecodeSetup& setup) {
    const LlmConfig model = find_llm(draft.model);
    if (model.vocabulary != setup.model.vocabulary)
        throw user_error("--draft ", draft.model, ": its vocabulary has ", model.vocabulary, " tokens, that of model '",
                         setup.model.name, "' ", setup.model.vocabulary);
    if (!setup.timing_only && model.directory.empty())
        throw user_error("--draft ", draft.model,
                         ": a shape without weights proposes no tokens; add --timing-only and --acceptance P");
}

/// Adds to a complaint that the other model takes room too.
std::unique_ptr<Stepper> beside(const Stepper& first, const DecodeOptions& options, const DecodeSetup& setup,
                                const std::string& model) {
    try {
        return first.beside(options, setup);
    } catch (const UserError& error) {
        throw user_error("--draft ", options.model, " beside model '", model, "', which takes ", first.place(), ": ",
                         error.what());
    }
}

class SpeculativeSession {
public:
    SpeculativeSession(const DecodeOptions& options, const DecodeWatcher& watcher)
        : speculation_(options.speculation),
          watcher_(watcher),
          target_options_(target_options(options)),
          target_setup_(checked(options)),
          draft_options_(draft_options(target_options_, speculation_, target_setup_)),
          draft_setup_(set_up_draft()),
          target_(options.system ? system_stepper(target_options_, target_setup_)
                                 : one_chip_stepper(target_options_, target_setup_)),
          draft_(beside(*target_, draft_options_, draft_setup_, target_setup_.model.name)),
          random_(uint64_t(speculation_.seed)) {}

    void run(DecodeResult& result) {
        load();
        sequence_ = target_setup_.prompts[0];
        const int prompt = int(sequence_.size());
        draft_seen_ = prompt - 1;
        prefill(*target_);
        figures_.draft_prefill_cycles = prefill(*draft_);
        // Plain decoding may have ended sooner: by an end token.
        const int wanted = target_setup_.timing_only ? target_options_.tokens : int(result.tokens[0].size());
        while (generated_ < wanted) round(wanted - generated_);
        if (!target_setup_.timing_only) {
            const std::vector<int> tokens(sequence_.begin() + prompt, sequence_.end());
            SUPERLANE_CHECK(tokens == result.tokens[0], "speculative decoding gave other tokens than plain decoding");
        }
        finish(result);
    }

private:
    DecodeSetup checked(const DecodeOptions& options) const {
        DecodeSetup setup = set_up(target_options_, {});
        check(options, setup);
        return setup;
    }

    DecodeSetup set_up_draft() const {
        check_draft(draft_options_, target_setup_);
        return set_up(draft_options_, watcher_.note);
    }

    void load() {
        if (target_setup_.timing_only) return;
        target_->load(*target_setup_.weights);
        draft_->load(*draft_setup_.weights);
    }

    /// Runs rows in as many programs as they take; the argmax of each row that wants logits. Adds cycles and time.
    std::vector<int> run(Stepper& stepper, const Rows& rows, const std::vector<int>& tokens, const char* what,
                         int64_t& cycles) {
        std::vector<int> choices;
        for (size_t first = 0; first < rows.size(); first += size_t(stepper.max_rows())) {
            const size_t last = std::min(rows.size(), first + size_t(stepper.max_rows()));
            StepInput part{.rows = {rows.begin() + long(first), rows.begin() + long(last)}};
            for (size_t i = 0; !target_setup_.timing_only && i < part.rows.size(); ++i)
                part.tokens.push_back(part.rows[i].feed_back ? 0 : tokens[first + i]);
            const StepOutcome outcome =
                stepper.run({part}, std::string(what) + " at position " + std::to_string(rows[first].position))[0];
            digest_.text(outcome.digest).number(outcome.cycles);
            cycles += outcome.cycles;
            progress_.cycles += outcome.busy_cycles;
            for (const StepOutcome::Result& result : outcome.results) choices.push_back(result.token);
        }
        return choices;
    }

    /// Every prompt token but the last.
    int64_t prefill(Stepper& stepper) {
        int64_t cycles = 0;
        Rows rows;
        for (int p = 0; target_options_.position == 0 && p + 1 < int(sequence_.size()); ++p)
            rows.push_back({.request = 0, .position = p});
        run(stepper, rows, sequence_, "prefill", cycles);
        return cycles;
    }

    /// The draft takes in what it has not seen of the sequence (one token, or two when all its proposals were accepted)
    /// and proposes; the last proposal it does not take in itself.
    std::vector<int> propose(int count) {
        const int position = int(sequence_.size()) - 1;
        Rows rows;
        for (int p = draft_seen_; p <= position; ++p)
            rows.push_back({.request = 0, .position = p, .logits = p == position});
        const std::vector<int> unseen(sequence_.begin() + draft_seen_, sequence_.end());
        std::vector<int> proposals;
        for (int i = 0; i < count; ++i) {
            if (i > 0) rows = {{.request = 0, .position = position + i, .feed_back = true, .logits = true}};
            const std::vector<int> choice = run(*draft_, rows, unseen, "draft step", figures_.draft_cycles);
            proposals.push_back(choice.empty() ? 0 : choice[0]);
            figures_.draft_us += draft_->host_us(int(rows.size()));
            ++figures_.draft_steps;
        }
        return proposals;
    }

    /// How many proposals are accepted: as many as are equal to the model's own choices, or as drawn.
    int accepted(const std::vector<int>& proposals, const std::vector<int>& choices) {
        size_t count = 0;
        if (target_setup_.timing_only)
            while (count < proposals.size() && double(random_() >> 11) * 0x1p-53 < *speculation_.acceptance) ++count;
        else
            while (count < proposals.size() && proposals[count] == choices[count]) ++count;
        return int(count);
    }

    void round(int left) {
        const int position = int(sequence_.size()) - 1;
        const std::vector<int> proposals = propose(std::min(speculation_.tokens, left - 1));
        std::vector<int> tokens = {sequence_.back()};
        tokens.insert(tokens.end(), proposals.begin(), proposals.end());
        Rows rows;
        for (int i = 0; i < int(tokens.size()); ++i)
            rows.push_back({.request = 0, .position = position + i, .logits = true});
        const std::vector<int> choices = run(*target_, rows, tokens, "verification", figures_.verify_cycles);
        figures_.verify_us += target_->host_us(int(rows.size()));
        const int kept = accepted(proposals, choices);
        for (int i = 0; i <= kept; ++i) sequence_.push_back(choices.empty() ? 0 : choices[size_t(i)]);
        if (!proposals.empty())  // it has taken in all of them but the last
            draft_seen_ = position + 1 + std::min(kept, int(proposals.size()) - 1);
        generated_ += kept + 1;
        figures_.proposed += int64_t(proposals.size());
        figures_.accepted += kept;
        figures_.accepted_by_verification.push_back(kept);
        digest_.numbers(std::span<const int>(proposals)).number(kept);
        tell();
    }

    void tell() {
        progress_.done = generated_;
        progress_.steps = target_options_.tokens;
        progress_.speculative = true;
        if (watcher_.progress) watcher_.progress(progress_);
    }

    void finish(DecodeResult& result) {
        const models::Chip& chip = target_options_.chip;
        figures_.draft = draft_setup_.model.name;
        figures_.draft_layers = draft_setup_.model.layers;
        if (const auto system = draft_->system_figures()) {
            figures_.draft_chips = system->chips;
            figures_.draft_tp = system->split.tp;
            figures_.draft_pp = system->split.pp;
        }
        figures_.tokens = generated_;
        figures_.draft_us += 1e6 * chip_seconds(chip, double(figures_.draft_cycles));
        figures_.verify_us += 1e6 * chip_seconds(chip, double(figures_.verify_cycles));
        const auto plain = double(result.cycles_per_token.size());
        figures_.plain_us = plain * (1e6 * chip_seconds(chip, result.mean_cycles()) + target_->host_us(1));
        figures_.wall_s = target_->wall_s + draft_->wall_s;
        figures_.compile_s = target_->compile_s + draft_->compile_s;
        digest_.text(superlane::to_json(draft_setup_.model).dump()).text(draft_options_.dtype);
        figures_.digest = digest_.hex();
        result.digest = Digest().text(result.digest).text(figures_.digest).hex();
        result.speculation = std::move(figures_);
    }

    const SpeculationOptions speculation_;
    const DecodeWatcher& watcher_;
    const DecodeOptions target_options_;
    const DecodeSetup target_setup_;
    const DecodeOptions draft_options_;
    const DecodeSetup draft_setup_;
    std::unique_ptr<Stepper> target_, draft_;
    std::mt19937_64 random_;
    std::vector<int> sequence_;  ///< prompt and tokens; the last was not taken in yet
    int draft_seen_ = 0;         ///< first position whose keys and values the draft lacks
    int generated_ = 0;
    SpeculationFigures figures_;
    Digest digest_;
    Progress progress_;
};

void check_options(const SpeculationOptions& speculation) {
    if (speculation.draft.empty()) throw user_error("--speculate, --acceptance and the draft's options need --draft");
    if (speculation.tokens == 0) throw user_error("--draft ", speculation.draft, " needs --speculate K");
    if (speculation.tokens < 1 || speculation.tokens > most_speculated)
        throw user_error("--speculate ", speculation.tokens, ": must be from 1 to ", most_speculated);
    if (speculation.acceptance && !(*speculation.acceptance >= 0 && *speculation.acceptance <= 1))
        throw user_error("--acceptance ", *speculation.acceptance, ": must be from 0 to 1");
    if (!speculation.dtype.empty()) is_half(speculation.dtype);
}

}  // namespace

DecodeResult run_speculative(const DecodeOptions& options, const DecodeWatcher& watcher) {
    check_options(options.speculation);
    SpeculativeSession session(options, watcher);
    DecodeResult result = DecodeSession(options, set_up(options, watcher.note), watcher).run();
    session.run(result);
    return result;
}

}  // namespace superlane::experiment
