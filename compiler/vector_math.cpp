// SPDX-License-Identifier: Apache-2.0
// Reciprocals by way of Rsqrt: the VXM has no division.
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

using Value = VectorTask::Value;

Value reciprocal(VectorTask& task, Value x) {
    const Value root = task.op(Opcode::Rsqrt, DType::F32, x);
    return task.op(Opcode::Multiply, DType::F32, root, root);
}

Value inverse_rms(VectorTask& task, Value sum_of_squares, int elements, double eps) {
    const Value mean = task.op(Opcode::Multiply, DType::F32, sum_of_squares, 1.0f / float(elements));
    return task.op(Opcode::Rsqrt, DType::F32, task.op(Opcode::Add, DType::F32, mean, float(eps)));
}

Value int8_factor(VectorTask& task, Value largest) {
    constexpr float tiny = 1e-30f;
    return task.op(Opcode::Multiply, DType::F32, reciprocal(task, task.op(Opcode::Maximum, DType::F32, largest, tiny)),
                   127.0f);
}

}  // namespace superlane::compiler
