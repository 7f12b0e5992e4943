// SPDX-License-Identifier: Apache-2.0
// Weight rows as the host writes them: fp16 bits, or int8 with a scale a row.
#pragma once
#include <cstdint>
#include <vector>

#include "models/tensor.hpp"

namespace superlane::compiler {

/// Rows of several tensors one under the other. A chip sees its own share: its rows and columns by their numbers in
/// the model, -1 for none.
class StackedRows {
public:
    StackedRows(std::vector<const Tensor*> tensors, bool half, std::vector<int> rows, std::vector<int> columns)
        : tensors_(std::move(tensors)), half_(half), rows_(std::move(rows)), columns_(std::move(columns)) {}

    /// Weight bits of a row; returns its scale (1 for fp16), that of the whole row of the model.
    float row(int own_row, std::vector<uint16_t>& out);

private:
    float halves(const Tensor& tensor, int row);
    float int8(const Tensor& tensor, int row);

    std::vector<const Tensor*> tensors_;
    bool half_;
    std::vector<int> rows_, columns_;
    std::vector<float> values_;
    std::vector<uint16_t> bits_;
};

}  // namespace superlane::compiler
