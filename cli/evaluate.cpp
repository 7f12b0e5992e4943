// SPDX-License-Identifier: Apache-2.0
// `superlane evaluate`: design points in, a JSON object a line; what each comes to out, a line each, failures too.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "experiment/point.hpp"

namespace superlane::cli {
namespace {

struct Evaluate {
    std::string file = "-";
    bool resolve = false;

    void run() const {
        std::ifstream opened;
        if (file != "-") {
            opened.open(file);
            if (!opened) throw user_error(file, ": cannot be read");
        }
        std::istream& points = file == "-" ? std::cin : opened;
        std::string line;
        for (int number = 1; std::getline(points, line); ++number)
            std::cout << experiment::evaluate_point(line, file == "-" ? "point" : file + ":" + std::to_string(number),
                                                    resolve)
                             .dump()
                      << std::endl;
    }
};

}  // namespace

Action define_evaluate(CLI::App& app) {
    const auto command = std::make_shared<Evaluate>();
    app.add_option("FILE", command->file,
                   "JSON lines, each an object of axes (`superlane describe axes`); - is standard input")
        ->capture_default_str();
    app.add_flag("--resolve", command->resolve, "key and final values of each point alone, without running it");
    return [command] { command->run(); };
}

}  // namespace superlane::cli
