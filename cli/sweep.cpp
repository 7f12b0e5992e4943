// SPDX-License-Identifier: Apache-2.0
// `superlane sweep`: becomes `python3 -m superlane.sweep`, the Python package installed or in the source folder.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "models/data_path.hpp"

namespace superlane::cli {
namespace {

/// An installed package comes first.
constexpr const char* start_sweep = R"(
import importlib.util, runpy, sys
source = sys.argv.pop(1)
if importlib.util.find_spec('superlane') is None:
    sys.path.append(source)
try:
    found = importlib.util.find_spec('superlane.sweep')
except ImportError:
    found = None
if found is None:
    print("superlane: sweep needs the Python package superlane: pip install . in the folder of its sources", file=sys.stderr)
    sys.exit(2)
runpy.run_module('superlane.sweep', run_name='__main__', alter_sys=True)
)";

void become_python(const std::vector<std::string>& arguments) {
    setenv("SUPERLANE_BINARY", std::filesystem::read_symlink("/proc/self/exe").c_str(), 0);
    const std::string source = (data_directory().parent_path() / "python").string();
    std::vector<const char*> words = {"python3", "-c", start_sweep, source.c_str()};
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    words.push_back(nullptr);
    execvp(words[0], const_cast<char* const*>(words.data()));
    throw user_error("sweep needs python3, which is not on PATH");
}

}  // namespace

Action define_sweep(CLI::App& app) {
    app.add_option("ARGUMENTS", "as `python3 -m superlane.sweep` takes them: SPEC.json, --workers, --results ...");
    app.set_help_flag();
    app.prefix_command();
    return [] { become_python({command_line().begin() + 1, command_line().end()}); };
}

}  // namespace superlane::cli
