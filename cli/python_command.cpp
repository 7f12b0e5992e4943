// SPDX-License-Identifier: Apache-2.0
// Becomes Python. In a build folder the package lies beside the program.
#include "cli/python_command.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"

namespace superlane::cli {
namespace {

constexpr const char* start = R"(import sys
try:
    from superlane.__main__ import main
except ImportError as error:
    print(f"superlane: {sys.argv[1]} needs the Python package superlane (`pip install .` in its source folder): {error}", file=sys.stderr)
    sys.exit(2)
sys.exit(main(sys.argv[1:])))";

/// The package of the program's own build comes first, if there is one.
void prefer_own_build() {
    std::error_code none;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", none);
    const auto folder = program.parent_path() / "python";
    if (none || !std::filesystem::exists(folder / "superlane", none)) return;
    const char* others = std::getenv("PYTHONPATH");
    const std::string path = folder.string() + (others && *others ? std::string(":") + others : "");
    setenv("PYTHONPATH", path.c_str(), 1);
}

}  // namespace

int run_python_command(const std::vector<std::string>& words) {
    prefer_own_build();
    const char* chosen = std::getenv("SUPERLANE_PYTHON");
    const std::string python = chosen && *chosen ? chosen : SUPERLANE_PYTHON_PROGRAM;
    std::vector<std::string> line = {python, "-c", start};
    line.insert(line.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : line) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execvp(python.c_str(), arguments.data());
    throw user_error(words[0], " is a command of the Python package, and '", python,
                     "' cannot be run; SUPERLANE_PYTHON can name another");
}

}  // namespace superlane::cli
