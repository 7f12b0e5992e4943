// SPDX-License-Identifier: Apache-2.0
// A lock-free flag: a signal handler may set it.
#include "base/interrupt.hpp"

#include <atomic>

namespace superlane {
namespace {

std::atomic<bool> requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

void request_interrupt(bool wanted) noexcept { requested.store(wanted, std::memory_order_relaxed); }

void check_interrupt() {
    if (requested.load(std::memory_order_relaxed)) [[unlikely]]
        throw Interrupted();
}

}  // namespace superlane
