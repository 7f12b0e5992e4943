// SPDX-License-Identifier: Apache-2.0
// Rounding of weights to what the array holds (docs/numerics.md).
#include "compiler/weight_rows.hpp"

#include <algorithm>
#include <cmath>

namespace superlane::compiler {

float StackedRows::row(int own_row, std::vector<uint16_t>& out) {
    out.assign(columns_.size(), 0);
    int row = rows_[size_t(own_row)];
    if (row < 0) return 1.0f;
    size_t t = 0;
    while (row >= tensors_[t]->rows()) row -= int(tensors_[t++]->rows());
    const float scale = half_ ? halves(*tensors_[t], row) : int8(*tensors_[t], row);
    for (size_t i = 0; i < out.size(); ++i)
        if (columns_[i] >= 0) out[i] = bits_[size_t(columns_[i])];
    return scale;
}

float StackedRows::halves(const Tensor& tensor, int row) {
    bits_.resize(size_t(tensor.columns()));
    tensor.row_halves(row, bits_);
    return 1.0f;
}

float StackedRows::int8(const Tensor& tensor, int row) {
    bits_.resize(size_t(tensor.columns()));
    values_.resize(bits_.size());
    tensor.row(row, values_);
    float top = 0;
    for (const float value : values_) top = std::max(top, std::fabs(value));
    const float scale = top / 127.0f;
    for (size_t i = 0; i < bits_.size(); ++i)
        bits_[i] = scale == 0 ? 0 : uint8_t(int8_t(std::nearbyint(values_[i] / scale)));
    return scale;
}

}  // namespace superlane::compiler
