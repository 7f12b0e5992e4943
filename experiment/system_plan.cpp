// SPDX-License-Identifier: Apache-2.0
// Choice of the split, the cut into stages, and where they stand.
#include "experiment/system_plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "compiler/partition.hpp"
#include "compiler/shard.hpp"
#include "experiment/prefill_rows.hpp"

namespace superlane::experiment {
namespace {

using compiler::Block;
using compiler::BlockSizes;
using compiler::Boundary;
using compiler::LlamaOptions;

constexpr double first_slack = 0.005, slack_step = 0.01, most_slack = 0.15;

/// What decides a stage's programs: all of its options but which layer it begins with, unless layers differ.
auto kind_key(const LlmConfig& config, const models::Chip& chip, const LlamaOptions& o) {
    const auto ends = [](const Boundary& b) { return std::tuple(b.cables, b.period, b.base); };
    enum Sort { attention, dense, mixture };
    std::vector<std::tuple<Sort, int64_t, bool, bool>> blocks;  // with window or size, and whether an FFN begins, ends
    const std::vector<Block> all = compiler::model_blocks(config, o.parts);
    for (const Block& block : std::span(all).subspan(size_t(o.first_block), size_t(o.blocks))) {
        if (block.attention()) {
            blocks.emplace_back(attention, config.window(block.layer), true, true);
            continue;
        }
        const bool experts = config.is_moe(block.layer);
        const int parts = o.parts.of(config, block.layer);
        const compiler::Part part{block.part, block.part + 1, parts};
        const int items = experts ? config.moe.experts / o.expert_groups
                                  : compiler::ShardedVector(config.ffn, o.chips, chip.lanes()).slots;
        blocks.emplace_back(experts ? mixture : dense, part.end(items) - part.begin(items), part.begins(), part.ends());
    }
    return std::tuple(blocks, o.embedding, o.head, o.head_part.first, o.head_part.last, ends(o.in), ends(o.out));
}

class Planner {
public:
    Planner(const models::System& system, const LlmConfig& config, const LlamaOptions& options, const Split& wanted,
            const std::vector<int>& taken)
        : system_(system), config_(config), options_(options), wanted_(wanted), taken_(taken) {
        options_.link_latency_cycles = system.scheduled_latency_cycles();
        options_.expert_groups = std::max(1, wanted.ep);
    }

    SystemPlan plan() {
        std::optional<SystemPlan> best;
        int64_t best_cycles = 0;
        std::string why;  // of groups that cannot be
        bool tried = false;
        for (const int tp : group_sizes()) {
            std::optional<SystemPlan> candidate;
            try {
                candidate = with_groups(tp);
                tried = true;
            } catch (const UserError& error) {
                if (wanted_.tp > 0) throw;
                if (why.empty()) why = error.what();
            }
            if (!candidate || (best && hopeless(tp, best->split.tp, best_cycles))) continue;
            const int64_t cycles = wanted_.tp > 0 ? 0 : latency(*candidate);  // one choice needs no comparison
            if (best && cycles >= best_cycles) continue;
            best = std::move(candidate);
            best_cycles = cycles;
        }
        if (best) return std::move(*best);
        if (!why.empty() && (!tried || wanted_.pp > 0)) throw user_error(why);
        throw does_not_fit();
    }

private:
    std::vector<int> group_sizes() const {
        if (wanted_.tp > system_.chips_per_node)
            throw user_error("tp ", wanted_.tp, ": a group stands within a node, and nodes of system '", system_.name,
                             "' have ", system_.chips_per_node, system_.chips_per_node == 1 ? " chip" : " chips",
                             " (allowed: 1 to ", system_.chips_per_node, ")");
        if (wanted_.tp > 0) return {wanted_.tp};
        std::vector<int> sizes;
        for (int tp = system_.chips_per_node; tp >= 1; --tp)  // the largest is mostly the fastest
            if (system_.chips_per_node % tp == 0 && config_.heads % tp == 0 &&
                (config_.moe.experts == 0 || tp % options_.expert_groups == 0) &&
                (config_.kv_heads % tp == 0 || tp % config_.kv_heads == 0))
                sizes.push_back(tp);
        if (sizes.empty())
            throw user_error("ep ", options_.expert_groups, ": no group within a node of ", system_.chips_per_node,
                             " chips of system '", system_.name, "' divides into so many sets for model '",
                             config_.name, "'");
        return sizes;
    }

    /// The plan with the fewest stages that fit (each boundary costs time), or as many as wanted; none when none fits.
    std::optional<SystemPlan> with_groups(int tp) {
        LlamaOptions options = options_;
        options.chips = tp;
        compiler::shard_config(config_, tp, options.expert_groups);  // complains about tp before anything else does
        std::optional<SystemPlan> best;
        for (const LlamaOptions& cut : ways_to_cut(options)) {
            std::optional<SystemPlan> plan = with_parts(cut);
            if (plan && (!best || plan->stages.size() < best->stages.size())) best = std::move(plan);
        }
        return best;
    }

