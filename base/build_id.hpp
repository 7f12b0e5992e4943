// SPDX-License-Identifier: Apache-2.0
// Which build of the program this is: what is kept on disk was found by just this code.
#pragma once
#include <string>

namespace superlane {

/// The linker's digest of the program or library that this function is part of, in hexadecimal; empty without one.
std::string build_id();

}  // namespace superlane
