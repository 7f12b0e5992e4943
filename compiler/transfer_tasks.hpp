// SPDX-License-Identifier: Apache-2.0
// The tasks that collectives are made of: a vector onto a link, a vector from a link, rows added.
#pragma once
#include <vector>

#include "compiler/row_store.hpp"
#include "compiler/vector_task.hpp"

namespace superlane::compiler {

class TransferTasks {
public:
    explicit TransferTasks(const Problem& problem) : problem_(problem) {}

    /// Byte plane `byte` of a row onto a link; cycle 0 of the task is its Send.
    Task send(const RowPlace& place, int byte, int link);
    /// A vector from a link; cycle 0 is its Receive.
    Task receive(const RowPlace& place, int byte, int link);
    /// first + second + ..., each sum rounded to the type, to a place on the same side; cycle 0 is the first addition.
    Task add(DType type, const std::vector<RowPlace>& operands, const RowPlace& to) const;
    /// Rows that one task can add to another.
    static int operands(const models::Chip& chip, int width);

    /// The first cycle in which a reader sees what the task writes to the place.
    int settled(const Task& task, const RowPlace& place) const;
    /// Cycle in which the task reads the place.
    int reads(const Task& task, const RowPlace& place) const;

private:
    const Access& access(const Task& task, const RowPlace& place, bool write) const;
    static RowPlace plane(const RowPlace& place, int byte);

    const Problem& problem_;
    int sends_ = 0, receives_ = 0;
};

}  // namespace superlane::compiler
