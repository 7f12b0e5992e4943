// SPDX-License-Identifier: Apache-2.0
// `superlane evaluate`: design points in, a JSON object a line; what each comes to out, a line each, failures too.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "experiment/point.hpp"
#include "models/json_file.hpp"

namespace superlane::cli {
namespace {

using experiment::Json;

struct Evaluate {
    std::string file = "-";
    bool resolve = false;

    Json evaluate(const std::string& line, const std::string& where) const {
        try {
            const experiment::Point point = experiment::parse_point(parse_json(line, where), where);
            const Json resolved = experiment::resolved_json(point);
            Json json = {{"key", experiment::point_key(resolved)}, {"point", resolved}};
            if (!resolve) json["metrics"] = experiment::point_metrics(point);
            return json;
        } catch (const UserError& error) {
            return {{"error", error.what()}};
        } catch (const InternalError& error) {
            return {{"error", std::string("internal error: ") + error.what()}};
        }
    }

    void run() const {
        std::ifstream opened;
        if (file != "-") {
            opened.open(file);
            if (!opened) throw user_error(file, ": cannot be read");
        }
        std::istream& points = file == "-" ? std::cin : opened;
        std::string line;
        for (int number = 1; std::getline(points, line); ++number)
            std::cout << evaluate(line, file == "-" ? "point" : file + ":" + std::to_string(number)).dump()
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
