// SPDX-License-Identifier: Apache-2.0
// What the files of the extension module share: their parts of the module, and calls that leave Python alone.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>

#include "isa/geometry.hpp"

namespace superlane::python {

namespace py = pybind11;

void bind_errors(py::module_& module);
void bind_commands(py::module_& module);
void bind_models(py::module_& module);
void bind_programs(py::module_& module);
void bind_machine(py::module_& module);

/// "mem.e.3"; UserError for others.
isa::Queue mem_slice(const isa::Geometry& geometry, const std::string& name);

/// A command that failed: the exception of superlane/errors.py, and what the command printed before.
struct CommandFailed {
    std::string exception, message, output, notes;
};

/// While one lives, other Python threads run, and Ctrl-C asks the libraries to stop.
class Unlocked {
public:
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;

private:
    py::gil_scoped_release release_;
};

/// Work that takes long and touches nothing of Python.
template <class Work>
auto unlocked(Work&& work) {
    const Unlocked scope;
    return std::forward<Work>(work)();
}

}  // namespace superlane::python
