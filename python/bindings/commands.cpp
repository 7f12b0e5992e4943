// SPDX-License-Identifier: Apache-2.0
// Commands of the command line, run inside this process: what they print is caught, what they throw comes out.
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "cli/command_line.hpp"
#include "experiment/point.hpp"
#include "experiment/result.hpp"
#include "models/data_path.hpp"
#include "python/bindings/bindings.hpp"

namespace superlane::python {
namespace {

/// What a stream is given while this lives.
class Caught {
public:
    explicit Caught(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(bytes_.rdbuf())) {}
    ~Caught() { stream_.rdbuf(before_); }
    Caught(const Caught&) = delete;
    std::string text() const { return bytes_.str(); }

private:
    std::ostream& stream_;
    std::ostringstream bytes_;
    std::streambuf* before_;
};

py::tuple run_caught(const std::vector<std::string>& words) {
    std::string out, err;
    unlocked([&] {
        const Caught output(std::cout), errors(std::cerr);
        try {
            cli::run_command(words);
        } catch (const UserError& error) {
            throw CommandFailed{"UserError", error.what(), output.text(), errors.text()};
        } catch (const cli::NotMet& missed) {
            throw CommandFailed{"NotMetError", missed.what(), output.text(), errors.text()};
        }
        out = output.text();
        err = errors.text();
    });
    return py::make_tuple(py::bytes(out), py::str(err));
}

int run_loudly(const std::vector<std::string>& words) {
    return unlocked([&] { return cli::run_command_line(words); });
}

}  // namespace

void bind_commands(py::module_& module) {
    py::class_<cli::OptionRow>(module, "OptionRow", "An option of a command, as its help shows it.")
        .def_readonly("name", &cli::OptionRow::name)
        .def_readonly("type", &cli::OptionRow::type)
        .def_readonly("help", &cli::OptionRow::help)
        .def_readonly("default", &cli::OptionRow::default_value)
        .def_readonly("positional", &cli::OptionRow::positional)
        .def_readonly("required", &cli::OptionRow::required)
        .def_readonly("repeatable", &cli::OptionRow::repeatable);
    module.def("command_names", &cli::command_names, "Names of all commands.");
    module.def("command_summary", &cli::command_summary, py::arg("command"), "What a command does, in a line.");
    module.def("command_options", &cli::command_options, py::arg("command"), "Options of a command.");
    module.def("run_command", &run_caught, py::arg("words"),
               "Runs one command; returns what it wrote to standard output (bytes) and to standard error.");
    module.def("run_command_line", &run_loudly, py::arg("words"),
               "Runs one command as the program does, on the process's own streams; returns the exit code.");
    module.def(
        "axes", [] { return experiment::axes_json().dump(); }, "What a design point may set, as JSON.");
    module.def(
        "evaluate_point",
        [](const std::string& text, bool resolve) {
            return unlocked([&] { return experiment::evaluate_point(text, "point", resolve).dump(); });
        },
        py::arg("text"), py::arg("resolve"),
        "A line of `superlane evaluate`: a point as JSON in, what it comes to out.");
    module.def(
        "use_data_directory", [](const std::string& folder) { use_data_directory(folder); }, py::arg("folder"),
        "Where shipped chips, systems and models lie, unless SUPERLANE_DATA says otherwise.");
    module.def("full_version", &experiment::full_version, "Version, and digest of the sources that decide results.");
    module.attr("__version__") = experiment::version();
    module.attr("_knows_numpy_2") = PYBIND11_VERSION_HEX >= 0x020C0000;  // structured arrays of NumPy 2 came with 2.12
}

}  // namespace superlane::python
