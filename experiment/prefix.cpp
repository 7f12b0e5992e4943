// SPDX-License-Identifier: Apache-2.0
// Time of a prefix on the host's links.
#include "experiment/prefix.hpp"

#include "models/system.hpp"

namespace superlane::experiment {

PrefixFigures prefix_from_host(const models::System& host, const KvBytes& token, int64_t tokens, int requests) {
    const double count = double(tokens) * requests;
    PrefixFigures figures{tokens, int64_t(token.all * count), int64_t(token.fullest_chip * count)};
    figures.us = host.pcie_latency_us + double(figures.bytes_fullest_chip) / (host.pcie_gbytes_per_s * 1e3);
    return figures;
}

}  // namespace superlane::experiment
