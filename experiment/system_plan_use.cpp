// SPDX-License-Identifier: Apache-2.0
// What a plan takes: chips, their memory, keys and values.
#include <algorithm>

#include "compiler/shard.hpp"
#include "experiment/system_plan.hpp"

namespace superlane::experiment {

compiler::MemoryUse SystemPlan::fullest() const {
    compiler::MemoryUse most;
    for (const auto& kind : kinds)
        if (kind->memory_use().total() > most.total()) most = kind->memory_use();
    return most;
}

std::vector<int> SystemPlan::used_chips() const {
    std::vector<int> chips;
    for (const PlannedStage& stage : stages)
        chips.insert(chips.end(), stage.group.chips.begin(), stage.group.chips.end());
    return chips;
}

KvBytes SystemPlan::kv_bytes_per_token(const LlmConfig& config) const {
    KvBytes bytes;
    for (const PlannedStage& stage : stages) {
        LlmConfig own = compiler::shard_config(config, split.tp, std::max(1, split.ep));
        const auto blocks = compiler::model_blocks(config, stage.options.parts);
        const auto first = blocks.begin() + stage.options.first_block;
        own.layers =
            int(std::count_if(first, first + stage.options.blocks, [](const auto& b) { return b.attention(); }));
        const double chip = superlane::kv_bytes_per_token(own, 2);
        bytes.all += split.tp * chip;
        bytes.fullest_chip = std::max(bytes.fullest_chip, chip);
    }
    return bytes;
}

}  // namespace superlane::experiment
