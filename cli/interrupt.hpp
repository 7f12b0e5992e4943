// SPDX-License-Identifier: Apache-2.0
// Ctrl-C: leaves at once with exit code 130, and leaves no half-written file.
#pragma once

namespace superlane::cli {

void handle_interrupt();

}  // namespace superlane::cli
