// SPDX-License-Identifier: Apache-2.0
// The parts of `superlane describe`.
#pragma once
#include <string>
#include <vector>

namespace superlane::cli {

void describe_chips(const std::vector<std::string>& names, const std::vector<std::string>& overrides);
void describe_models(const std::vector<std::string>& names);
void describe_isa(const std::vector<std::string>& mnemonics);
void describe_parameters(const std::vector<std::string>& keys);

}  // namespace superlane::cli
