// SPDX-License-Identifier: Apache-2.0
// A handler of async-signal-safe calls only: a step of a large model may take seconds, so that a flag would be seen too
// late.
#include "cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>

#include "experiment/output_file.hpp"

namespace superlane::cli {
namespace {

void leave(int signal) {
    experiment::remove_temporary_files();
    constexpr char message[] = "\nsuperlane: interrupted; no file was written\n";
    const auto ignored = write(STDERR_FILENO, message, sizeof message - 1);
    (void)ignored;
    _exit(128 + signal);
}

}  // namespace

void handle_interrupt() {
    std::signal(SIGINT, leave);
    std::signal(SIGTERM, leave);
}

}  // namespace superlane::cli
