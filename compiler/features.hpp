// SPDX-License-Identifier: Apache-2.0
// Features of LLM families that the compiler does not place on the chip yet, refused by name.
#pragma once
#include "models/llm.hpp"

namespace superlane::compiler {

/// UserError naming the first feature of the model that would be compiled wrongly.
void refuse_missing_features(const LlmConfig& config);

}  // namespace superlane::compiler
