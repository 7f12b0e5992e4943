// SPDX-License-Identifier: Apache-2.0
// A file a point, in folders by the first digits of its digest.
#include "experiment/point_cache.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "experiment/output_file.hpp"
#include "models/json_file.hpp"

namespace superlane::experiment {
namespace {

namespace fs = std::filesystem;

void make_directory(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (!error && access(directory.c_str(), W_OK) != 0) error = {errno, std::generic_category()};
    if (error)
        throw user_error("--cache ", directory.string(), ": cannot be written: ", error.message(),
                         "; name another directory for simulated step times");
}

}  // namespace

std::string default_cache_directory() {
    const auto of = [](const char* variable) -> fs::path {
        const char* value = std::getenv(variable);
        return value ? value : "";
    };
    const fs::path xdg = of("XDG_CACHE_HOME"), home = of("HOME");
    if (!xdg.empty()) return (xdg / "superlane").string();
    if (!home.empty()) return (home / ".cache" / "superlane").string();
    throw user_error("no place for simulated step times: neither XDG_CACHE_HOME nor HOME is set; give --cache DIR");
}

PointCache::PointCache(const std::string& directory)
    : directory_(directory.empty() ? default_cache_directory() : directory) {
    make_directory(directory_);
}

std::string PointCache::file_of(const std::string& digest) const {
    return (fs::path(directory_) / digest.substr(0, 2) / (digest + ".json")).string();
}

std::optional<nlohmann::json> PointCache::find(const std::string& digest) {
    const std::string file = file_of(digest);
    if (!fs::exists(file)) return std::nullopt;
    try {
        nlohmann::json value = read_json_file(file);
        ++found_;
        return value;
    } catch (const UserError&) {  // damaged: found anew and replaced
        return std::nullopt;
    }
}

void PointCache::keep(const std::string& digest, const Json& value) {
    const std::string file = file_of(digest);
    make_directory(fs::path(file).parent_path());
    OutputFile output(file);
    output.write(value.dump() + "\n");
    output.commit();
    ++kept_;
}

}  // namespace superlane::experiment
