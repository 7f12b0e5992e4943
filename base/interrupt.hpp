// SPDX-License-Identifier: Apache-2.0
// Stops long work from outside: whoever hosts the libraries asks, and the loops that take long look now and then.
#pragma once

namespace superlane {

/// Thrown by check_interrupt(); neither a user's mistake nor a bug, so none of the usual exceptions.
struct Interrupted {};

/// Asks, or takes the wish back. Safe in a signal handler and from any thread.
void request_interrupt(bool wanted) noexcept;
/// Throws Interrupted when that was asked for. Cheap; for loops whose turns are long.
void check_interrupt();

}  // namespace superlane
