// SPDX-License-Identifier: Apache-2.0
// The oracle: every family of models in plain loops, sharing no arithmetic with compiler or simulator
// (docs/numerics.md).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/checkpoint.hpp"
#include "models/llm.hpp"
#include "workloads/reference/rounding.hpp"

namespace superlane {

/// Prefill and decode of independent requests, each with its own keys and values.
class Reference {
public:
    /// Sees one row of one request at a named point of a step; layer is -1 outside the layers. Names: embedding,
    /// attention_norm, q, k, v (as stored for the scores; MLA: of the latent row), attention, attention_residual,
    /// ffn_norm, gated (of a dense FFN), router (its logits), experts (chosen, best first), expert_weights,
    /// ffn_residual, final_norm, logits. A value is shown before a projection rounds it.
    using Probe = std::function<void(int request, int layer, std::string_view name, std::span<const float> values)>;

    /// Copies the weights, rounded as `rounding` says. UserError when a weight does not fit fp16.
    Reference(const LlmConfig& config, const LlmWeights& weights, Rounding rounding, int requests = 1);
    ~Reference();
    Reference(Reference&&) noexcept;
    Reference& operator=(Reference&&) noexcept;

    /// Feeds one token of request 0; the logits [vocabulary] of the next. UserError when the token is not in the
    /// vocabulary or the context is full.
    std::vector<float> step(int token);
    std::vector<float> step(int request, int token);
    /// Feeds tokens[r] to request r, for every request; logits by request.
    std::vector<std::vector<float>> step_batch(std::span<const int> tokens);
    /// Feeds all tokens of one request layer by layer; the logits after the last. UserError when there are none.
    std::vector<float> prefill(int request, std::span<const int> tokens);

    /// Clears request 0, feeds the prompt, then decodes `count` tokens by greedy choice; stops after an eos token when
    /// `stop_at_eos`.
    std::vector<int> greedy(std::span<const int> prompt, int count, bool stop_at_eos = false);

    int64_t position(int request = 0) const;  ///< tokens fed so far
    void clear(int request = 0);              ///< forgets keys and values
    void set_probe(Probe probe);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The index of the largest logit; the lowest of equal ones.
int greedy_token(std::span<const float> logits);

}  // namespace superlane