    /// FFNs and the head whole where they fit; else in as few parts as can be, or some more, which may pack better; or
    /// as wanted.
    std::vector<LlamaOptions> ways_to_cut(const LlamaOptions& whole) const {
        const BlockSizes sizes = compiler::block_sizes(system_.chip, config_, whole);
        const double room = double(sizes.chip_bytes - sizes.fixed_bytes);
        const auto parts = [&](const BlockSizes::Size& size) {
            return whole.chips == 1 ? 1 : std::max(1, int(std::ceil(double(size.bytes) / (room * (1 - first_slack)))));
        };
        const auto wanted = [](int parts, int needed) { return parts > 0 ? parts : needed; };
        LlamaOptions cut = whole;
        cut.parts = {wanted(wanted_.ffn_parts, parts(sizes.ffn)), parts(sizes.dense_ffn)};
        cut.head_part.last = cut.head_part.of = wanted(wanted_.head_parts, parts(sizes.head));
        check_parts(cut);
        std::vector<LlamaOptions> ways{cut};
        if (whole.chips == 1 || wanted_.ffn_parts > 0 || double(sizes.ffn.bytes) < room * (1 - most_slack)) return ways;
        constexpr int more_parts = 2;
        for (int more = 1; more <= more_parts; ++more) {
            ++cut.parts.ffn;
            ways.push_back(cut);
        }
        std::erase_if(ways, [&](const LlamaOptions& way) { return way.parts.ffn > most_parts(way); });
        return ways;
    }

    /// Of an FFN: a vector of columns or an expert each.
    int most_parts(const LlamaOptions& options) const {
        return config_.moe.experts > 0 ? config_.moe.experts / options.expert_groups : vectors(config_.ffn, options);
    }
    int vectors(int columns, const LlamaOptions& options) const {
        return compiler::ShardedVector(columns, options.chips, system_.chip.lanes()).slots;
    }

    void check_parts(const LlamaOptions& cut) const {
        const auto check = [&](const char* what, int parts, int most, const char* of) {
            if (parts > 1 && cut.chips == 1)
                throw user_error(what, " ", parts, ": parts are for groups of several chips, not tp 1");
            if (parts > most)
                throw user_error(what, " ", parts, ": ", of, " of a chip in a group of ", cut.chips, " with model '",
                                 config_.name, "' are ", most, " (allowed: 1 to ", most, ")");
        };
        check("ffn_parts", cut.parts.ffn, most_parts(cut),
              config_.moe.experts > 0 ? "the experts" : "the vectors of an FFN's columns");
        check("head_parts", cut.head_part.of, vectors(config_.vocabulary, cut), "the vectors of tokens");
    }

    std::optional<SystemPlan> with_parts(const LlamaOptions& options) {
        const int tp = options.chips;
        const BlockSizes sizes = compiler::block_sizes(system_.chip, config_, options);
        const int groups =
            std::min(system_.nodes() * (system_.chips_per_node / tp), (system_.chips - int(taken_.size())) / tp);
        for (double slack = first_slack; slack < most_slack; slack += slack_step) {
            const int least = compiler::least_stages(config_, sizes, slack);
            if (least > 0) needed_.emplace(tp * least, Split{tp, least});
            if (least == 0 || least > groups) break;
            const int stages = wanted_.pp > 0 ? wanted_.pp : least;
            if (const int most = int(compiler::model_blocks(config_, options.parts).size()) +
                                 (options.head ? options.head_part.of : 0);
                stages > most)
                throw user_error("pp ", stages, ": model '", config_.name, "' has ", config_.layers,
                                 " layers, so at most ", most, " stages (attentions, FFNs and head apart)");
            const auto cut = compiler::divide_blocks(config_, sizes, stages, slack);
            if (cut.empty()) {
                if (stages < least) break;
                continue;
            }
            if (auto plan = lay_out(tp, cut, options)) {
                expected_cycles_[tp] = expected_cycles(sizes, stages);
                return plan;
            }
        }
        return std::nullopt;
    }

    /// Whether groups of `tp` are expected to be clearly slower than the best ones, so that compiling can be spared.
    bool hopeless(int tp, int best_tp, int64_t best_cycles) const {
        constexpr double clearly = 1.4;
        const double scale = double(best_cycles) / double(expected_cycles_.at(best_tp));
        return scale * double(expected_cycles_.at(tp)) > clearly * double(best_cycles);
    }

    /// For comparison only: reading the weights, the latencies beside it, and the ways between stages.
    int64_t expected_cycles(const BlockSizes& sizes, int stages) const {
        constexpr int64_t boundary_cycles = 1000;
        const int dense = config_.moe.experts > 0 ? config_.moe.first_dense_layers : 0;
        return config_.layers * sizes.attention.cycles + (config_.layers - dense) * sizes.ffn.cycles +
               dense * sizes.dense_ffn.cycles + (stages - 1) * boundary_cycles;
    }

