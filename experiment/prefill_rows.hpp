// SPDX-License-Identifier: Apache-2.0
// How many tokens a prefill step takes where nobody says: as many as usual, or fewer where the model then fits.
#pragma once
#include "base/error.hpp"
#include "compiler/llama.hpp"

namespace superlane::experiment {

constexpr int usual_prefill_rows = 8;

/// make(options) with the prefill rows asked for; where none are (0) with 8, 4, 2 or 1, the most that fit. UserError of
/// the last try when none do.
template <class Make>
auto with_rows_that_fit(compiler::LlamaOptions options, const Make& make) {
    if (options.prefill_rows > 0) return make(options);
    for (options.prefill_rows = usual_prefill_rows;; options.prefill_rows /= 2) try {
            return make(options);
        } catch (const UserError&) {
            if (options.prefill_rows == 1) throw;
        }
}

}  // namespace superlane::experiment
