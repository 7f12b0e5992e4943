// SPDX-License-Identifier: Apache-2.0
// A decode step of a model as operators and the values between them, and its cut at every attention.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "models/llm.hpp"

namespace superlane {

struct StepGraph {
    struct Op {
        std::string name;
        int layer = -1;
        int64_t weights = 0;  ///< parameters that it reads
        bool attention = false;
    };
    struct Value {
        std::string name;
        int producer = 0;
        std::vector<int> consumers;
        int64_t elements = 0;  ///< a token
    };
    std::vector<Op> ops;  ///< in an order in which they may run
    /// The first that an attention consumes is its query, all others are rows of its cache.
    std::vector<Value> values;
};

StepGraph step_graph(const LlmConfig& model);

/// The graph without its n attentions falls into n + 1 slices.
struct AttentionCut {
    struct Crossing {
        int attention = 0;                        ///< its operator
        int64_t query = 0, rows = 0, result = 0;  ///< elements a token: to it before and after, and back
        int64_t kept = 0;                         ///< that the next slice needs from those before, beside the result
    };
    struct Slice {
        std::vector<int> ops;  ///< those that the next query needs, then the others
        size_t early = 0;      ///< how many the query needs
    };
    std::vector<Crossing> crossings;  ///< in order of layers
    std::vector<Slice> slices;
};

/// Each slice ends where the fewest elements are kept: a minimum cut between what an attention consumes and what
/// consumes its result.
AttentionCut cut_at_attention(const StepGraph& graph);

}  // namespace superlane
