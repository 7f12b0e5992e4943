// SPDX-License-Identifier: Apache-2.0
// Where the shipped descriptions lie (llms/*.json, chips/*.json): SUPERLANE_DATA, a place that a package says, or the
// source folder `models`.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace superlane {

/// Instead of the source folder, for programs that carry the descriptions with them. Before anything is looked up.
void use_data_directory(std::filesystem::path directory);
/// The data directory. UserError when the environment's SUPERLANE_DATA is not a directory.
std::filesystem::path data_directory();
/// data_directory() / relative; the file may not exist.
std::filesystem::path data_path(std::string_view relative);
/// Names (without ".json") of the files in a folder of the data directory, sorted.
std::vector<std::string> data_names(std::string_view folder);

}  // namespace superlane
