// SPDX-License-Identifier: Apache-2.0
// One row a feature: better an error than wrong tokens.
#include "compiler/features.hpp"

#include "base/error.hpp"

namespace superlane::compiler {

void refuse_missing_features(const LlmConfig& llm) {
    struct Row {
        bool used;
        const char* name;
    };
    const Row rows[] = {
        {llm.has_mla(), "latent attention"},
        {llm.norm != NormKind::rms, "norms other than plain RMS"},
        {llm.norm_bias, "norm biases"},
        {llm.position != PositionKind::rope, "learned positions"},
        {llm.rope.interleaved, "interleaved RoPE"},
        {llm.activation != Activation::silu || !llm.gated_ffn, "an FFN other than SiLU-gated"},
        {llm.qk_norm, "norms of q and k heads"},
        {llm.attention_sinks, "attention sinks"},
        {llm.sandwich_norms, "norms before the residual sum"},
        {llm.clip_qkv != 0, "clipped q, k and v"},
        {llm.query_scale != 0, "an own scale of scores"},
        {llm.attention_soft_cap != 0, "soft-capped scores"},
        {!llm.windowed.empty(), "a sliding window in some layers only"},
        {llm.embedding_multiplier != 1, "an embedding multiplier"},
        {llm.logit_multiplier != 1, "a logit multiplier"},
    };
    for (const Row& row : rows)
        if (row.used)
            throw user_error("model '", llm.name, "' (family ", llm.family, ") has ", row.name,
                             ", which the compiler does not place (allowed: the features of the llama family)");
}

}  // namespace superlane::compiler
