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

/// Chips of a tensor-parallel group, stages of the pipeline; 0 = chosen for the least latency. Sets of a group's chips
/// among which experts are dealt; 0 = 1.
struct Split {
    int tp = 0, pp = 0, ep = 0;
    bool operator==(const Split&) const = default;
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

/// A compiled step of every kind, and when each stage begins.
struct SystemStep {
    std::vector<compiler::CompiledStep> kinds;
    std::vector<int64_t> start;  ///< by stage, cycles
    int64_t cycles = 0;          ///< to the end of the last stage
    int64_t longest_stage = 0;   ///< cycles: a token can leave the pipeline as often
};

/// Lays the model out. UserError when it does not fit, with the arithmetic and the smallest system that would hold it,
/// or when the wanted split is impossible. `taken`: chips on which another model stands.
SystemPlan plan_system(const models::System& system, const LlmConfig& config, const compiler::LlamaOptions& options,
                       const Split& wanted, const std::vector<int>& taken = {});
SystemStep compile_step(const SystemPlan& plan, const models::System& system,
                        const std::vector<compiler::StepRow>& rows, const std::string& scheduler);

}  // namespace superlane::experiment
