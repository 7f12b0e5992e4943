// SPDX-License-Identifier: Apache-2.0
// One matrix product on one chip, with seeded operands, checked against a plain product.
#pragma once
#include <cstdint>
#include <string>

#include "experiment/result.hpp"
#include "experiment/usage.hpp"
#include "models/chip.hpp"

namespace superlane::experiment {

struct GemmOptions {
    int m = 1, k = 1, n = 1;  ///< Y[M, N] = X[M, K] W[N, K]^T
    std::string dtype = "int8";
    models::Chip chip;
    std::string engine = "fast";
    std::string scheduler = "list";
    bool timing_only = false;
    uint64_t seed = 1;
    std::string trace_file, vcd_file;  ///< empty = none
};

struct GemmResult {
    int64_t cycles = 0, last_tile_cycles = 0;
    int64_t useful_weight_bytes = 0, instruction_bytes = 0;
    bool checked = false;                ///< against the plain product; false when timing only
    double max_relative_difference = 0;  ///< fp16: against the largest |y|; int8 must be exact
    Usage usage;
    std::string digest;
    double wall_s = 0, compile_s = 0;

    double useful_weight_bytes_per_cycle() const { return double(useful_weight_bytes) / double(cycles); }
};

Json to_json(const GemmOptions& options);
/// From the `configuration` of a result file.
GemmOptions gemm_options(const nlohmann::json& result, const std::string& file);

/// UserError when the product does not fit; InternalError when compiler and simulator disagree or values are wrong.
GemmResult run_gemm(const GemmOptions& options);
Json result_json(const GemmOptions& options, const GemmResult& result, const std::vector<std::string>& command);

}  // namespace superlane::experiment
