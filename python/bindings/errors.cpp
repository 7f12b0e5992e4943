// SPDX-License-Identifier: Apache-2.0
// Exceptions of the libraries as those of superlane/errors.py.
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "python/bindings/bindings.hpp"

namespace superlane::python {
namespace {

void raise(const char* name, const std::exception& error) {
    const py::object type = py::module_::import("superlane.errors").attr(name);
    PyErr_SetString(type.ptr(), error.what());
}

void translate(std::exception_ptr thrown) {
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const CommandFailed& failed) {
        const py::object type = py::module_::import("superlane.errors").attr(failed.exception.c_str());
        const py::object error = type(failed.message);
        error.attr("output") = py::bytes(failed.output);
        error.attr("notes") = failed.notes;
        PyErr_SetObject(type.ptr(), error.ptr());
    } catch (const UserError& error) {
        raise("UserError", error);
    } catch (const InternalError& error) {
        raise("InternalError", error);
    } catch (const Interrupted&) {
        if (PyErr_CheckSignals() == 0) PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
}

}  // namespace

void bind_errors(py::module_&) { py::register_exception_translator(translate); }

}  // namespace superlane::python
