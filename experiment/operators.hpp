// SPDX-License-Identifier: Apache-2.0
// Time of each operation of a program, so that the times add up to the program's length.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/emit.hpp"
#include "experiment/result.hpp"

namespace superlane::experiment {

struct OperatorCycles {
    std::string name;
    int64_t cycles = 0;
    bool operator==(const OperatorCycles&) const = default;
};

/// Operations overlap: a cycle belongs to the one that started last among those in progress, of equal starts the later
/// in program order; what no operation covers is "idle". Names are stripped of their layer ("layer 3: ffn" -> "ffn").
std::vector<OperatorCycles> exclusive_cycles(const std::vector<compiler::OperationSpan>& spans, int64_t cycles);

/// What an operation's time goes to: compute, memory (weights come from SRAM to the MXM), network or waiting.
std::string_view operator_kind(std::string_view name);
/// Time by kind, kinds in the order above, each there.
std::vector<OperatorCycles> kind_totals(const std::vector<OperatorCycles>& operators);
Json operators_json(const std::vector<OperatorCycles>& operators);
Json operator_kinds_json(const std::vector<OperatorCycles>& operators);

/// Adds times of equal names; new names go to the end.
void add_operators(std::vector<OperatorCycles>& total, const std::vector<OperatorCycles>& more);

}  // namespace superlane::experiment
