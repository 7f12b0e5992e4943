// SPDX-License-Identifier: Apache-2.0
// Simulated results on disk, under the digest of all that they depend on: a run that was stopped goes on where it was,
// and processes share them.
#pragma once
#include <optional>
#include <string>

#include "experiment/result.hpp"

namespace superlane::experiment {

class PointCache {
public:
    /// "" = default_cache_directory(). UserError when the directory cannot be made or written to.
    explicit PointCache(const std::string& directory);

    /// What is kept under the digest; none when nothing is, or when it cannot be read.
    std::optional<nlohmann::json> find(const std::string& digest);
    /// Appears whole or not at all; whoever finds the same at the same time writes the same.
    void keep(const std::string& digest, const Json& value);

    int found() const { return found_; }
    int kept() const { return kept_; }

private:
    std::string file_of(const std::string& digest) const;

    std::string directory_;
    int found_ = 0, kept_ = 0;
};

/// $XDG_CACHE_HOME/superlane, else ~/.cache/superlane. UserError when neither is known.
std::string default_cache_directory();

}  // namespace superlane::experiment
