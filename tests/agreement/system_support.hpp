// SPDX-License-Identifier: Apache-2.0
// A random model of eight heads, and systems of small chips on which it is decoded.
#pragma once
#include "models/topology.hpp"
#include "tests/agreement/models.hpp"

namespace superlane::test {

/// No dimension is a multiple of what eight chips of 64 lanes share.
inline LlmConfig eight_heads(int kv_heads) {
    LlmConfig model;
    model.name = "eight-heads-" + std::to_string(kv_heads);
    model.family = "llama";
    model.layers = 3;
    model.heads = 8;
    model.kv_heads = kv_heads;
    model.head_dim = 16;
    model.hidden = 200;
    model.ffn = 150;
    model.vocabulary = 300;
    model.max_position = 128;
    model.rms_norm_eps = 1e-5;
    return model;
}

/// The first chips of the deployed topology, made of the small chip: up to 8 are a node, more have gateways.
inline models::System small_system(int chips) {
    const models::Chip mini = models::load_chip("mini");
    if (chips <= 8) return models::one_node(mini, chips);
    return models::first_chips(
        models::load_system("tsp-v1-576", {"superlanes=4", "mem.slices_per_hemisphere=48", "mem.words_per_slice=4096",
                                           "icu.text_words_per_slice=512"}),
        chips);
}

inline experiment::DecodeOptions on_system(const RandomModel& model, int chips, int tp, int pp, int tokens = 2) {
    experiment::DecodeOptions options;
    options.model = model.directory();
    options.prompt_ids = {{3, 1, 4, 1, 5, 9}};
    options.tokens = tokens;
    options.context = 16;
    options.prefill_rows = 4;
    options.system = small_system(chips);
    options.chip = options.system->chip;
    options.split = {tp, pp};
    return options;
}

}  // namespace superlane::test
