// SPDX-License-Identifier: Apache-2.0
// A general matrix product on one chip: Y[M, N] = X[M, K] W[N, K]^T, int8 to int32 or fp16 to fp32.
#pragma once
#include "compiler/matrix.hpp"
#include "isa/program.hpp"

namespace superlane::compiler {

struct Gemm {
    isa::Program program;
    Image weights;                    ///< empty when built without values
    int64_t cycles = 0;               ///< scheduled, tile 0
    int64_t useful_weight_bytes = 0;  ///< N * K * bytes of an element
    int64_t instruction_bytes = 0;
    int rows = 0;
    int k_tiles = 0;                          ///< input vectors of a row, guest parts included
    bool held = false;                        ///< X is taken into the activation buffers once, many vectors a cycle
    std::vector<VectorRegion> x[2];           ///< by side: where the host puts X, see add_gemm_input
    std::vector<VectorRegion> y;              ///< one an output tile: row m, four bytes a lane
    std::vector<std::vector<int>> y_columns;  ///< by output tile and lane: column of Y
    std::vector<LaneMap> x_lanes;             ///< by input tile and lane: column of X
    std::vector<std::string> operations;
};

/// Compiles the product. `weight` (row n of W as bits) may be empty: then no image is made. UserError when it does not
/// fit.
Gemm compile_gemm(const models::Chip& chip, int m, int k, int n, bool half, const WeightRowSource& weight,
                  const std::string& scheduler = "list");

/// Adds row m of X (bits of its K elements) to what the host writes.
void add_gemm_input(const Gemm& gemm, int m, const std::vector<uint16_t>& elements, Image& image);

}  // namespace superlane::compiler
