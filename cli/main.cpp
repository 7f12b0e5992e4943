// SPDX-License-Identifier: Apache-2.0
// The program `superlane`.
#include "cli/command_line.hpp"
#include "cli/interrupt.hpp"

int main(int count, char** values) {
    superlane::cli::handle_interrupt();
    return superlane::cli::run_command_line({values + 1, values + count});
}
