// SPDX-License-Identifier: Apache-2.0
// The blocks of a model, in order: what a stage of a pipeline may begin and end with.
#pragma once
#include <vector>

#include "models/llm.hpp"

namespace superlane::compiler {

/// Parts [first, last) of `of` equal ones.
struct Part {
    int first = 0, last = 1, of = 1;
    bool operator==(const Part&) const = default;
    bool any() const { return last > first; }
    bool begins() const { return first == 0; }
    bool ends() const { return last == of; }
    /// First and last (exclusive) of so many items.
    int begin(int items) const { return int(int64_t(items) * first / of); }
    int end(int items) const { return int(int64_t(items) * last / of); }
};

/// Into how many parts an FFN is cut that one group cannot hold: a dense one by its columns, a mixture by its experts.
/// Every part is a block of its own; the stages that have them work on the same rows at the same time, and the sum
/// passes from each to the next.
struct FfnParts {
    int ffn = 1;
    int dense = 1;  ///< of the dense layers of a model with experts
    bool operator==(const FfnParts&) const = default;
    int of(const LlmConfig& config, int layer) const {
        return config.moe.experts > 0 && !config.is_moe(layer) ? dense : ffn;
    }
};

/// The attention of a layer, or a part of its FFN.
struct Block {
    int layer = 0;
    int part = -1;  ///< of the FFN; -1 = attention
    bool attention() const { return part < 0; }
};

/// Layer by layer the attention and then the FFN's parts: 2 x layers blocks when nothing is cut.
std::vector<Block> model_blocks(const LlmConfig& config, const FfnParts& parts);

}  // namespace superlane::compiler
