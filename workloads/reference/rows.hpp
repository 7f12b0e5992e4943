// SPDX-License-Identifier: Apache-2.0
// Rows of the reference executor: a token of a request at a position, and what is shown of them to a probe.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace superlane::reference {

struct Row {
    int request, token;
    int64_t position;
};

/// Sees the values of all rows at a named point of a layer.
using Show = std::function<void(std::string_view name, const std::vector<float>& values)>;

}  // namespace superlane::reference
