// SPDX-License-Identifier: Apache-2.0
// The parts of `superlane describe`.
#pragma once
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace superlane::cli {

inline constexpr const char* parameter_marks =
    "Marks: P published by the maker, T told by practitioners' public programs, D derived, A assumed.";

void describe_chips(const std::vector<std::string>& names, const std::vector<std::string>& overrides);
void describe_systems(const std::vector<std::string>& names, const std::vector<std::string>& overrides,
                      const std::string& svg, JsonOutput& json);
/// `fit`: also what a fit on the device's points gives.
void describe_gpus(const std::vector<std::string>& names, const std::vector<std::string>& overrides, bool fit,
                   JsonOutput& json);
void describe_models(const std::vector<std::string>& names);
void describe_isa(const std::vector<std::string>& mnemonics);
void describe_parameters(const std::vector<std::string>& keys);
/// What a design point may set.
void describe_axes(const std::vector<std::string>& names, JsonOutput& json);

}  // namespace superlane::cli
