// SPDX-License-Identifier: Apache-2.0
// Keys and values of a cached prefix, brought from host memory before a decode.
#pragma once
#include <cstdint>

namespace superlane::models {
struct System;
}

namespace superlane::experiment {

/// Bytes of keys and values that a token takes, without padding.
struct KvBytes {
    double all = 0;           ///< on all chips
    double fullest_chip = 0;  ///< on the chip with most of them
};

struct PrefixFigures {
    int64_t tokens = 0;  ///< of each request
    int64_t bytes = 0;   ///< of all requests and chips
    int64_t bytes_fullest_chip = 0;
    double us = 0;
};

/// Every chip has a host link of its own, and all carry at once: host.latency_us, and the bytes of the fullest chip at
/// host.gbytes_per_s.
PrefixFigures prefix_from_host(const models::System& host, const KvBytes& token, int64_t tokens, int requests);

}  // namespace superlane::experiment