    /// None when a stage turns out not to fit after all: packing wastes a little.
    std::optional<SystemPlan> lay_out(int tp, const std::vector<compiler::StageBlocks>& cut,
                                      const LlamaOptions& options) {
        SystemPlan plan{.split = {tp, int(cut.size()), options.expert_groups, options.parts.ffn, options.head_part.of}};
        const auto groups = compiler::place_groups(system_, tp, int(cut.size()), taken_);
        std::map<decltype(kind_key(config_, system_.chip, options)), int> kinds;
        for (size_t i = 0; i < cut.size(); ++i) {
            LlamaOptions own = options;
            own.first_block = cut[i].first_block;
            own.blocks = cut[i].blocks;
            own.embedding = options.embedding && cut[i].embedding;
            own.head = options.head && cut[i].head;
            if (own.head) own.head_part = cut[i].head_part;
            own.in = groups[i].in;
            own.out = groups[i].out;
            const auto [kind, fresh] = kinds.try_emplace(kind_key(config_, system_.chip, own), int(plan.kinds.size()));
            if (fresh) {
                try {
                    plan.kinds.push_back(std::make_shared<compiler::LlamaCompiler>(system_.chip, config_, own));
                } catch (const UserError& error) {
                    packing_ = error.what();
                    return std::nullopt;
                }
            }
            plan.stages.push_back({groups[i], own, kind->second});
        }
        return plan;
    }

    int64_t latency(const SystemPlan& plan) const {
        return compile_step(plan, system_, {{.request = 0, .position = options_.context - 1, .logits = options_.head}},
                            "list")
            .cycles;
    }

    UserError does_not_fit() const {
        const double bytes = weight_bytes(config_, options_.int8 ? 1 : 2);
        int64_t tokens = 0;
        for (int request = 0; request < options_.requests(); ++request) tokens += options_.context_of(request);
        const double kv = kv_bytes_per_token(config_, 2) * double(tokens);
        const int left = system_.chips - int(taken_.size());
        const double room = left * double(system_.chip.sram_bytes());
        std::string needs = "; of groups within a node of " + std::to_string(system_.chips_per_node) +
                            " chips none holds each block, or the head beside one, so more nodes do not help";
        if (!needed_.empty()) {
            const auto& [chips, split] = *needed_.begin();
            needs = "; it needs at least " + std::to_string(chips) + " chips (" + std::to_string(split.pp) +
                    (split.pp == 1 ? " stage of " : " stages of ") + std::to_string(split.tp) + ")";
            if (chips <= left && !packing_.empty())
                needs += ", but then " + packing_;
            else if (taken_.empty())
                needs += smallest_system(chips);
        }
        return user_error("model '", config_.name, "' does not fit system '", system_.name, "': ", int64_t(bytes),
                          " B of ", options_.int8 ? "int8" : "fp16", " weights + ", int64_t(kv),
                          " B of keys and values (", tokens, " tokens of ", options_.requests(),
                          options_.requests() == 1 ? " request) = " : " requests) = ", int64_t(bytes + kv), " B, ",
                          left, taken_.empty() ? " chips have " : " chips left have ", int64_t(room), " B",
                          bytes + kv > room ? ", " + std::to_string(int64_t(bytes + kv - room)) + " B too few" : "",
                          wanted_.pp > 0 || wanted_.tp > 0 ? " (with the split asked for)" : "", needs);
    }

    /// The smallest shipped system of this chip that has so many.
    std::string smallest_system(int chips) const {
        std::optional<models::System> best;
        for (const std::string& name : models::system_names()) {
            models::System other = models::load_system(name);
            if (other.chip.name != system_.chip.name || other.chips < chips) continue;
            if (!best || other.chips < best->chips) best = std::move(other);
        }
        return best ? ", so the smallest system that would hold it is '" + best->name + "' (" +
                          std::to_string(best->chips) + " chips)"
                    : "; no system that ships has so many";
    }

    const models::System& system_;
    const LlmConfig& config_;
    LlamaOptions options_;
    Split wanted_;
    const std::vector<int>& taken_;
    std::map<int, Split> needed_;             ///< chips -> split
    std::map<int, int64_t> expected_cycles_;  ///< by tp, of the plan with the fewest stages
    std::string packing_;                     ///< why a stage that should fit by its size did not
};

}  // namespace

SystemPlan plan_system(const models::System& system, const LlmConfig& config, const LlamaOptions& options,
                       const Split& wanted, const std::vector<int>& taken) {
    for (const SplitMember& member : split_members)
        if (wanted.*member.value < 0) throw user_error(member.name, " must be at least 1");
    return with_rows_that_fit(
        options, [&](const LlamaOptions& some) { return Planner(system, config, some, wanted, taken).plan(); });
}

}  // namespace superlane::experiment
