// SPDX-License-Identifier: Apache-2.0
// Temporary names, and the table of them that a signal handler may walk.
#include "experiment/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"

namespace superlane::experiment {
namespace {

namespace fs = std::filesystem;

// A fixed table of plain characters: a signal handler must not allocate or take locks.
constexpr int slots = 8;
constexpr size_t longest_path = 4096;
char names[slots][longest_path];
std::atomic<bool> used[slots];

int enlist(const std::string& name) {
    if (name.size() >= longest_path) return -1;
    for (int slot = 0; slot < slots; ++slot)
        if (!used[slot].load()) {
            std::memcpy(names[slot], name.c_str(), name.size() + 1);
            used[slot].store(true);
            return slot;
        }
    return -1;
}

/// A device or pipe is written directly: renaming a file over it would replace it.
bool is_special(const std::string& path) {
    std::error_code absent;
    const fs::file_status status = fs::status(path, absent);
    return fs::exists(status) && !fs::is_regular_file(status);
}

/// Beside the file, its extension kept: some writers insist on theirs.
std::string temporary_name(const std::string& path) {
    const fs::path name(path);
    return (name.parent_path() /
            (name.stem().string() + ".part" + std::to_string(getpid()) + name.extension().string()))
        .string();
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)), temporary_(path_) {
    if (path_.empty()) throw user_error("an output file needs a name");
    if (std::error_code error; fs::is_directory(path_, error))
        throw user_error(path_, ": cannot be written: it is a directory");
    if (!is_special(path_)) temporary_ = temporary_name(path_);
    const int file = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) throw user_error(path_, ": cannot be written: ", std::strerror(errno));
    close(file);
    if (temporary_ != path_) slot_ = enlist(temporary_);
}

OutputFile::~OutputFile() {
    if (!done_ && temporary_ != path_) unlink(temporary_.c_str());
    if (slot_ >= 0) used[slot_].store(false);
}

void OutputFile::write(std::string_view bytes) {
    std::ofstream file(temporary_, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), std::streamsize(bytes.size()));
    if (!file.flush()) throw user_error(path_, ": cannot be written: ", std::strerror(errno));
}

void OutputFile::commit() {
    std::error_code error;
    if (temporary_ != path_) fs::rename(temporary_, path_, error);
    if (error) throw user_error(path_, ": cannot be written: ", error.message());
    done_ = true;
}

void remove_temporary_files() noexcept {
    for (int slot = 0; slot < slots; ++slot)
        if (used[slot].load()) unlink(names[slot]);
}

}  // namespace superlane::experiment
