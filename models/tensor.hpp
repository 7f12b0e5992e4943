// SPDX-License-Identifier: Apache-2.0
// A named view of weights in fp32, fp16 or bf16, converted row by row so that large checkpoints are never copied whole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace superlane {

enum class Dtype { f32, f16, bf16 };

const char* dtype_name(Dtype dtype);  ///< as in safetensors: "F32", "F16", "BF16"
int dtype_bytes(Dtype dtype);

/// Does not own its bytes (little-endian, any alignment). A one-dimensional tensor is one row. With strides it is a
/// view into a larger one, and its bytes hold elements of others between its own.
struct Tensor {
    std::string name;
    Dtype dtype = Dtype::f32;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    int64_t row_stride = 0;     ///< elements from row to row; 0 = columns()
    int64_t column_stride = 1;  ///< elements from column to column

    bool contiguous() const { return column_stride == 1 && (row_stride == 0 || row_stride == columns()); }
    bool empty() const { return shape.empty(); }  ///< an absent tensor (a bias the model does not have)
    int64_t rows() const { return shape.size() < 2 ? 1 : shape[0]; }
    int64_t columns() const { return shape.empty() ? 0 : shape.back(); }
    float at(int64_t row, int64_t column) const;
    /// Fills out[0, columns()) with one row as float (exact).
    void row(int64_t row, std::span<float> out) const;
    /// One row rounded to fp16 bits (nearest even). UserError when a value is not finite in fp16.
    void row_halves(int64_t row, std::span<uint16_t> out) const;
    std::vector<float> floats() const;     ///< all rows, row-major
    std::vector<uint16_t> halves() const;  ///< all rows, row-major; errors as row_halves
};

/// "[4096, 11008]"
std::string shape_text(const std::vector<int64_t>& shape);

}  // namespace superlane
