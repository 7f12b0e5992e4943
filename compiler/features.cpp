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
        {llm.is_moe(llm.layers - 1), "experts"},
    };
    for (const Row& row : rows)
        if (row.used)
            throw user_error("model '", llm.name, "' (family ", llm.family, ") has ", row.name,
                             ", which the compiler does not place (allowed: dense families with ordinary attention)");
}

}  // namespace superlane::compiler
