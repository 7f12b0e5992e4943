// SPDX-License-Identifier: Apache-2.0
// Activations of FFNs, in the order of operations of docs/numerics.md.
#include "base/error.hpp"
#include "compiler/llama_step.hpp"
#include "compiler/vector_math.hpp"

namespace superlane::compiler {

/// 1 / (1 + exp(-factor * x)).
LlamaStep::Value LlamaStep::sigmoid(VectorTask& task, Value x, float factor) {
    if (factor != 1.0f) x = task.op(Opcode::Multiply, DType::F32, x, factor);
    const Value minus = task.op(Opcode::Exp, DType::F32, task.op(Opcode::Negate, DType::F32, x));
    return reciprocal(task, task.op(Opcode::Add, DType::F32, minus, 1.0f));
}

LlamaStep::Value LlamaStep::activate(VectorTask& task, Value x) {
    const auto multiply = [&](Value a, auto b) { return task.op(Opcode::Multiply, DType::F32, a, b); };
    switch (layout_.config.activation) {
        case Activation::silu:
            return multiply(sigmoid(task, x, 1.0f), x);
        case Activation::relu:
            return task.op(Opcode::Relu, DType::F32, x);
        case Activation::gelu_tanh: {
            const Value cube = multiply(multiply(x, x), x);
            const Value inner = multiply(task.op(Opcode::Add, DType::F32, multiply(cube, 0.044715f), x), 0.7978845608f);
            const Value tanh = task.op(Opcode::Tanh, DType::F32, inner);
            return multiply(task.op(Opcode::Add, DType::F32, tanh, 1.0f), multiply(x, 0.5f));
        }
        case Activation::clamped_swiglu: {
            const Value g = task.op(Opcode::Minimum, DType::F32, x, float(layout_.config.activation_limit));
            return multiply(sigmoid(task, g, clamped_swiglu_alpha), g);
        }
    }
    SUPERLANE_CHECK(false, int(layout_.config.activation));
    return x;
}

/// The input of the down projection: act(gate) * up.
LlamaStep::Value LlamaStep::gated(VectorTask& task, Value gate, Value up) {
    if (layout_.config.activation == Activation::clamped_swiglu) {
        up = clamped(task, up, float(layout_.config.activation_limit));
        up = task.op(Opcode::Add, DType::F32, up, 1.0f);
    }
    return task.op(Opcode::Multiply, DType::F32, activate(task, gate), up);
}

LlamaStep::Value LlamaStep::clamped(VectorTask& task, Value value, float limit) {
    if (limit == 0.0f) return value;
    return task.op(Opcode::Maximum, DType::F32, task.op(Opcode::Minimum, DType::F32, value, limit), -limit);
}

}  // namespace superlane::compiler
