// SPDX-License-Identifier: Apache-2.0
// Rows of weight tensors as a chip stores them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "models/tensor.hpp"

namespace superlane::compiler {

/// Rows of several tensors one under the other, as fp16 bits or as int8 with a scale a row. A chip sees its own share:
/// its rows and columns by their numbers in the model, -1 for none.
class StackedRows {
public:
    StackedRows(std::vector<const Tensor*> tensors, bool half, std::vector<int> rows, std::vector<int> columns)
        : tensors_(std::move(tensors)), half_(half), rows_(std::move(rows)), columns_(std::move(columns)) {}

    /// Weight bits of a row; returns its scale (1 for fp16), that of the whole row of the model.
    float row(int own_row, std::vector<uint16_t>& out) {
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

private:
    float halves(const Tensor& tensor, int row) {
        bits_.resize(size_t(tensor.columns()));
        tensor.row_halves(row, bits_);
        return 1.0f;
    }
    float int8(const Tensor& tensor, int row) {
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

    std::vector<const Tensor*> tensors_;
    bool half_;
    std::vector<int> rows_, columns_;
    std::vector<float> values_;
    std::vector<uint16_t> bits_;
};

}  // namespace superlane::compiler
