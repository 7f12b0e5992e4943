// SPDX-License-Identifier: Apache-2.0
// A file of results that appears whole or not at all: written under a temporary name beside it, then renamed.
#pragma once
#include <string>
#include <string_view>

namespace superlane::experiment {

class OutputFile {
public:
    /// Opens early, so that an unwritable place is found before a long run. UserError when it cannot be created.
    explicit OutputFile(std::string path);
    ~OutputFile();  ///< removes what was not committed
    OutputFile(OutputFile&&) = delete;

    const std::string& path() const { return path_; }
    /// Where to write: for writers that open the file by name.
    const std::string& temporary() const { return temporary_; }
    /// Replaces what was written so far. UserError when the disk does not take it.
    void write(std::string_view bytes);
    /// Gives the file its name.
    void commit();

private:
    std::string path_, temporary_;
    int slot_ = -1;
    bool done_ = false;
};

/// Removes every temporary file of this process. Safe in a signal handler.
void remove_temporary_files() noexcept;

}  // namespace superlane::experiment
