// SPDX-License-Identifier: Apache-2.0
// Collectives over the chips of a system: compiled, simulated, values checked, time beside formula and bound.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/collective.hpp"
#include "experiment/link_load.hpp"

namespace superlane::experiment {

struct CollectiveRun {
    models::System system;
    compiler::CollectiveOptions options;  ///< bytes: of the size at hand
    std::vector<int64_t> sizes;
    std::string engine = "fast";
    bool timing_only = false;
    bool share = true;  ///< timing only: chips with the same program are simulated once
    int threads = 1;
    uint64_t seed = 1;
};

/// One size. Rates as nccl-tests define them: algorithm bandwidth is size by time; bus bandwidth that times 2(n-1)/n
/// for all-reduce, (n-1)/n for all-gather and reduce-scatter, 1 otherwise: the rate of the busiest links if all were
/// alike.
struct CollectivePoint {
    int64_t bytes = 0;
    std::string algorithm;
    int64_t cycles = 0, estimate_cycles = 0, bound_cycles = 0;
    double us = 0, algorithm_gbytes_per_s = 0, bus_gbytes_per_s = 0, peak_gbytes_per_s = 0;
    double link_utilisation = 0;  ///< cycles in which links carry, mean over the links of all chips that take part
    double busiest_link_utilisation = 0;
    int64_t c2c_bytes = 0;
    std::vector<LinkLoad> links;
    int paths = 0;  ///< trees that share the rows
    int slack_cycles = 0, distinct_programs = 0, deepest_fifo = 0;
    int64_t instruction_bytes = 0;
    bool checked = false;  ///< every row of every chip against the plain sum in the same order; false when timing only
    std::string digest;
    double compile_s = 0, wall_s = 0;

    double share_of_peak() const { return bus_gbytes_per_s / peak_gbytes_per_s; }
};

/// UserError as compile_collective; InternalError when the simulator finds hazards, other cycles or wrong values.
CollectivePoint run_collective(const CollectiveRun& run, int64_t bytes);

/// "32K", "1M", "512" as bytes (K = 1024); UserError that names the option.
int64_t parse_size(const std::string& option, const std::string& text);
/// "1K:1M": powers of two from the first to the last; "4K,32K": these.
std::vector<int64_t> parse_sizes(const std::string& option, const std::string& text);

Json result_json(const CollectiveRun& run, const std::vector<CollectivePoint>& points,
                 const std::vector<std::string>& command);

}  // namespace superlane::experiment
