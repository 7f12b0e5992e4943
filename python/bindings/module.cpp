// SPDX-License-Identifier: Apache-2.0
// The extension module superlane._core.
#include "python/bindings/bindings.hpp"

PYBIND11_MODULE(_core, module) {
    using namespace superlane::python;
    module.doc() = "The simulator, compiler and command line of Superlane.";
    bind_errors(module);
    bind_commands(module);
    bind_models(module);
    bind_programs(module);
    bind_machine(module);
}
