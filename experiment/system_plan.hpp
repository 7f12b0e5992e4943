// SPDX-License-Identifier: Apache-2.0
// How a model stands in a system: the split, the stages, their chips and their compilers.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compiler/llama.hpp"
#include "compiler/placement.hpp"
#include "experiment/prefix.hpp"
#include "models/llm.hpp"
#include "models/system.hpp"

namespace superlane::experiment {

/// How a model is divided; 0 = chosen.
struct Split {
    int tp = 0, pp = 0, ep = 0, ffn_parts = 0, head_parts = 0;
    bool operator==(const Split&) const = default;
};

/// A member's name in files, and on the command line with dashes.
struct SplitMember {
    const char* name;
    int Split::*value;
    const char* meaning;
};
inline constexpr SplitMember split_members[] = {
    {"tp", &Split::tp, "chips of a tensor-parallel group; chosen for the least latency when left out"},
    {"pp", &Split::pp, "stages of the pipeline; as few as fit when left out"},
    {"ep", &Split::ep, "sets of a group's chips among which experts are dealt; 1 when left out"},
    {"ffn_parts", &Split::ffn_parts,
     "parts of each FFN, or sets of experts, on stages that work on them at once; as few as fit when left out"},
    {"head_parts", &Split::head_parts, "parts of the vocabulary head, likewise"},
};

struct PlannedStage {
    compiler::PlacedGroup group;
    compiler::LlamaOptions options;
    int kind = 0;  ///< stages of one kind run the same programs
};

struct SystemPlan {
    Split split;
    std::vector<PlannedStage> stages;
    std::vector<std::shared_ptr<const compiler::LlamaCompiler>> kinds;
    int chips() const { return split.tp * int(stages.size()); }
    const compiler::LlamaCompiler& compiler(int stage) const { return *kinds[size_t(stages[size_t(stage)].kind)]; }
    compiler::MemoryUse memory_use(int stage) const { return compiler(stage).memory_use(); }
    compiler::MemoryUse fullest() const;
    std::vector<int> used_chips() const;
    KvBytes kv_bytes_per_token(const LlmConfig& config) const;
};

/// What every stage runs in a step, and when it begins.
struct SystemStep {
    std::vector<compiler::CompiledStep> compiled;  ///< those that differ
    std::vector<int> of_stage;                     ///< index into compiled
    std::vector<int64_t> start;                    ///< by stage, cycles
    int64_t cycles = 0;                            ///< to the end of the last stage
    int64_t longest_stage = 0;                     ///< cycles: a token can leave the pipeline as often
    const compiler::CompiledStep& stage(size_t i) const { return compiled[size_t(of_stage[i])]; }
};

/// Lays the model out; with options.prefill_rows 0 for as many as fit (prefill_rows.hpp). UserError when it does not
/// fit, with the arithmetic and the smallest system that would hold it, or when the wanted split is impossible.
/// `taken`: chips on which another model stands.
SystemPlan plan_system(const models::System& system, const LlmConfig& config, const compiler::LlamaOptions& options,
                       const Split& wanted, const std::vector<int>& taken = {});
SystemStep compile_step(const SystemPlan& plan, const models::System& system,
                        const std::vector<compiler::StepRow>& rows, const std::string& scheduler);

}  // namespace superlane::experiment
