// SPDX-License-Identifier: Apache-2.0
// Ctrl-C while the libraries work: Python's own handler only notes the signal, so ours asks the libraries to stop as
// well.
#include "base/interrupt.hpp"

#include <csignal>
#include <mutex>

#include "python/bindings/bindings.hpp"

namespace superlane::python {
namespace {

std::mutex one_at_a_time;
struct sigaction before;  // of our handler, while one is installed

void on_interrupt(int signal, siginfo_t* info, void* context) {
    request_interrupt(true);
    if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(signal, info, context);
    else
        before.sa_handler(signal);
}

bool has_handler(const struct sigaction& action) {
    return (action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

}  // namespace

Unlocked::Unlocked() {
    one_at_a_time.lock();
    request_interrupt(false);
    sigaction(SIGINT, nullptr, &before);
    if (!has_handler(before)) return;
    struct sigaction ours = {};
    ours.sa_sigaction = on_interrupt;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGINT, &ours, nullptr);
}

Unlocked::~Unlocked() {
    if (has_handler(before)) sigaction(SIGINT, &before, nullptr);
    request_interrupt(false);
    one_at_a_time.unlock();
}

}  // namespace superlane::python
