// SPDX-License-Identifier: Apache-2.0
// The table that ends a decode.
#pragma once
#include "experiment/decode.hpp"

namespace superlane::cli {

void print_decode(const experiment::DecodeOptions& options, const experiment::DecodeResult& result);

}  // namespace superlane::cli
