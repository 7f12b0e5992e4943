// SPDX-License-Identifier: Apache-2.0
// What the files of the extension module share: their parts of the module, and calls that leave Python alone.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// What a buffer of Python holds, where it lies; UserError headed by `where` when it has gaps.
std::span<const uint8_t> bytes_of(const py::buffer_info& info, const std::string& where);

/// Elements that C++ made, handed to NumPy without a copy.
template <class Element>
py::array_t<Element> owned(std::vector<Element>&& values, std::vector<py::ssize_t> shape) {
    auto kept = std::make_unique<std::vector<Element>>(std::move(values));
    const Element* first = kept->data();
    const py::capsule owner(kept.release(), [](void* pointer) { delete static_cast<std::vector<Element>*>(pointer); });
    return py::array_t<Element>(std::move(shape), first, owner);
}

/// A command that failed: the exception of superlane/errors.py, and what the command printed before.
struct CommandFailed {
    std::string exception, message, output, notes;
};

/// While one lives, other Python threads run, and Ctrl-C asks the libraries to stop. One at a time lives in a process:
/// commands share the standard streams, and simulations SystemC.
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
