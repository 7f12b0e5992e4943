// SPDX-License-Identifier: Apache-2.0
// What a decode needs before its first step, checked: the model, its prompts as tokens, the context.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiment/decode.hpp"
#include "experiment/faults.hpp"
#include "models/checkpoint.hpp"
#include "models/tokenizer.hpp"

namespace superlane::experiment {

struct DecodeSetup {
    LlmConfig model;  ///< with the layers that run
    bool timing_only = false;
    bool partial = false;  ///< layers alone: no embedding, no head
    std::optional<LlmWeights> weights;
    std::optional<Tokenizer> tokenizer;
    std::vector<std::vector<int>> prompts;  ///< by request
    std::vector<int> contexts;              ///< by request
    int context = 0;                        ///< the longest of them
    std::vector<StepLinkError> link_errors;

    bool half = true;
    bool dram = false;  ///< weights lie in DRAM, and the host has the embedding table
    int in_flight = 1;  ///< batches
    int requests() const { return int(prompts.size()); }
    int batch() const { return requests() / in_flight; }  ///< requests of one step
    int first_position(int request) const { return int(prompts[size_t(request)].size()) - 1; }
    compiler::LlamaOptions compiler_options(const DecodeOptions& options) const;
};

/// UserError for everything wrong with the options; `note` hears what was decided for the user.
DecodeSetup set_up(const DecodeOptions& options, const std::function<void(const std::string&)>& note);

/// Bytes of weights that a decode step reads.
int64_t step_weight_bytes(const DecodeSetup& setup);

}  // namespace superlane::experiment
