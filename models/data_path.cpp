// SPDX-License-Identifier: Apache-2.0
// Finds the data directory; the environment wins over the place this was built from or is told.
#include "models/data_path.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.hpp"

namespace superlane {
namespace {

std::filesystem::path& shipped() {
    static std::filesystem::path directory = SUPERLANE_DATA_DIRECTORY;
    return directory;
}

}  // namespace

void use_data_directory(std::filesystem::path directory) { shipped() = std::move(directory); }

std::filesystem::path data_directory() {
    const char* chosen = std::getenv("SUPERLANE_DATA");
    if (chosen == nullptr || *chosen == '\0') return shipped();
    if (!std::filesystem::is_directory(chosen))
        throw user_error("SUPERLANE_DATA: '", chosen, "' is not a directory (expected one with llms/ and chips/)");
    return chosen;
}

std::filesystem::path data_path(std::string_view relative) { return data_directory() / relative; }

std::vector<std::string> data_names(std::string_view folder) {
    std::vector<std::string> names;
    std::error_code absent;  // a folder that is not there has no names
    for (const auto& entry : std::filesystem::directory_iterator(data_path(folder), absent))
        if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace superlane
